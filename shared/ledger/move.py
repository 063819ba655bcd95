"""Moves a biller's ledger to another stamp's table, so that a message repeated there is known.

First nothing can be sent here any more: every slot is taken for good, in the very rows that a send must insert. Then
entry after entry its open row here is removed, and it is copied as it then stands. Whatever interrupts it, it may be
run again: what was copied already stays as it is. What the new home made itself of the same message is merged with what
is known here (``merge``): what was sent goes before what was not.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import Final

from shared.ledger import merge, rows, transition
from shared.ledger.book import Ledger
from shared.ledger.entry import SETTLED, UPDATES, Entry, Key, Kind, State, Wait
from shared.ledger.errors import Moved
from shared.ledger.merge import SENT_AT_BOTH
from shared.ledger.store import Change, Insert, LedgerStore, Replace, Row, RowChanged, RowExists, Values
from shared.vocabulary.errors import Unavailable

MOST_SLOTS: Final = 20
"""No biller has more."""

MOVED: Final = "moved"
"""Property of a slot's row that is taken because the biller is at home elsewhere."""

_PAGE: Final = 1000
_MOST_CHANGES: Final = 90
_OF_BILLER: Final = ("C", "N", "R", "M")
_PAYMENTS_LAST: Final = sorted(Kind, key=Kind.PAYMENT.__eq__)
"""What undoes a payment also changes it, so that is closed before the payment is read."""
_FORESTALLED: Final[Values] = {"state": ""}
"""The event of a void that came before its payment, which has no entry yet."""
_MERGED_FROM: Final = "merged_from"
"""Property of a first event: the nonce of the first event at the old home."""
_TRIES: Final = 5

VOUCHING: Final = timedelta(days=40)
"""How long ago a payment may have been posted that still proves something of another."""


@dataclass(slots=True)
class Copied:
    """How far a run came."""

    entries: int = 0
    unsettled: int = 0
    merged: int = 0
    """Entries that the new home had made of the same messages, and that the old home's took the place of."""
    sent_at_both: int = 0
    """Of these, those that both sent: a person has them."""


class MoveLedger:
    """From one table to another; the biller's partition has the same name in both."""

    def __init__(self, here: LedgerStore, there: LedgerStore) -> None:
        """Keep both."""
        self._here = here
        self._there = there
        self._ledger = Ledger(here)

    async def take_slots(self, biller: str) -> int:
        """Take every slot that is free; how many sends are still under way here.

        Raises:
            Unavailable: the store does not answer; call again.
        """
        taken = [await self._take(lane, slot) for lane in _lanes(biller) for slot in range(MOST_SLOTS)]
        return taken.count(False)

    async def copy(self, biller: str) -> AsyncIterator[Copied]:
        """Copy everything; tells how far it is after every entry.

        Raises:
            Unavailable: one of the stores does not answer; call again.
        """
        shard = rows.shard_of(biller)
        for prefix in _OF_BILLER:
            async for row in _all(self._here, shard, f"{prefix}~{biller}~"):
                await self._insert(shard, [Insert(row.key, row.values)])
        async for row in _all(self._here, shard, f"E~{biller}~", only=_FORESTALLED):
            await self._insert(shard, [Insert(row.key, row.values)])
        for lane in _lanes(biller):
            await self._copy_gate(lane)
        await self._copy_vouchers(biller)
        copied = Copied()
        for kind in _PAYMENTS_LAST:
            async for row in _all(self._here, shard, f"P~{biller}~{kind}~"):
                entry = await self._closed(rows.entry_of(row))
                became = await self._copy_entry(shard, entry)
                copied.merged += became is not None
                copied.sent_at_both += became is not None and became.reason == SENT_AT_BOTH
                copied.entries += 1
                copied.unsettled += entry.state not in SETTLED or entry.state is State.HELD
                yield copied

    async def _take(self, lane: str, slot: int) -> bool:
        """Whether the slot is ours: it was, it was free, or nobody but a doubt had it."""
        shard, key = rows.shard_of(lane), rows.slot_key(lane, slot)
        row = await self._here.read(shard, key)
        if row is not None and row.values.get(MOVED):
            return True
        if row is not None and not rows.is_closed(row):
            return False
        ours: Values = {"biller": lane, MOVED: True}
        change: Change = Replace(key, ours, row.etag) if row else Insert(key, ours)
        try:
            await self._here.commit(shard, [change])
        except (RowExists, RowChanged):
            return False
        return True

    async def _copy_gate(self, lane: str) -> None:
        shard = rows.shard_of(lane)
        gate = await self._here.read(shard, rows.gate_key(lane))
        if gate is not None:
            await self._insert(shard, [Insert(gate.key, gate.values)])

    async def _copy_vouchers(self, biller: str) -> None:
        """What proves absences: payments posted lately, and what readings of the list have shown."""
        shard, since = rows.shard_of(biller), rows.posted_from(self._here.now() - VOUCHING)
        while page := await self._here.scan(shard, since, f"A~{rows.END}", limit=_PAGE, only={"biller": biller}):
            for some in batched(page, _MOST_CHANGES, strict=False):
                await self._insert(shard, [Insert(row.key, row.values) for row in some])
            since = f"{page[-1].key}{rows.BEHIND}"
        shown = await self._here.read(shard, rows.readings_key(biller))
        if shown is not None:
            await self._insert(shard, [Insert(shown.key, shown.values)])

    async def _copy_entry(self, shard: str, entry: Entry) -> Entry | None:
        """Copy it, or merge it with what is there; what took another's place, or None."""
        # An event that a step writes here meanwhile would stand in the way of the next step there.
        last = rows.event_key(entry.key, entry.version)
        events = [row async for row in _all(self._here, shard, f"E~{entry.key}~") if row.key <= last]
        driven = _driven(entry, self._here)
        for _ in range(_TRIES):
            there = await self._there.read(shard, rows.state_key(entry.key))
            if there is not None:
                first = await self._first_of(shard, entry.key)
                if _is_copy(first, events):
                    return None
                with suppress(RowChanged, RowExists):
                    return await self._merge(shard, driven, rows.entry_of(there), first, _first(events))
            elif await self._bring(shard, driven, events):
                return None
        raise Unavailable(f"{entry.key} keeps changing at the new home")

    async def _bring(self, shard: str, entry: Entry, events: Sequence[Row]) -> bool:
        """Its own first event comes with the state row, by which a copy is told from what the new home began itself."""
        first = _first(events)
        changes: list[Change] = [Insert(row.key, row.values) for row in events if row != first]
        for some in batched(changes, _MOST_CHANGES, strict=False):
            await self._insert(shard, some)
        state = transition.moved_in(entry)
        bringing = [*state, *([Insert(first.key, first.values)] if first else [])]
        while True:
            try:
                await self._there.commit(shard, bringing)
            except RowExists as error:
                if error.key == rows.state_key(entry.key):
                    return False
                # Left by a run that was interrupted.
                bringing = [change for change in bringing if change.key != error.key]
            else:
                return True

    async def _merge(self, shard: str, old: Entry, new: Entry, first: Row | None, origin: Row | None) -> Entry | None:
        """Let the old home's entry take the new home's place, where it must, in one transaction that says so.

        Raises:
            RowChanged, RowExists: the new home took a step at this moment.
        """
        becomes = merge.merged(old, new, self._there.now())
        if becomes is None:
            return None
        named = becomes._replace(nonce=uuid.uuid4().hex)
        changes = [*transition.tidied(new, named), transition.merging(new, named, self._there.now())]
        if first is not None:
            marked: Values = {**first.values, _MERGED_FROM: _nonce(origin)}
            changes.append(Replace(first.key, marked, first.etag))
        await self._there.commit(shard, changes)
        return named

    async def _first_of(self, shard: str, key: Key) -> Row | None:
        found = await self._there.scan(shard, f"E~{key}~", f"E~{key}~{rows.END}", limit=2)
        return _first(found)

    async def _closed(self, entry: Entry) -> Entry:
        """The entry as it stands when nothing drives it here any more, but with its due time and place in the lists."""
        while entry.due is not None or entry.held_at is not None:
            try:
                await self._ledger.tidy(entry, entry._replace(due=None, wait=None, held_at=None))
                break
            except Moved as moved:
                entry = moved.found
        return entry

    async def _insert(self, shard: str, changes: Sequence[Change]) -> None:
        """Insert what is not there yet."""
        try:
            await self._there.commit(shard, changes)
        except RowExists:
            for change in changes if len(changes) > 1 else ():
                await self._insert(shard, [change])


def _first(events: Sequence[Row]) -> Row | None:
    """An entry's own first event: before it there may be one of a void that came first."""
    return next((row for row in events if row.values.get("nonce")), None)


def _is_copy(first: Row | None, events: Sequence[Row]) -> bool:
    """Whether an entry at the new home came from here; one so old that its events are gone begins anew with one."""
    if first is None:
        return True
    origin = _nonce(_first(events))
    return origin in {first.values.get("nonce"), first.values.get(_MERGED_FROM)}


def _nonce(first: Row | None) -> str:
    return str(first.values["nonce"]) if first else "none"


def _lanes(biller: str) -> tuple[str, str]:
    return biller, f"{biller}{UPDATES}"


def _driven(entry: Entry, here: LedgerStore) -> Entry:
    """As it goes on: one that lost its open row in an interrupted run is due now; no send is under way."""
    if entry.state is State.HELD:
        return entry._replace(held_at=entry.held_at or here.now(), slot=None)
    if entry.state in SETTLED or entry.due is not None:
        return entry._replace(slot=None)
    wait = {State.UNKNOWN: Wait.ASK, State.WAITING: Wait.PAYMENT, State.SENDING: Wait.LEASE}.get(
        entry.state, Wait.BACKOFF
    )
    return entry._replace(due=here.now(), wait=wait, slot=None)


async def _all(store: LedgerStore, shard: str, prefix: str, only: Values | None = None) -> AsyncIterator[Row]:
    """Every row whose key begins so, page by page."""
    start, end = prefix, f"{prefix}{rows.END}"
    while page := await store.scan(shard, start, end, limit=_PAGE, only=only):
        for row in page:
            yield row
        start = f"{page[-1].key}{rows.BEHIND}"
