"""Removes what is older than it must be kept. Ids, amounts, fingerprints and the final state stay for ever.

A payment that comes again after years must still be recognised: posted a second time, it would be a second payment.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import SETTLED, Entry, State
from shared.ledger.store import Change, Delete, LedgerStore, Replace, Row, RowChanged
from shared.vocabulary import events
from shared.vocabulary.clock import Clock

REDUCED: Final = b"{}"
"""The message of an entry that was reduced."""
_PAGE: Final = 200
_AT_ONCE: Final = 16
_MOST_IN_ONE: Final = 90
"""Rows deleted in one transaction; the table takes 100 changes."""
_MOST_EVENTS: Final = 1000


class Retention:
    """One run over all shards; the days' lists say what is old, so that nothing else is read."""

    def __init__(self, store: LedgerStore, clock: Clock) -> None:
        """Keep the store."""
        self._store = store
        self._clock = clock

    async def run(self, before: date, budget: float) -> int:
        """Reduce entries booked before this day, for ``budget`` seconds; how many it were.

        Raises:
            Unavailable: the store does not answer; the next run goes on.
        """
        until, reduced = self._clock.monotonic() + budget, 0
        for shard in rows.SHARDS:
            start = "D~"
            while self._clock.monotonic() < until:
                page = await self._store.scan(shard, start, f"D~{before.isoformat()}", limit=_PAGE)
                reduced += await self._page(shard, page, before)
                if len(page) < _PAGE:
                    break
                start = f"{page[-1].key}{rows.BEHIND}"
        events.emit("retention.ran", reduced=reduced, before=before)
        return reduced

    async def _page(self, shard: str, page: list[Row], before: date) -> int:
        done = 0
        for start in range(0, len(page), _AT_ONCE):
            batch = page[start : start + _AT_ONCE]
            done += sum(await asyncio.gather(*(self._reduce(shard, row, before) for row in batch)))
        return done

    async def _reduce(self, shard: str, day: Row, before: date) -> bool:
        """Events first where there are many: until the last transaction the day's row brings the entry again."""
        found = await self._store.read(shard, rows.state_key(rows.key_of(day)))
        if found is None or not _is_old(entry := rows.entry_of(found), before):
            return False
        history = [*await self._rows(shard, f"E~{entry.key}~"), *await self._rows(shard, f"C~{entry.key}~")]
        gone = [*await self._posted(shard, entry, history), *(row.key for row in history)]
        deletions: list[Change] = [Delete(key) for key in gone]
        try:
            while len(deletions) > _MOST_IN_ONE:
                await self._store.commit(shard, deletions[:_MOST_IN_ONE])
                deletions = deletions[_MOST_IN_ONE:]
            kept = Replace(found.key, rows.entry_values(_reduced(entry)), found.etag)
            await self._store.commit(shard, [kept, *deletions, Delete(day.key)])
        except RowChanged:
            return False  # somebody has to do with it at this moment
        return True

    async def _posted(self, shard: str, entry: Entry, history: Sequence[Row]) -> list[str]:
        """Its row in the list of what came to be at the peer, whose moment its own event names."""
        moments = (str(row.values["at"]) for row in history if row.values.get("state") == State.POSTED)
        keys = [rows.posted_key(datetime.fromisoformat(at), entry.key) for at in moments]
        return [key for key in keys if await self._store.read(shard, key)]

    async def _rows(self, shard: str, start: str) -> list[Row]:
        return await self._store.scan(shard, start, f"{start}{rows.END}", limit=_MOST_EVENTS)


def _is_old(entry: Entry, before: date) -> bool:
    """A person may still need what is not settled, and what changed lately."""
    changed = entry.changed_at or entry.received_at
    settled = entry.state in SETTLED - {State.HELD} and entry.due is None
    return settled and changed < datetime.combine(before, time(), UTC)


def _reduced(entry: Entry) -> Entry:
    nobody = entry._replace(customer_number="", subject=None, message=REDUCED, by_hand=None, afterwards=None)
    return nobody._replace(reason=None, detail=None, posting_date="", booked_on="")
