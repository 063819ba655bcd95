"""Finds entries by what a person knows of them, one after the other."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.reading import Reader
from shared.ledger.store import Values

_DAY: Final = timedelta(days=1)
_BATCH: Final = 100
_MOST_DAYS: Final = 100
"""Longer spans are read entry by entry rather than day by day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What must be true of an entry; None asks nothing. Days are those that entries are booked under."""

    biller: str | None = None
    kind: Kind | None = None
    state: State | None = None
    reason: str | None = None
    customer: str | None = None
    tender: str | None = None
    first: date | None = None
    last: date | None = None
    received_before: datetime | None = None

    def only(self) -> Values:
        """What the store itself can look for."""
        named = {"kind": self.kind, "state": self.state, "reason": self.reason, "customer_number": self.customer}
        return {name: str(value) for name, value in named.items() if value is not None}

    def admits(self, entry: Entry) -> bool:
        """Whether all of it is true of the entry."""
        return self._admits_facts(entry) and self._admits_times(entry)

    def _admits_facts(self, entry: Entry) -> bool:
        facts = (
            (self.biller, entry.key.biller),
            (self.kind, entry.key.kind),
            (self.state, entry.state),
            (self.reason, entry.reason),
            (self.customer, entry.customer_number),
        )
        agree = all(wanted is None or wanted == found for wanted, found in facts)
        return agree and (self.tender is None or self.tender == fields_of(entry).get("tender"))

    def _admits_times(self, entry: Entry) -> bool:
        day = entry.booked_on
        after = self.first is None or self.first.isoformat() <= day
        before = self.last is None or day <= self.last.isoformat()
        return after and before and (self.received_before is None or entry.received_at < self.received_before)


@dataclass(slots=True)
class Cause:
    """Everything that is held for one reason."""

    reason: str
    oldest: datetime
    count: int = 0
    cents: int = 0
    billers: set[str] = field(default_factory=set)


class Find:
    """Answers questions about many entries. Raises ``Unavailable`` where the store does not answer."""

    def __init__(self, reader: Reader) -> None:
        """Keep what it reads."""
        self._reader = reader

    async def __call__(self, wanted: Filter) -> AsyncIterator[Entry]:
        """Every entry that is wanted; held ones the longest held first."""
        async for entry in self._candidates(wanted):
            if wanted.admits(entry):
                yield entry

    async def causes(self, biller: str | None = None) -> list[Cause]:
        """What is held, by reason, the longest held first."""
        found: dict[str, Cause] = {}
        async for held in self._reader.held(biller):
            cause = found.setdefault(held.reason, Cause(held.reason, held.held_at))
            cause.oldest = min(cause.oldest, held.held_at)
            cause.count += 1
            cause.cents += held.cents
            cause.billers.add(held.key.biller)
        return sorted(found.values(), key=lambda cause: cause.oldest)

    def _candidates(self, wanted: Filter) -> AsyncIterator[Entry]:
        """By the shortest way there is: the list of what is held, the lists of days, or all state rows."""
        if wanted.state is State.HELD:
            return self._held(wanted)
        if wanted.biller and wanted.first and wanted.last and wanted.last - wanted.first < _MOST_DAYS * _DAY:
            return self._booked(wanted.biller, wanted.first, wanted.last)
        return self._reader.entries(wanted.biller, wanted.only())

    async def _held(self, wanted: Filter) -> AsyncIterator[Entry]:
        batch: list[Key] = []
        async for held in self._reader.held(wanted.biller):
            if wanted.reason in {None, held.reason}:
                batch.append(held.key)
            if len(batch) == _BATCH:
                async for entry in self._reader.each(batch):
                    yield entry
                batch.clear()
        async for entry in self._reader.each(batch):
            yield entry

    async def _booked(self, biller: str, first: date, last: date) -> AsyncIterator[Entry]:
        for number in range((last - first).days + 1):
            keys: list[Key] = [row.key for row in await self._reader.booked(biller, first + number * _DAY)]
            async for entry in self._reader.each(keys):
                yield entry


def fields_of(entry: Entry) -> dict[str, Any]:
    """The message's fields by their wire names, as far as they are still kept."""
    found = json.loads(entry.message)
    return found if isinstance(found, dict) else {}
