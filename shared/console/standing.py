"""Where all billers stand at once: the ledger's backlog, and beside it what was posted today. No entry is read."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Final

from shared.billers.model import Biller
from shared.ledger import rows
from shared.ledger.backlog import MOST, Backlog, Backlogs, Lists, read_lists
from shared.ledger.entry import Kind
from shared.ledger.gate import Gate
from shared.ledger.store import LedgerStore, Row
from shared.reconciliation.day_report import Total

_SHARDS_AT_ONCE: Final = 8
"""Of four requests each: more would only wait for connections."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one biller stands. Days are the biller's own."""

    backlog: Backlog = field(default_factory=Backlog)
    posted_today: Total = field(default_factory=Total)


@dataclass(slots=True)
class Standings:
    """All billers. ``cut``: a list was too long to be read whole."""

    backlogs: Backlogs = field(default_factory=Backlogs)
    posted: defaultdict[str, Total] = field(default_factory=lambda: defaultdict(Total))
    cut: bool = False

    def of(self, biller: str) -> Standing:
        """One biller's."""
        return Standing(self.backlogs.of(biller), self.posted.get(biller) or Total())

    def gate(self, lane: str) -> Gate:
        """One lane's; a healthy one where none was written."""
        return self.backlogs.gate(lane)

    def billers(self) -> set[str]:
        """Everybody of whom there is something to be shown."""
        unfinished = {name for name, each in self.backlogs.by_biller.items() if each.waiting or each.held}
        return unfinished | self.posted.keys()


@dataclass(frozen=True, slots=True)
class Shard:
    """The lists of one shard."""

    lists: Lists
    posted: Sequence[Row]


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
    lists, posted = await asyncio.gather(
        read_lists(store, shard, biller),
        store.scan(shard, rows.posted_from(since), f"A~{rows.END}", limit=MOST + 1, only=only, fields=("cents",)),
    )
    return Shard(lists, posted)


def count(shard: Shard, midnights: Mapping[str, datetime], now: datetime, found: Standings) -> None:
    """Add one shard's lists. An entry of a biller that has no record is counted too: somebody paid it."""
    found.cut = found.cut or shard.lists.cut or len(shard.posted) > MOST
    found.backlogs.add(shard.lists, now, midnights)
    utc_midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for row in shard.posted[:MOST]:
        key = rows.key_in(row.key)
        if key.kind is Kind.PAYMENT and rows.moment_in(row.key) >= midnights.get(key.biller, utc_midnight):
            found.posted[key.biller].add(int(row.values["cents"]))
