"""Reading JSON of others, which may be nested without end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bounded() -> Iterator[None]:
    """Turn JSON that is nested too deeply into ValueError.

    Nothing is collected meanwhile: what an object does at its end, as a pool of connections that closes them, would be
    done where the nesting has left no room for it.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    finally:
        if collects:
            gc.enable()
