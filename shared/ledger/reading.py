"""Reads the ledger at length: a page at a time, so that memory does not grow with the number of entries."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.store import LedgerStore, Row, Values
from shared.vocabulary import events
from shared.vocabulary.clock import from_ms

_PAGE: Final = 500
"""Rows in memory at once: a message is 48 KiB at most, usually one."""
_AT_ONCE: Final = 16
"""Single rows asked for side by side."""
_MOST_UNDER_ONE: Final = 200
"""References under one; nobody has that many."""


@dataclass(frozen=True, slots=True)
class Held:
    """One row of the list of held entries."""

    key: Key
    held_at: datetime
    reason: str
    cents: int


@dataclass(frozen=True, slots=True)
class Booked:
    """One row of a day's list."""

    key: Key
    received_at: datetime


class Reader:
    """Lists entries and what belongs to them. Every method raises ``Unavailable`` where the store does not answer."""

    def __init__(self, store: LedgerStore) -> None:
        """Keep the store."""
        self._store = store

    async def entries(self, biller: str | None = None, only: Values | None = None) -> AsyncIterator[Entry]:
        """Every entry of a biller, or of all; ``only`` keeps those whose state rows have exactly these values."""
        start = f"P~{biller}~" if biller else "P~"
        for shard in _shards(biller):
            async for row in self._rows(shard, start, only):
                with suppress(_Unreadable):
                    yield _entry(row)

    async def held(self, biller: str | None = None) -> AsyncIterator[Held]:
        """Every held entry, the longest held first: each shard's list is in that order, and they are merged."""
        only = {"biller": biller} if biller else None
        streams = [self._rows(shard, "H~", only) for shard in _shards(biller)]
        first: list[tuple[str, int, Row]] = []
        for number, stream in enumerate(streams):
            async for row in stream:
                first.append((row.key, number, row))
                break
        heapq.heapify(first)
        while first:
            _, number, row = first[0]
            yield _held(row)
            following = await anext(streams[number], None)
            if following is None:
                heapq.heappop(first)
            else:
                heapq.heapreplace(first, (following.key, number, following))

    async def booked(self, biller: str, day: date) -> list[Booked]:
        """What is booked under one day of one biller."""
        start = f"D~{day.isoformat()}~{biller}~"
        found = [row async for row in self._rows(rows.shard_of(biller), start, None)]
        return [Booked(rows.key_of(row), datetime.fromisoformat(str(row.values["received_at"]))) for row in found]

    async def each(self, keys: Sequence[Key]) -> AsyncIterator[Entry]:
        """The entries under these keys, in their order; what is gone is left out."""
        for start in range(0, len(keys), _AT_ONCE):
            asked = keys[start : start + _AT_ONCE]
            found = [self._store.read(rows.shard_of(key.biller), rows.state_key(key)) for key in asked]
            for row in await asyncio.gather(*found):
                if row is not None:
                    with suppress(_Unreadable):
                        yield _entry(row)

    async def events_of(self, key: Key) -> list[Row]:
        """Its events, oldest first."""
        return [row async for row in self._rows(rows.shard_of(key.biller), f"E~{key}~", None)]

    async def conflicts_of(self, key: Key) -> list[Row]:
        """Other messages that came under its id."""
        return [row async for row in self._rows(rows.shard_of(key.biller), f"C~{key}~", None)]

    async def reference(self, biller: str, reference: str) -> Row | None:
        """The row of a reference that is used; ``owner_in`` says by whom."""
        return await self._store.read(rows.shard_of(biller), rows.reference_key(biller, reference))

    async def owners(self, biller: str, reference: str) -> list[Key]:
        """The entries that have a reference, or one under it."""
        return [owner_in(row) for row in await references(self._store, biller, reference)]

    async def _rows(self, shard: str, start: str, only: Values | None) -> AsyncIterator[Row]:
        """All rows whose keys begin with ``start``."""
        following, end = start, f"{start}{rows.END}"
        while True:
            page = await self._store.scan(shard, following, end, limit=_PAGE, only=only)
            for row in page:
                yield row
            if len(page) < _PAGE:
                return
            following = f"{page[-1].key}{rows.BEHIND}"


async def references(store: LedgerStore, biller: str, reference: str) -> list[Row]:
    """The rows of the reference itself, and of those that begin with it and a tilde.

    Raises:
        Unavailable: the store does not answer.
    """
    shard, key = rows.shard_of(biller), rows.reference_key(biller, reference)
    itself = await store.read(shard, key)
    under = await store.scan(shard, f"{key}~", f"{key}~{rows.END}", limit=_MOST_UNDER_ONE)
    return [itself, *under] if itself else under


def _held(row: Row) -> Held:
    held_at = from_ms(int(row.key.split("~")[1]))
    return Held(rows.key_of(row), held_at, str(row.values["reason"]), int(row.values.get("cents", 0)))


def owner_in(row: Row) -> Key:
    """The entry that a reference's row names."""
    biller, kind, id_ = str(row.values["key"]).split("~", 2)
    return Key(biller, Kind(kind), id_)


class _Unreadable(Exception):
    """A newer release wrote this row."""


def _entry(row: Row) -> Entry:
    try:
        return rows.entry_of(row)
    except (KeyError, ValueError):
        events.emit("ledger.row_unreadable", events.ERROR, row=row.key)
        raise _Unreadable from None


def _shards(biller: str | None) -> Sequence[str]:
    return (rows.shard_of(biller),) if biller else rows.SHARDS
