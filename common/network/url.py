"""URLs from inputs, checked, and the parts of one that may be shown: never its credentials, never its query."""

from __future__ import annotations

import re
import urllib.parse

from common.errors import BadInput

HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name or an address; an IPv6 one without its brackets


def checked(url: str, *, what: str, next_step: str) -> urllib.parse.SplitResult:
    """Split an http or https URL. Raises BadInput for anything else, naming the input as `what`, never its password."""
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.port != 0 and HOST.fullmatch(parts.hostname or "")
    except ValueError:  # brackets that do not close, a port that is no number
        sound = None
    if not sound or any(character.isspace() for character in url):
        shown = re.sub(r"(?<=//)[^/]*@", "", url)
        raise BadInput(f"{what} is {shown[:200]!r}, which is no http or https URL.", next_step=next_step)
    return parts


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
