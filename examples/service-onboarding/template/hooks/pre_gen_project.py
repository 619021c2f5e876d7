"""Refuse values that would give a project which cannot be built, pushed or registered."""

import json
import keyword
import re
import sys

VARIABLES = json.loads(r"""{{ cookiecutter | tojson }}""")

TAKEN = {*sys.stdlib_module_names, "flask", "gunicorn", "tests"}


def app_name_fault(name):
    """A repository, an image, a catalog entity and a DNS label may all be called so."""
    if name == "null":
        return "that is what an unresolved expression leaves; give the name of the service"
    if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) and len(name) <= 63:
        return None
    suggestion = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:63].strip("-")
    return (
        "use 1 to 63 lower-case letters, digits and single hyphens, beginning with a letter"
        f", as in {suggestion or 'my-service'!r}"
    )


def description_fault(text):
    if text.strip() and text.isprintable():
        return None
    return "write one line of text"


def owner_fault(text):
    if re.fullmatch(r"([A-Za-z]+:)?([a-z0-9-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text):
        return None
    return "write [kind:][namespace/]name, as in platform or group:default/platform"


def port_fault(text):
    if re.fullmatch(r"[1-9][0-9]{3,4}", text) and 1024 <= int(text) <= 65535:
        return None
    return "write a port from 1024 to 65535; the service runs without root"


def package_name_fault(name):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        return "use lower-case letters, digits and underscores, beginning with a letter"
    if name in TAKEN:
        return f"that name is taken by another module; use {name + '_service'!r}"
    return None


CHECKS = {
    "app_name": app_name_fault,
    "description": description_fault,
    "owner": owner_fault,
    "port": port_fault,
    "package_name": package_name_fault,
}


def main():
    faults = {name: check(str(VARIABLES[name])) for name, check in CHECKS.items()}
    if faults["app_name"]:
        del faults["package_name"]  # it is made from the name, so its fault would say the same again
    told = [f"{name} is {VARIABLES[name]!r}: {fault}." for name, fault in faults.items() if fault]
    for line in told:
        print(line, file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
