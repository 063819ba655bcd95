"""What the ledger's lists say of all billers at once: four ranges of keys in every shard, and no entry is read."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Final

from shared.billers.model import Biller
from shared.ledger import rows
from shared.ledger.entry import Kind, State
from shared.ledger.gate import Gate
from shared.ledger.gate_row import gate_of
from shared.ledger.store import LedgerStore, Row
from shared.reconciliation.day_report import Total

MOST: Final = 10_000
"""Rows of one list and shard; where there are more, figures say "at least"."""

_SHARDS_AT_ONCE: Final = 8
"""Of four requests each: more would only wait for connections."""

UNSETTLED: Final = frozenset({State.RECEIVED, State.SENDING, State.UNKNOWN, State.WAITING})


@dataclass(slots=True)
class Standing:
    """Where one biller stands. Days are the biller's own."""

    posted_today: Total = field(default_factory=Total)
    held: int = 0
    held_today: int = 0
    oldest_held: datetime | None = None
    waiting: int = 0
    oldest_waiting: datetime | None = None
    """When the oldest of what is still on its way came."""

    def hold(self, since: datetime, midnight: datetime) -> None:
        """Count one held entry."""
        self.held += 1
        self.held_today += since >= midnight
        self.oldest_held = min(since, self.oldest_held or since)

    def wait(self, since: datetime) -> None:
        """Count one entry that is on its way."""
        self.waiting += 1
        self.oldest_waiting = min(since, self.oldest_waiting or since)


@dataclass(slots=True)
class Standings:
    """All billers: by id where each stands, and by lane its gate. ``cut``: a list was too long to be read whole."""

    by_biller: dict[str, Standing] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    cut: bool = False

    def of(self, biller: str) -> Standing:
        """One biller's."""
        return self.by_biller.setdefault(biller, Standing())

    def gate(self, lane: str) -> Gate:
        """One lane's; a healthy one where none was written."""
        return self.gates.get(lane, Gate())


@dataclass(frozen=True, slots=True)
class Shard:
    """The lists of one shard."""

    gates: Sequence[Row]
    open: Sequence[Row]
    held: Sequence[Row]
    posted: Sequence[Row]

    @property
    def cut(self) -> bool:
        """Whether one of them has more rows than were read."""
        return any(len(listed) >= MOST for listed in (self.gates, self.open, self.held, self.posted))


def midnight(biller: Biller, now: datetime) -> datetime:
    """When the biller's present day began."""
    today = now.astimezone(biller.zone).date()
    return datetime.combine(today, time(), biller.zone).astimezone(UTC)


async def read_standings(store: LedgerStore, billers: Iterable[Biller]) -> Standings:
    """Where everyone stands.

    Raises:
        Unavailable: the store does not answer.
    """
    now = store.now()
    midnights = {biller.biller_id: midnight(biller, now) for biller in billers}
    since = min(midnights.values(), default=now)
    found, free = Standings(), asyncio.Semaphore(_SHARDS_AT_ONCE)

    async def take(shard: str) -> None:
        async with free:
            count(await read_shard(store, shard, since), midnights, now, found)

    await asyncio.gather(*(take(shard) for shard in rows.SHARDS))
    return found


async def read_shard(store: LedgerStore, shard: str, since: datetime, biller: str | None = None) -> Shard:
    """The lists of one shard, or one biller's share of them; of what is posted, since when."""
    only = {"biller": biller} if biller else None
    return Shard(
        *await asyncio.gather(
            store.scan(shard, "B~", f"B~{rows.END}", limit=MOST),
            store.scan(shard, "O~", f"O~{rows.END}", limit=MOST, only=only, fields=("queue", "received_at")),
            store.scan(shard, "H~", f"H~{rows.END}", limit=MOST, only=only, fields=("reason", "cents")),
            store.scan(shard, rows.posted_from(since), f"A~{rows.END}", limit=MOST, only=only, fields=("cents",)),
        )
    )


def count(shard: Shard, midnights: Mapping[str, datetime], now: datetime, found: Standings) -> None:
    """Add one shard's lists. An entry of a biller that has no record is counted too: somebody paid it."""
    found.cut = found.cut or shard.cut
    utc_midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found.gates |= {row.key.removeprefix("B~"): gate_of(row) for row in shard.gates}
    for row in shard.open:
        if rows.state_in(str(row.values["queue"])) in UNSETTLED:
            found.of(rows.key_in(row.key).biller).wait(_received_at(row, now))
    for row in shard.held:
        biller = rows.key_in(row.key).biller
        found.of(biller).hold(rows.moment_in(row.key), midnights.get(biller, utc_midnight))
    for row in shard.posted:
        key = rows.key_in(row.key)
        biller, is_payment = key.biller, key.kind is Kind.PAYMENT
        if is_payment and rows.moment_in(row.key) >= midnights.get(biller, utc_midnight):
            found.of(biller).posted_today.add(int(row.values["cents"]))


def _received_at(row: Row, now: datetime) -> datetime:
    """A row of an earlier release says only when it is due."""
    text = row.values.get("received_at")
    return datetime.fromisoformat(str(text)) if text else min(now, rows.moment_in(row.key))
