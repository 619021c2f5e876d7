"""Whether each request got the whole head of an answer, as the trace of git's HTTP client tells.

Git takes the end of a connection for the end of a head, and the status before it for that of a request without an
answer. A 401 that broke off so reads like a refusal, and a 200 like the answer of a server without any branch, with
which `git ls-remote` ends with 0.
"""

from __future__ import annotations

import re
from pathlib import Path

LINE = re.compile(r"^\S+ \S+ +(?:=> Send|<= Recv) header: ?(.*)$", re.MULTILINE)
REQUEST = re.compile(r"[A-Z]+ \S+ HTTP/")
STATUS = re.compile(r"HTTP/\S+ (\d)\d\d")
SENT, INTERIM, SUCCESS = "sent", "1", "2"
BROKE_OFF = "fatal: an answer broke off within its head"


def traced(file: Path) -> dict[str, str]:
    """Give the variables by which git writes the heads into a file, without what they hold of credentials."""
    return {"GIT_TRACE_CURL": str(file), "GIT_TRACE_CURL_NO_DATA": "1", "GIT_TRACE_REDACT": "1"}


def broke_off(trace: str) -> bool:
    """Tell whether the last request lacks the head of its answer, or an earlier one had a part of one of success.

    A part of a 401 counts only when nothing came after it: git asks again by itself, with the credentials.
    """
    waiting = ""  # for an answer, or for the end of a head; then it is the first digit of the status
    for line in LINE.findall(trace):
        status = STATUS.match(line)
        if status or REQUEST.match(line):
            if waiting == SUCCESS:
                return True
            waiting = status[1] if status else SENT
        elif not line.strip() and waiting != SENT:
            waiting = SENT if waiting == INTERIM else ""
    return bool(waiting)
