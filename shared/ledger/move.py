"""Moves a biller's ledger to another stamp's table, so that a message repeated there is known.

First nothing can be sent here any more: every slot is taken for good, in the very rows that a send must insert. Then
entry after entry its open row here is removed, and it is copied as it then stands. Whatever interrupts it, it may be
run again: what is there already stays as it is.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

from shared.ledger import rows, transition
from shared.ledger.book import Ledger
from shared.ledger.entry import SETTLED, UPDATES, Entry, Kind, State, Wait
from shared.ledger.errors import Moved
from shared.ledger.store import Change, Insert, LedgerStore, Replace, Row, RowChanged, RowExists, Values

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


@dataclass(slots=True)
class Copied:
    """How far a run came."""

    entries: int = 0
    unsettled: int = 0


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
        copied = Copied()
        for kind in _PAYMENTS_LAST:
            async for row in _all(self._here, shard, f"P~{biller}~{kind}~"):
                entry = await self._closed(rows.entry_of(row))
                await self._copy_entry(shard, entry)
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

    async def _copy_entry(self, shard: str, entry: Entry) -> None:
        """Its events first: the state row, which is what a reader looks for, comes with the last of them."""
        if await self._there.read(shard, rows.state_key(entry.key)):
            return
        # An event that a step writes here meanwhile would stand in the way of the next step there.
        last = rows.event_key(entry.key, entry.version)
        events = [row async for row in _all(self._here, shard, f"E~{entry.key}~") if row.key <= last]
        changes: list[Change] = [Insert(row.key, row.values) for row in events]
        state = transition.moved_in(_driven(entry, self._here))
        for some in batched(changes, _MOST_CHANGES, strict=False):
            await self._insert(shard, some)
        await self._insert(shard, state)

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
