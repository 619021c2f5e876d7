"""How Slack's ids look, which tells them from names."""

from __future__ import annotations

import re

CONVERSATION_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
USER_ID = re.compile(r"[UW][A-Z0-9]{8,}")
