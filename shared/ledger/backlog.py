"""What is not finished, counted from the ledger's own lists: open and held, by biller, lane and cause. Reads no entry.

The one count that command line and console go by. A list is read up to ``MOST`` rows; where it is longer, every figure
of its shard is "at least". Rows are taken by their values, so those of a newer release are counted too.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import State
from shared.ledger.gate import Gate
from shared.ledger.gate_row import gate_of
from shared.ledger.store import LedgerStore, Row

MOST: Final = 10_000
"""Rows of one list and shard that are counted."""
UNSETTLED: Final = frozenset({State.RECEIVED, State.SENDING, State.UNKNOWN, State.WAITING})

_SHARDS_AT_ONCE: Final = 8
"""Of a few requests each: more would only wait for connections."""
_NO_DAYS: Final[Mapping[str, datetime]] = MappingProxyType({})


@dataclass(slots=True)
class Backlog:
    """What one biller has not finished, all its lanes together. ``cut``: there is more than was counted."""

    open: Counter[str] = field(default_factory=Counter)
    """Still to be driven, by state; what is settled among it is only still to be told."""
    lanes: Counter[str] = field(default_factory=Counter)
    """Not settled, by lane: the biller's own, and that of its customer updates."""
    causes: Counter[str] = field(default_factory=Counter)
    """Held, by reason."""
    held_today: int = 0
    """Held since the moment that the biller's day began."""
    oldest_held: datetime | None = None
    oldest_waiting: datetime | None = None
    """When the oldest of what is not settled came."""
    most_late: timedelta = timedelta()
    """By how much the longest due entry is late."""
    cut: bool = False

    @property
    def waiting(self) -> int:
        """Not settled, and on its way."""
        return self.lanes.total()

    @property
    def held(self) -> int:
        """Waits for a person."""
        return self.causes.total()


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one shard, or one biller's share of them; of each at most ``MOST`` rows."""

    gates: Sequence[Row]
    open: Sequence[Row]
    held: Sequence[Row]
    cut: bool
    """Whether one of them is longer."""


@dataclass(slots=True)
class Backlogs:
    """Of all billers: by id what is not finished, by lane the gate. ``cut``: a list was too long to be read whole."""

    by_biller: dict[str, Backlog] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    cut: bool = False

    def of(self, biller: str) -> Backlog:
        """One biller's."""
        return self.by_biller.get(biller) or Backlog()

    def gate(self, lane: str) -> Gate:
        """One lane's; a healthy one where none was written."""
        return self.gates.get(lane, Gate())

    def add(self, lists: Lists, now: datetime, day_began: Mapping[str, datetime] = _NO_DAYS) -> None:
        """Count one shard's lists; a biller whose day is not known has UTC's."""
        utc_midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.gates |= {row.key.removeprefix("B~"): gate_of(row) for row in lists.gates}
        touched = set()
        for row in lists.open:
            touched.add(self._open(row, now))
        for row in lists.held:
            biller = str(row.values["biller"])
            touched.add(self._held(row, biller, day_began.get(biller, utc_midnight)))
        if lists.cut:
            self.cut = True
            for biller in touched:
                self.by_biller[biller].cut = True

    def _open(self, row: Row, now: datetime) -> str:
        biller, queue = str(row.values["biller"]), str(row.values["queue"])
        backlog, state = self.by_biller.setdefault(biller, Backlog()), rows.state_in(queue)
        backlog.open[state] += 1
        backlog.most_late = max(backlog.most_late, now - rows.moment_in(row.key))
        if state in UNSETTLED:
            came = _received_at(row, now)
            backlog.lanes[rows.lane_in(queue)] += 1
            backlog.oldest_waiting = min(came, backlog.oldest_waiting or came)
        return biller

    def _held(self, row: Row, biller: str, day_began: datetime) -> str:
        backlog, since = self.by_biller.setdefault(biller, Backlog()), rows.moment_in(row.key)
        backlog.causes[str(row.values["reason"])] += 1
        backlog.held_today += since >= day_began
        backlog.oldest_held = min(since, backlog.oldest_held or since)
        return biller


async def read_backlogs(store: LedgerStore, biller: str | None = None) -> Backlogs:
    """What everyone, or one biller, has not finished.

    Raises:
        Unavailable: the store does not answer.
    """
    found, now, free = Backlogs(), store.now(), asyncio.Semaphore(_SHARDS_AT_ONCE)

    async def take(shard: str) -> None:
        async with free:
            found.add(await read_lists(store, shard, biller), now)

    await asyncio.gather(*(take(shard) for shard in ([rows.shard_of(biller)] if biller else rows.SHARDS)))
    return found


async def read_lists(store: LedgerStore, shard: str, biller: str | None = None) -> Lists:
    """The lists of one shard; where a biller is named, its own rows, but the gates of all."""
    only = {"biller": biller} if biller else None
    gates, unfinished, held = await asyncio.gather(
        store.scan(shard, "B~", f"B~{rows.END}", limit=MOST + 1),
        store.scan(shard, "O~", f"O~{rows.END}", limit=MOST + 1, only=only, fields=("biller", "queue", "received_at")),
        store.scan(shard, "H~", f"H~{rows.END}", limit=MOST + 1, only=only, fields=("biller", "reason", "cents")),
    )
    cut = any(len(listed) > MOST for listed in (gates, unfinished, held))
    return Lists(gates[:MOST], unfinished[:MOST], held[:MOST], cut)


def _received_at(row: Row, now: datetime) -> datetime:
    """A row of an earlier release says only when it is due."""
    text = row.values.get("received_at")
    return datetime.fromisoformat(str(text)) if text else min(now, rows.moment_in(row.key))
