"""The Debian packages of an image for its bill of materials: their sources, licences and what is built into them.

Licences are those that a machine-readable copyright file names (https://www.debian.org/doc/packaging-manuals/
copyright-format/1.0/); of an older file, those of Debian's common licences that it refers to.
"""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

Component = dict[str, Any]

SPDX = {  # Debian's short name in lower case -> SPDX's
    "0bsd": "0BSD",
    "apache-2": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-1": "Artistic-1.0-Perl",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "bsl-1.0": "BSL-1.0",
    "cc-by-3.0": "CC-BY-3.0",
    "cc0-1.0": "CC0-1.0",
    "curl": "curl",
    "expat": "MIT",
    "fsfap": "FSFAP",
    "fsful": "FSFUL",
    "fsfullr": "FSFULLR",
    "gfdl-1.2": "GFDL-1.2-only",
    "gfdl-1.2+": "GFDL-1.2-or-later",
    "gfdl-1.3": "GFDL-1.3-only",
    "gfdl-1.3+": "GFDL-1.3-or-later",
    "gpl-1+": "GPL-1.0-or-later",
    "gpl-2": "GPL-2.0-only",
    "gpl-2.0-only": "GPL-2.0-only",
    "gpl-2+": "GPL-2.0-or-later",
    "gpl-3": "GPL-3.0-only",
    "gpl-3+": "GPL-3.0-or-later",
    "isc": "ISC",
    "lgpl-2": "LGPL-2.0-only",
    "lgpl-2+": "LGPL-2.0-or-later",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-2.1+": "LGPL-2.1-or-later",
    "lgpl-3": "LGPL-3.0-only",
    "lgpl-3+": "LGPL-3.0-or-later",
    "mit": "MIT",
    "mpl-2.0": "MPL-2.0",
    "oldap-2.8": "OLDAP-2.8",
    "openldap-2.8": "OLDAP-2.8",
    "unicode-dfs-2016": "Unicode-DFS-2016",
    "x11": "X11",
    "zlib": "Zlib",
}
GO_NAMES = {"golang-go.crypto": "golang.org/x/crypto"}  # named before Debian had a rule for it
GO_PATH = re.compile(rb"(?:github\.com/[\w-]+/[\w-]+|golang\.org/x/\w+|gopkg\.in/(?:[\w-]+/)?[\w-]+\.v\d+)(?:/v\d+)?")


def packages(trees: Iterable[Path], hashes: Mapping[str, str]) -> Iterator[Component]:
    """Give the operating system, the packages that the trees were unpacked from, and what was built into them."""
    trees = list(trees)
    release = _release(trees)
    yield {"type": "operating-system", "bom-ref": f"debian@{release}", "name": "debian", "version": release}
    for tree in trees:
        for record in sorted((tree / "var/lib/dpkg/status.d").glob("*")):
            fields = email.parser.HeaderParser().parsestr(record.read_text(encoding="utf-8"))
            yield _package(fields, release, trees, hashes)
            if fields.get("Built-Using", "").startswith("golang-"):
                yield from _go_modules(fields, tree)


def _release(trees: Iterable[Path]) -> str:
    for tree in trees:
        if (tree / "usr/lib/os-release").is_file():
            text = (tree / "usr/lib/os-release").read_text(encoding="utf-8")
            return str(re.findall(r'^VERSION_ID="(.*)"$', text, re.MULTILINE)[0])
    raise LookupError("no layer says which release of Debian it is")


def _package(fields: Message, release: str, trees: Iterable[Path], hashes: Mapping[str, str]) -> Component:
    name, version, architecture = (fields[field] for field in ("Package", "Version", "Architecture"))
    source, source_version = _source(fields)
    upstream = source if source_version == version else f"{source}@{source_version}"
    qualifiers = f"arch={architecture}&distro=debian-{release}&upstream={quote(upstream, safe='.:~')}"
    place = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='.:~')}?{qualifiers}"
    copyright_file = Path("usr/share/doc") / name / "copyright"
    text = next((found for tree in trees if (found := _text(tree, copyright_file))), "")
    return {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": version,
        "purl": place,
        "supplier": {"name": fields["Maintainer"]},
        "hashes": [{"alg": "SHA-256", "content": hashes[name]}],
        "licenses": _licenses(text),
        "properties": [
            {"name": "debian:copyright", "value": f"/{copyright_file}"},
            {"name": "debian:source", "value": source},
            {"name": "debian:source-version", "value": source_version},
        ],
    }


def _source(fields: Message) -> tuple[str, str]:
    source, _, version = fields.get("Source", fields["Package"]).partition(" ")
    return source, version.strip("()") or fields["Version"]


def _text(tree: Path, file: Path) -> str:
    folder = tree / file.parent
    if folder.is_symlink():  # packages of one source share a folder, by a link to a neighbour
        folder = folder.parent / folder.readlink().name
    path = folder / file.name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def licences(copyright_text: str) -> list[str]:
    """Give the short names of the licences that a copyright file tells of, as Debian writes them."""
    if copyright_text.startswith("Format"):
        found = re.findall(r"^License: *([A-Za-z0-9][^,\n]{0,60})$", copyright_text, re.MULTILINE)
        names = [name for line in found for name in line.split(" and ")]
    else:
        names = [name.rstrip(".") for name in re.findall(r"/common-licenses/([\w.+-]+)", copyright_text)]
    return sorted({name.strip() for name in names if name.count(" ") <= 4})  # noqa: PLR2004 - more is prose, no name


def _licenses(copyright_text: str) -> list[Component]:
    known = {SPDX.get(short.lower(), short): short.lower() in SPDX for short in licences(copyright_text)}
    return [{"license": {"id" if spdx else "name": name}} for name, spdx in sorted(known.items())]


def _go_modules(fields: Message, tree: Path) -> Iterator[Component]:
    """Give what a Go program was built of: Debian notes the source packages, the program holds the modules' paths."""
    program = (tree / "usr/bin" / fields["Package"]).read_bytes()
    paths = {_debian_name(path): path for path in sorted(map(bytes.decode, set(GO_PATH.findall(program))))} | GO_NAMES
    for name, version in re.findall(r"([\w.+-]+) \(= ([^)]+)\)", fields["Built-Using"]):
        upstream = re.sub(r"^\d+:|[+~]dfsg.*|-[^-]+$", "", version)
        compiler = re.fullmatch(r"golang-\d+\.\d+", name)
        module = "stdlib" if compiler else paths.get(name, name)
        place = f"pkg:golang/{module}@{'' if compiler else 'v'}{quote(_go_version(upstream), safe='.:~')}"
        yield {
            "type": "library",
            "bom-ref": place,
            "name": module,
            "version": upstream,
            "purl": place,
            "properties": [
                {"name": "debian:built-into", "value": fields["Package"]},
                {"name": "debian:source", "value": name},
                {"name": "debian:source-version", "value": version},
            ],
        }


def _debian_name(path: str) -> str:
    """Give the name of Debian's source package of a Go module (https://go-team.pages.debian.net/packaging.html)."""
    host, _, rest = re.sub(r"/v\d+$", "", path).partition("/")
    return f"golang-{host.partition('.')[0]}-{rest}".replace("/", "-").replace("_", "-").lower()


def _go_version(upstream: str) -> str:
    """Give a version as Go writes it; of a commit without a release, Debian keeps its day and the first digits."""
    commit = re.fullmatch(r"([\d.]+)~git(\d{8})(?:\.\d+)?[.-](\w+)", upstream)
    if not commit:
        return upstream
    before = "0.0.0-" if commit[1] == "0.0" else f"{commit[1]}-0."
    return f"{before}{commit[2]}000000-{commit[3]}"
