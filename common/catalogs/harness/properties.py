"""Custom properties over the portal's API: read what entities have, send what is missing, read back (contract, D.3).

One property of many entities goes in few requests, some at a time. What becomes of each is found by reading, so that a
refusal or a broken connection costs nothing but the entities that it is about.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from common import log
from common.catalogs import failure_of
from common.catalogs.harness.outcomes import not_shown, partial
from common.catalogs.harness.property_calls import Held, PropertyCalls, TooMany, of_idp_2, value_at
from common.catalogs.harness.sending import Sending
from common.catalogs.properties import Change, appended, canonical, keys, listed, named, remaining
from common.errors import Conflict, Refused, StepError, shown
from common.network import repeat
from common.network.together import tried

FEW = 10  # so many entities are read one by one; the answer for a property lists all entities that have it
MOST_SENT = 500  # entities in one request
LONGEST_SENT = 1_000_000  # characters of values in one request
MOST_CONFIRMED = 20  # of those that a list leaves out; what holds for all of them holds for the others

HeldBy: TypeAlias = Callable[[str], "Held | None"]
"""Gives the custom properties of an entity by its reference; None for one that the catalog does not know."""
PieceT = TypeVar("PieceT")


@dataclass(frozen=True)
class CustomProperties:
    """The custom properties of entities. by_property: all changes are of one property.

    beneath: what an entity shows below its custom properties, where that was read.
    """

    calls: PropertyCalls
    by_property: bool
    beneath: dict[tuple[str, str], Any] = field(default_factory=dict)
    urls: Sequence[str] = ()

    def plan(self, changes: Sequence[Change], *, closely: bool = False) -> list[Change]:
        """Read each entity, and give the changes that it has not yet. Refused names every unknown entity.

        closely: tell additions from updates, and read what tells them apart.
        """
        held = self._held(changes)
        if unknown := self._unknown(changes, held, closely=closely):
            raise Refused(
                f"The catalog has no {listed([shown(ref, quotes=False) for ref in unknown], ', no ')},"
                " or the credentials may not see it.",
                next_step="Check the references; nothing was changed.",
            )
        left = list(self._remaining(changes, held))
        if unlike := [change for change in left if self._is_unlike(change, held)]:
            raise Conflict(
                f"Nothing can be appended to {named(unlike)}: it holds neither a list nor a map like the value.",
                next_step="Nothing was changed; use the mode replace, or append to another property.",
            )
        return [replace(change, adds=self._shows(change, held) is None) for change in left] if closely else left

    def apply(self, due: Sequence[Change]) -> list[Change]:
        """Make the changes, read them back, and give those that were made. Raises what names all that failed."""
        if not due:
            return []
        failed: dict[str, StepError] = {}
        if self.by_property:
            failed = self._send_many(due).failed
        else:
            self._surely(due)
        failed |= self._read_back([change for change in due if change.entity_ref not in failed])
        if failed:
            raise partial(failed, due)
        return list(due)

    def dry_run(self, due: Sequence[Change]) -> str:
        """Have the catalog check the changes, and give what it says."""
        if self.by_property:
            sending = self._send_many(due, dry_run=True)
            if sending.failed:
                raise partial(sending.failed, due, dry_run=True)
            return "; ".join(sending.said)
        said = [self.calls.send(group, by_property=False, dry_run=True) for group in self._groups(due)]
        return "; ".join(dict.fromkeys(filter(None, said)))

    def _held(self, changes: Sequence[Change]) -> HeldBy:
        """Read the custom properties of the entities; those of many are not kept by entity, for most have the same."""
        refs = {canonical(change.entity_ref): change.entity_ref for change in changes}
        if not self._are_many(refs):
            return {ref: self.calls.of_entity(ref) for ref in refs.values()}.__getitem__
        found = self.calls.of_property(changes[0].path, refs)
        place, nothing = tuple(keys(changes[0].path)), Held()
        alone: dict[str, Held | None] = {}
        if changes[0].mode == "append":  # what is taken for absent is appended, so a spelling may not decide
            others = (ref for name, ref in refs.items() if name not in found and not of_idp_2(ref))
            alone = {ref: self.calls.of_entity(ref) for ref in others}

        def held(ref: str) -> Held | None:
            if ref in alone:
                return alone[ref]
            return {place: found[name]} if (name := canonical(ref)) in found else nothing

        return held

    def _are_many(self, refs: Mapping[str, str]) -> bool:
        return self.by_property and len(refs) > FEW

    def _unknown(self, changes: Sequence[Change], held: HeldBy, *, closely: bool) -> list[str]:
        """Give the entities that are not there, and note what the others show where that matters."""
        refs = {canonical(change.entity_ref): change.entity_ref for change in changes}
        if self._are_many(refs):
            unknown = [ref for ref in refs.values() if held(ref) is None]
            without = [ref for ref in refs.values() if of_idp_2(ref) and not held(ref)]
            del refs
            return unknown + self._look_through(changes[0].path, without)
        entities: dict[str, dict[str, Any]] = {}
        for change in changes:
            ref, of_it = change.entity_ref, held(change.entity_ref)
            if of_it is None or tuple(keys(change.path)) in of_it or not (change.mode == "append" or closely):
                continue
            if ref not in entities:
                entities[ref] = self.calls.entity(ref)
            self.beneath[ref, change.path] = value_at(entities[ref], keys(change.path))
        return [ref for ref in refs.values() if held(ref) is None]

    def _look_through(self, path: str, refs: Sequence[str]) -> list[str]:
        """Read many entities page by page. Those of IDP 1.0 no list shows: whether they are there, the change tells."""
        left_out: list[str] = []

        def worker() -> Any:
            calls = self.calls.for_thread()
            return lambda page: calls.shown(page, path)

        for one in tried(self.calls.pages(refs), worker):
            values, absent = self.calls.shown(one.piece, path) if one.result is None else one.result
            self.beneath.update({(ref, path): value for ref, value in values.items()})
            left_out += absent
            urllib.parse.clear_cache()  # type: ignore[attr-defined] # of addresses, which name a hundred entities each
        return _confirmed(left_out, lambda ref: self.calls.of_entity(ref) is None)

    def _remaining(self, changes: Sequence[Change], held: HeldBy) -> Iterator[Change]:
        for change in changes:
            current = dict(held(change.entity_ref) or {})
            path, beneath = tuple(keys(change.path)), self.beneath.get((change.entity_ref, change.path))
            if change.mode == "append" and beneath is not None:
                current.setdefault(path, beneath)
            if (left := remaining(change, current)) is not None:
                yield left

    def _shows(self, change: Change, held: HeldBy) -> Any:
        of_it = held(change.entity_ref) or {}
        return of_it.get(tuple(keys(change.path)), self.beneath.get((change.entity_ref, change.path)))

    def _is_unlike(self, change: Change, held: HeldBy) -> bool:
        there = self._shows(change, held)
        return change.mode == "append" and there is not None and appended(there, change.value) is None

    def _left(self, changes: Sequence[Change]) -> list[Change]:
        return list(self._remaining(changes, self._held(changes)))

    def _left_of(self, change: Change) -> list[Change]:
        return list(self._remaining([change], self.calls.of_entity))

    def _surely(self, changes: Sequence[Change]) -> None:
        """Send changes until they are made or refused; what may have been made is looked at before it is sent again."""
        left = list(changes)

        def write() -> bool:
            for group in self._groups(left):
                log.detail(self.calls.send(group, by_property=self.by_property))
            return True

        def look() -> bool | None:
            nonlocal left
            log.info("Reading again what the entities have.")
            left = self._left(changes)
            return None if left else True

        repeat.write(write, look, failure_of, self.calls.portal.deadline)

    def _groups(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        """Give the changes by the requests that they are made with."""
        for deletes in (False, True):
            group = [change for change in changes if (change.mode == "delete") == deletes]
            yield from (group[start : start + MOST_SENT] for start in range(0, len(group), MOST_SENT))

    def _send_many(self, changes: Sequence[Change], *, dry_run: bool = False) -> Sending:
        """Send changes of one property to as many entities as there are; it ends with why which of them failed."""
        clock = self.calls.portal.deadline.clock
        sending = Sending(len(changes), clock(), MOST_SENT, dry_run)
        batches = list(_batches(changes, sending.size))

        def worker() -> Any:
            calls = self.calls.for_thread()
            return lambda batch: calls.send(batch, by_property=True, dry_run=dry_run)

        while batches:
            several = len(batches) > 1
            doubtful: list[list[Change]] = [] if several else batches
            rest: list[list[Change]] = []
            for one in tried(batches, worker) if several else ():
                if one.result is not None:
                    sending.succeeded(one.piece, one.result)
                else:
                    (doubtful if one.begun else rest).append(one.piece)
                if clock() - sending.told >= log.BETWEEN_TELLINGS:
                    sending.told = clock()
                    log.info(f"{sending.done} of {sending.total} entities are done.")
            for batch in doubtful:
                rest += self._send_alone(batch, sending, was_tried=several)
            batches = [part for batch in rest for part in _batches(batch, sending.size)]
            if sending.is_hopeless():
                sending.give_up(batches)
                break
        return sending

    def _send_alone(self, batch: list[Change], sending: Sending, *, was_tried: bool) -> list[list[Change]]:
        """Send what may have been sent already, in parts where it fails; give what is to be sent anew.

        The smallest parts come first, so that a few requests tell a fault of one entity from one of all.
        """
        parts = [batch]
        while parts and not sending.is_hopeless():
            part = parts.pop()
            try:
                left = self._left_after(part, sending) if was_tried else part
                sending.succeeded(part, self._send_part(left, sending) if left else "")
            except TooMany as error:
                if len(left) > 1:
                    sending.take_fewer(len(left))
                    return [left, *reversed(parts)]
                sending.failed_with(error, left)
            except StepError as error:
                sending.note(error)
                try:
                    left = self._left_after(part, sending)
                except StepError as away:  # the service, not only this change
                    sending.stop(away)
                    return [part, *reversed(parts)]
                sending.done += len(part) - len(left)
                if len(left) > 1 and sending.may_split():
                    parts += [left[len(left) // 2 :], left[: len(left) // 2]]
                else:
                    sending.failed_with(error, left)
            was_tried = False
        return parts[::-1]

    def _send_part(self, changes: Sequence[Change], sending: Sending) -> str:
        if sending.dry_run:
            return self.calls.send(changes, by_property=True, dry_run=True)
        self._surely(changes)
        return ""

    def _left_after(self, changes: list[Change], sending: Sending) -> list[Change]:
        return changes if sending.dry_run else self._left(changes)

    def _read_back(self, changes: Sequence[Change]) -> dict[str, StepError]:
        """Wait until the catalog shows the changes; give why which entities do not."""
        attempts = self.calls.portal.deadline.attempts()
        left = list(changes)
        for _ in attempts:
            left = self._left(changes) if left else []
            if not left:
                return {}
            attempts.failed(f"The catalog does not show {named(left)} yet.")
        if self._are_many({change.entity_ref: "" for change in changes}):  # it may name entities in its own way
            left = _confirmed(left, lambda change: bool(self._left_of(change)))
        return {change.entity_ref: not_shown(change) for change in left}


def _confirmed(pieces: list[PieceT], is_so: Callable[[PieceT], bool]) -> list[PieceT]:
    """Give the pieces of which it holds, each asked by itself; where the first are all alike, the others are too."""
    first = [piece for piece in pieces[:MOST_CONFIRMED] if is_so(piece)]
    if len(first) in {0, min(len(pieces), MOST_CONFIRMED)}:
        return pieces if first else []
    return [*first, *(piece for piece in pieces[MOST_CONFIRMED:] if is_so(piece))]


def _batches(changes: Sequence[Change], size: int) -> Iterator[list[Change]]:
    """Give the changes in parts of so many entities, or fewer where they have long values of their own."""
    batch: list[Change] = []
    length = 0
    for change in changes:
        own = 0 if batch and change.value is batch[0].value else len(json.dumps(change.value, ensure_ascii=False))
        if batch and (len(batch) == size or length + own > LONGEST_SENT):
            yield batch
            batch, length = [], 0
        batch.append(change)
        length += own
    if batch:
        yield batch
