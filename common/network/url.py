"""URLs and host names from inputs, checked, and the parts of a URL that may be shown: no credentials, no query."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse

from common.errors import BadInput

LONGEST_HOST = 253  # characters, without a dot at the end; a label has 63 at most (RFC 1035, 2.3.4)
LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"  # hosts of containers have _, which browsers and curl take too
HIGHEST_PORT = 65_535
SHOWN = 200


def checked(url: str, *, what: str, next_step: str) -> urllib.parse.SplitResult:
    """Split an http or https URL. Raises BadInput for anything else, naming the input as `what`, never its password."""
    try:
        parts = urllib.parse.urlsplit(url)
        fault = _fault(url, parts)
    except ValueError:  # brackets that do not close, a port that is no number
        fault = "its host or its port cannot be read"
    if fault:
        shown = re.sub(r"(?<=//)[^/]*@", "", url)
        raise BadInput(f"{what} is {shown[:SHOWN]!r}, which is no http or https URL: {fault}.", next_step=next_step)
    return parts


def _fault(url: str, parts: urllib.parse.SplitResult) -> str:
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it holds a blank or a control character"
    if parts.scheme not in ("http", "https"):
        return "it does not begin with http:// or https://"
    if parts.port == 0 or parts.netloc.endswith(":"):
        return f"a port is a number from 1 to {HIGHEST_PORT}"
    place = parts.netloc.rpartition("@")[2]
    if "]" in place and not re.search(r"\](:\d+)?$", place):  # Python leaves out what follows the bracket
        return f"{place[:SHOWN]!r} is no host"
    return _host_fault(parts.hostname or "", bracketed=place.startswith("["))


def _host_fault(host: str, *, bracketed: bool = False) -> str:
    """Say what is wrong with the name or address of a host, as the end of a sentence; nothing when it is one."""
    if not host:
        return "it has no host"
    if bracketed or ":" in host:
        return "" if ":" in host and _is_address(host) else f"{host[:SHOWN]!r} is no IPv6 address in brackets"
    if not host.isascii():
        return f"{host[:SHOWN]!r} is no name in ASCII; a name with other letters has a form that begins with xn--"
    labels = host.removesuffix(".").split(".")
    if len(host.removesuffix(".")) > LONGEST_HOST or not all(re.fullmatch(LABEL, label) for label in labels):
        return f"{host[:SHOWN]!r} is no host name"
    if labels[-1].isdigit() and not _is_address(host):  # a name does not end in a number (RFC 1123, 2.1)
        return f"{host[:SHOWN]!r} is no IPv4 address"
    return ""


def host_and_port(host: str, port: str, *, names: tuple[str, str], next_step: str) -> str:
    """Give host[:port] as it stands in a URL: in lower case, an IPv6 address in brackets.

    `names` are the variables of the two. Raises BadInput that tells which of them is wrong, and how.
    """
    if "/" in host or "@" in host:
        shown = host.rpartition("@")[2][:SHOWN]
        raise BadInput(f"{names[0]} is {shown!r}, which is more than the name of a host.", next_step=next_step)
    address = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    own_port = re.search(r":([^:\]]*)$", address)
    name = address[: own_port.start()] if own_port else address
    number = port or (own_port[1] if own_port else "")
    if own_port and own_port[1] != number:
        raise BadInput(
            f"{names[0]} is {host[:SHOWN]!r}, and {names[1]} is another port, {port[:SHOWN]!r}.", next_step=next_step
        )
    bracketed = name.startswith("[") and name.endswith("]")
    if fault := _host_fault(name[1:-1] if bracketed else name, bracketed=bracketed):
        raise BadInput(f"{names[0]} is {host[:SHOWN]!r}, which names no host: {fault}.", next_step=next_step)
    if number and not (re.fullmatch("[0-9]{1,5}", number) and 0 < int(number) <= HIGHEST_PORT):
        raise BadInput(
            f"{names[1]} is {number[:SHOWN]!r}, which is no port: a number from 1 to {HIGHEST_PORT}.",
            next_step=next_step,
        )
    return f"{name.lower()}:{int(number)}" if number else name.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def origin(url: str) -> str:
    """Give scheme://host[:port] of a URL."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def path_of(url: str) -> str:
    """Give the path of a URL."""
    return urllib.parse.urlsplit(url).path


def without_credentials(url: str) -> str:
    """Give the URL without a user name and password."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
