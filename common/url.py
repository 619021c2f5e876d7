"""Parts of a URL that may be shown: never its credentials, never its query."""

from __future__ import annotations

import urllib.parse


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
