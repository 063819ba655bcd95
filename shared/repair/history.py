"""The whole history of one entry, event by event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.reading import Reader
from shared.ledger.store import Row
from shared.repair.decision import known
from shared.reversals.message import claim


@dataclass(frozen=True, slots=True)
class Step:
    """One event: what it was, what it became, and who decided, where a person did."""

    version: int
    at: datetime
    was: str
    state: str
    attempt: int
    reason: str
    receipt_number: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """One entry and what happened to it. ``conflicts``: other messages under its id; ``undone_by``: rejects' keys."""

    entry: Entry
    steps: Sequence[Step]
    conflicts: Sequence[Row]
    undone_by: Sequence[Key]


class Show:
    """Puts histories together."""

    def __init__(self, ledger: Ledger, reader: Reader) -> None:
        """Keep what it reads."""
        self._ledger = ledger
        self._reader = reader

    async def __call__(self, key: Key) -> History:
        """The history of one entry.

        Raises:
            NotAllowed: the ledger does not know it.
            Unavailable: the store does not answer.
        """
        return await history_of(known(await self._ledger.read(key), key), self._reader)


async def history_of(entry: Entry, reader: Reader) -> History:
    """What happened to an entry that was read.

    Raises:
        Unavailable: the store does not answer.
    """
    steps = [_step(row) for row in await reader.events_of(entry.key)]
    return History(entry, steps, await reader.conflicts_of(entry.key), await _undone_by(entry.key, reader))


async def _undone_by(key: Key, reader: Reader) -> Sequence[Key]:
    return await reader.owners(key.biller, claim(key.id)) if key.kind is Kind.PAYMENT else ()


def _step(row: Row) -> Step:
    values = row.values
    return Step(
        version=int(row.key.rpartition("~")[2]),
        at=datetime.fromisoformat(str(values["at"])),
        was=str(values["was"]),
        # A void that came first left the event by which the payment began.
        state=str(values["state"]) or f"voided by {values['forestalled_by']!s}",
        attempt=int(values.get("attempt", 0)),
        reason=str(values.get("reason", "")),
        receipt_number=str(values.get("receipt_number", "")),
        by=str(values.get("by", "")),
        why=str(values.get("why", "")),
    )
