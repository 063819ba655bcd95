"""Finds what is due in the ledger; the queue ``due`` carries it on."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.book import Ledger
from shared.ledger.due import Due, readable_step
from shared.ledger.entry import State
from shared.ledger.outage import Outage
from shared.ledger.rows import SHARDS, state_in
from shared.ledger.store import Row
from shared.ledger.times import Times
from shared.vocabulary import events
from shared.vocabulary.clock import to_ms
from shared.vocabulary.errors import Unavailable

MOST_PER_RUN: Final = 500
MOST_WAITING_PER_BILLER: Final = 4
"""Of those to be sent, twice the slots: enough to restart a chain that broke, too few to crowd out the others."""
MOST_OTHERS_PER_BILLER: Final = 50
"""Of each other state."""
_PAGE: Final = 200
_MOST_SKIPPED: Final = 10


class Sweep:
    """One run over all shards."""

    def __init__(self, ledger: Ledger, outage: Outage, times: Times) -> None:
        """Keep what it reads."""
        self._ledger = ledger
        self._outage = outage
        self._times = times

    async def run(self) -> list[Due]:
        """What is to be driven now, at most ``MOST_PER_RUN``; late rows raise one event per biller."""
        now = self._ledger.now()
        due: list[Due] = []
        late: Counter[str] = Counter()
        for shard in _in_turn(now):
            found = await self._readable(shard, now, MOST_PER_RUN - len(due))
            due += [step for row in found if (step := readable_step(row))]
            late.update(str(row.values["biller"]) for row in found if self._late(row, now))
        for biller, count in late.items():
            events.emit("ledger.past_due", events.WARNING, biller=biller, at_least=count)
        with suppress(Unavailable):
            await self._outage.watch({step.biller_id for step in due}, now)
        events.emit("ledger.swept", due=len(due))
        return due

    async def _readable(self, shard: str, now: datetime, room: int) -> list[Row]:
        """A shard that does not answer waits for the next run; the others do not."""
        try:
            return await self._shard(shard, now, room)
        except Unavailable as error:
            events.emit("ledger.shard_unavailable", events.ERROR, shard=shard, error=str(error))
            return []

    async def _shard(self, shard: str, now: datetime, room: int) -> list[Row]:
        """Due rows of one shard; a biller's backlog beyond its share is passed over, not read."""
        found: list[Row] = []
        waiting: Counter[str] = Counter()
        last = ""
        while len(found) < room:
            full = [queue for queue, count in waiting.items() if count >= _share(queue)][:_MOST_SKIPPED]
            page = await self._ledger.open_rows(shard, now, _PAGE, after=last, skip=full)
            found += [row for row in page if _admit(row, waiting)]
            if len(page) < _PAGE:
                break
            last = page[-1].key
        return found[:room]

    def _late(self, row: Row, now: datetime) -> bool:
        due_ms = int(row.key.split("~")[1])
        return due_ms < to_ms(now - timedelta(seconds=self._times.past_due))


def _in_turn(now: datetime) -> tuple[str, ...]:
    """Each run begins one shard further, so that none is always behind the fuller ones."""
    first = int(now.timestamp() // 60) % len(SHARDS)
    return SHARDS[first:] + SHARDS[:first]


def _admit(row: Row, waiting: Counter[str]) -> bool:
    queue = str(row.values["queue"])
    waiting[queue] += 1
    return waiting[queue] <= _share(queue)


def _share(queue: str) -> int:
    """How many of a biller's rows in one state a run takes."""
    return MOST_WAITING_PER_BILLER if state_in(queue) == State.RECEIVED else MOST_OTHERS_PER_BILLER
