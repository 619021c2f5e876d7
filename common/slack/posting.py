"""Posts a message once: what an earlier run or try has posted under the same id is found, and not posted again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from common import log
from common.errors import StepError, Unavailable
from common.slack.api import DEDUPE_KEY, EVENT_TYPE, Slack


class Done(NamedTuple):
    """The message, and whether this run posted it. `verb` begins the sentence that tells it."""

    channel: str
    timestamp: str
    posted: bool
    verb: str
    permalink: str


class Once(NamedTuple):
    """How to know the message of an earlier run.

    dedupe_id: '' for a message that is simply posted. demanded: the user gave the id, so that not being able to look is
    a failure; otherwise the message is then posted without a look. update: give an earlier message the new content.
    """

    client: Slack
    dedupe_id: str
    demanded: bool
    update: bool

    def post(self, target: str, message: Mapping[str, Any]) -> Done:
        """Post the message, or find it."""
        thread = str(message.get("thread_ts") or "")
        channel, earlier = self._earlier(target, thread)
        if earlier:
            return self._found(channel, earlier, message)

        def look() -> tuple[str, str] | None:
            found = self.client.find(channel, self.dedupe_id, thread)
            return (channel, found) if found else None

        where, timestamp = self.client.post(target, self._marked(message), look if channel else None)
        return Done(where, timestamp, True, "Posted", self._permalink(where, timestamp))

    def _earlier(self, target: str, thread: str) -> tuple[str, str | None]:
        """Give the conversation and what an earlier run posted there; '' where there is no way to look."""
        if not self.dedupe_id:
            return "", None
        try:
            channel = self.client.conversation_id(target)
            return channel, self.client.find(channel, self.dedupe_id, thread)
        except Unavailable:
            raise
        except StepError as error:
            if self.demanded:
                raise
            log.info(f"Whether an earlier run has posted this is not known. {error.message}")
            return "", None

    def _marked(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Put the id into the message's metadata."""
        if not self.dedupe_id:
            return dict(message)
        metadata = message.get("metadata") or {"event_type": EVENT_TYPE, "event_payload": {}}
        payload = {**metadata["event_payload"], DEDUPE_KEY: self.dedupe_id}
        return {**message, "metadata": {**metadata, "event_payload": payload}}

    def _found(self, channel: str, timestamp: str, message: Mapping[str, Any]) -> Done:
        verb = "An earlier run has posted"
        if self.update:
            own = ("text", "blocks", "attachments")
            self.client.update(channel, timestamp, {name: message[name] for name in own if name in message})
            verb = "Changed what an earlier run had posted"
        return Done(channel, timestamp, False, verb, self._permalink(channel, timestamp))

    def _permalink(self, channel: str, timestamp: str) -> str:
        try:
            return self.client.permalink(channel, timestamp)
        except StepError as error:
            log.info(f"The output permalink is left out. {error.message}")
            return ""
