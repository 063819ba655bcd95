"""What came to be at the peer, in the order of time, and what readings of the peer's list have shown."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Kind
from shared.ledger.store import Insert, LedgerStore, Replace, Row, RowChanged, RowExists, Values

_PAGE: Final = 500
_WINDOWS: Final = (timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=10), timedelta(days=40))
"""How far back the latest are looked for, one after the other: most are found in the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One payment that an answer or the list itself showed to be at the peer."""

    key: str
    posted_at: datetime
    channel: str
    reference: str
    cents: int
    dated: date
    sent_at: datetime
    """When its latest send was begun; of one that a lost ledger sent, the moment of the loss."""
    first_sent_at: datetime
    receipt_number: str
    attempts: int
    """How many sends were begun here: 0 where a ledger that was lost sent it."""


class PostedRows:
    """Reads them. Every method raises ``Unavailable`` where the store does not answer."""

    def __init__(self, store: LedgerStore) -> None:
        """Keep the store."""
        self._store = store

    async def since(self, biller: str, instant: datetime) -> list[Posted]:
        """Payments of all channels that were posted at this instant or later, the earliest first."""
        only: Values = {"biller": biller, "kind": str(Kind.PAYMENT)}
        return [one async for one in self._between(biller, instant, None, only)]

    async def latest(self, biller: str, channel: str, until: datetime, dated: date, most: int) -> list[Posted]:
        """The last payments of a channel posted before ``until`` and dated no later than ``dated``, the latest first.

        None are older than forty days.
        """
        only: Values = {"biller": biller, "kind": str(Kind.PAYMENT), "channel": channel}
        for window in _WINDOWS:
            found = [one async for one in self._between(biller, until - window, until, only) if one.dated <= dated]
            if len(found) >= most:
                break
        return found[: -most - 1 : -1]

    async def readings(self, biller: str) -> tuple[str, str]:
        """What readings have shown, as text, and the row's etag; empty where there were none."""
        row = await self._store.read(rows.shard_of(biller), rows.readings_key(biller))
        return (str(row.values["text"]), row.etag) if row else ("", "")

    async def keep_readings(self, biller: str, text: str, etag: str) -> bool:
        """Replace it; False where somebody else did so first."""
        key, values = rows.readings_key(biller), {"biller": biller, "text": text}
        change = Replace(key, values, etag) if etag else Insert(key, values)
        try:
            await self._store.commit(rows.shard_of(biller), [change])
        except (RowExists, RowChanged):
            return False
        return True

    async def references(self, biller: str, beginning: str, most: int) -> dict[str, str]:
        """References that begin so, in lower case, and the keys of their entries as text; at most so many, in order."""
        start = rows.reference_key(biller, beginning)
        found = await self._store.scan(rows.shard_of(biller), start, f"{start}{rows.END}", limit=most)
        return {row.key.removeprefix(rows.reference_key(biller, "")): str(row.values["key"]) for row in found}

    async def _between(
        self, biller: str, first: datetime, until: datetime | None, only: Values
    ) -> AsyncIterator[Posted]:
        shard, start = rows.shard_of(biller), rows.posted_from(first)
        end = rows.posted_from(until) if until else f"A~{rows.END}"
        while True:
            page = await self._store.scan(shard, start, end, limit=_PAGE, only=only)
            for row in page:
                if row.values.get("channel"):
                    yield _posted(row)
            if len(page) < _PAGE:
                return
            start = f"{page[-1].key}{rows.BEHIND}"


def _posted(row: Row) -> Posted:
    values = row.values
    return Posted(
        key=str(rows.key_of(row)),
        posted_at=rows.moment_in(row.key),
        channel=str(values["channel"]),
        reference=str(values["reference"]),
        cents=int(values["cents"]),
        dated=date.fromisoformat(str(values["dated"])),
        sent_at=datetime.fromisoformat(str(values["sent_at"])),
        first_sent_at=datetime.fromisoformat(str(values["first_sent_at"])),
        receipt_number=str(values["receipt_number"]),
        attempts=int(values["attempts"]),
    )
