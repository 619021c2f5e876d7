"""Connections on which the head of an answer counts when it came whole. It knows no service and no repeats.

http.client takes the end of a connection for the end of a head: an answer of 404 that broke off there reads like one
without a body, which is a refusal, and not a failure that passes. A head with two lengths is none either: urllib3 would
raise what reads like a fault of the request, and leave the connection open.
"""

from __future__ import annotations

import http.client
import io

import urllib3
import urllib3.connection


class _Lines(io.BufferedReader):
    """Raises when a head ends without its empty line."""

    in_head = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if self.in_head and not line.endswith(b"\n") and len(line) != size:
            raise http.client.RemoteDisconnected("the connection broke off within the head of the answer")
        return line


class _Answer(http.client.HTTPResponse):
    def begin(self) -> None:
        self.fp = lines = _Lines(self.fp.detach())
        lines.in_head = True
        super().begin()
        lines.in_head = False
        lengths = {length.strip() for length in ",".join(self.headers.get_all("Content-Length", [])).split(",")}
        if len(lengths) > 1 and not self.chunked:
            raise http.client.HTTPException("the head of the answer names two lengths")


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _Answer


class _SecureConnection(urllib3.connection.HTTPSConnection):
    response_class = _Answer


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def demand(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """Have every connection of a manager, also of one of a proxy for HTTP, read heads so."""
    if type(manager) in {urllib3.PoolManager, urllib3.ProxyManager}:  # one for SOCKS has classes of its own
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager
