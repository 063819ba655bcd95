"""How what one step costs grows with the ledger: post, sweep and report, beside the same requests of the bare SDK.

``growth.post.30000`` is milliseconds with 30,000 rows in the one shard that is used, ``growth.post.1000-billers`` with
so many billers and 1,000 rows in all. A post is one payment without the call to Caselle; with many billers each payment
is another biller's, whose gate is read first, as where payments are rare. A sweep is one run of the timer with four
rows due, a report one day with 100 payments. The ratio is ours to the floor's on the same table, one after the other:
what our own code adds to the SDK's requests.

Whether that grows is another question: ``growth.post`` is that ratio in the largest ledger beside that in the
smallest. Azurite's own growth, which is steep, is in both sides of either.
"""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import batched, groupby
from pathlib import Path
from typing import Final

from azure.data.tables.aio import TableClient, TableServiceClient

from bench.figures import Figure, Figures, Goal, paired
from bench.floors import growth as floor
from bench.growth_memory import PAYMENTS, memory
from local.azurite import Azurite
from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.billers.model import Biller
from shared.ledger import rows
from shared.ledger.reading import Reader
from shared.ledger.store import Insert, Row
from shared.reconciliation.day_report import DayReport, Line
from tests.fakes.billers import FakeBillers
from tests.payments.world import NEWPORT, World, body, message

ROWS: Final = (1_000, 10_000, 30_000)
BILLERS: Final = (10, 100, 1_000)
FEW: Final = 1_000
RUNS: Final = 5
_ROWS_OF_ONE: Final = 6
_LISTED: Final = 100
_DUE: Final = 4
"""As many as a sweep takes of one biller."""
_BATCH: Final = 100
_REPORTED: Final = date(2026, 11, 20)
"""When payments of ``message()`` are made."""
_OTHER_DAY: Final = "2026-11-18T03:04:05-08:00"
_OFTEN: Final = {"post": 10, "sweep": 3, "report": 3}
"""How often a run does it; its time is the median."""
_GATE_FORGOTTEN: Final = 6
_DUE_AFTER: Final = 300
"""Seconds."""
_AT_MOST: Final = Goal(of="ratio", sign="<=", limit=1.1)

type Step = Callable[[], Awaitable[object]]
type Pairs = list[tuple[float, float]]


def run(
    sizes: Sequence[int] = ROWS,
    billers: Sequence[int] = BILLERS,
    runs: int = RUNS,
    few: int = FEW,
    payments: int = PAYMENTS,
) -> Figures:
    """Smallest first; ``few`` rows where the billers grow; memory over so many ``payments``."""
    by_rows = {f"{size}": asyncio.run(_measured(size, 1, runs)) for size in sizes}
    by_billers = {f"{count}-billers": asyncio.run(_measured(few, count, runs)) for count in billers}
    return _figures("", by_rows) | _figures("-billers", by_billers) | {"growth.memory": memory(payments)}


def _figures(suffix: str, found: dict[str, dict[str, Pairs]]) -> Figures:
    """Each size beside its floor, and the last size's ratio beside the first's."""
    sizes = {
        size: {step: paired(pairs, "ms", _AT_MOST) for step, pairs in steps.items()} for size, steps in found.items()
    }
    figures = list(sizes.values())
    each = {f"growth.{step}.{size}": figure for size, steps in sizes.items() for step, figure in steps.items()}
    return each | {f"growth.{step}{suffix}": _growth(figures[0][step], figures[-1][step]) for step in _OFTEN}


def _growth(small: Figure, large: Figure) -> Figure:
    """Ratios are compared, since each comes of two times taken side by side; the spread is the wider one."""
    before, after = small.ratio or 0, large.ratio or 0
    spread = max(small.spread or 0, large.spread or 0)
    return Figure(value=after, unit="x floor", floor=before, ratio=after / before, spread=spread, goal=_AT_MOST)


async def _measured(size: int, billers: int, runs: int) -> dict[str, Pairs]:
    """Milliseconds of both sides, run by run, for each step."""
    with tempfile.TemporaryDirectory() as folder, Azurite(Path(folder)) as azurite:
        async with staged(azurite.connection_string, size, billers) as stage:
            steps = {"sweep": stage.sweeps(), "report": stage.reports(), "post": stage.posts()}
            return {name: await _in_turn(*both, _OFTEN[name], runs) for name, both in steps.items()}


@asynccontextmanager
async def staged(connection: str, size: int, billers: int) -> AsyncIterator["Stage"]:
    """A table of its own with so many rows."""
    async with TableServiceClient.from_connection_string(connection) as service:
        yield await _filled(await service.create_table(f"ledger{uuid.uuid4().hex}"), size, billers)


async def _in_turn(ours: Step, bare: Step, often: int, runs: int) -> Pairs:
    """The medians of each run, in which both sides take turns."""
    await ours()
    await bare()
    found = []
    for _ in range(runs):
        taken = [(await _milliseconds(ours), await _milliseconds(bare)) for _ in range(often)]
        found.append((statistics.median(one for one, _ in taken), statistics.median(other for _, other in taken)))
    return found


async def _milliseconds(step: Step) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * 1000


@dataclass
class Stage:
    """The use cases on a real table that is filled, and the same requests without them."""

    world: World
    table: TableClient
    billers: list[Biller]
    posted: int = 0

    def posts(self) -> tuple[Step, Step]:
        """One payment of the next biller."""
        cold = len(self.billers) > 1

        async def ours() -> None:
            self.world.clock.advance(_GATE_FORGOTTEN if cold else 0)
            handled = await self.world.deliver(message(billerId=self._next()))
            assert handled.results[0].outcome == "posted"  # noqa: S101 - anything else costs something else

        async def bare() -> None:
            biller = self._next()
            await floor.post(self.table, rows.shard_of(biller), biller, cold=cold)

        return ours, bare

    def sweeps(self) -> tuple[Step, Step]:
        """One run over all shards."""
        return self.world.app.sweep.run, lambda: floor.sweep(self.table)

    def reports(self) -> tuple[Step, Step]:
        """One day of all billers."""
        places = [(rows.shard_of(each.biller_id), each.biller_id) for each in self.billers]
        return self.reported, lambda: floor.report(self.table, places, _REPORTED.isoformat())

    async def reported(self) -> list[Line]:
        """The lines of one day, biller by biller."""
        days = DayReport(Reader(self.world.store))
        return [line for biller in self.billers async for line in days.lines(biller, _REPORTED, _REPORTED)]

    def _next(self) -> str:
        self.posted += 1
        return self.billers[self.posted % len(self.billers)].biller_id


async def _filled(table: TableClient, size: int, billers: int) -> Stage:
    """So many rows of posted payments, the billers in turn, and some that wait; posted in memory first."""
    known = [Biller.model_validate(NEWPORT | {"billerId": str(2493 + number)}) for number in range(billers)]
    world = World()
    world.use(world.store, FakeBillers(*known))
    for number in range(size // _ROWS_OF_ONE):
        day = {} if number < _LISTED else {"paidAt": _OTHER_DAY}
        await world.deliver(message(billerId=known[number % billers].biller_id, **day))
    for number in range(_DUE):
        await world.app.post_payment.shelve(body(message(billerId=known[number % billers].biller_id)), "m")
    made, ledger = world.city.receipts_made, TableLedger(table, ServerTime(world.clock))
    await _copy(world.store.rows, ledger)
    world.use(ledger, world.billers)
    world.city.receipts_made = made  # its next receipt has a number of its own
    world.clock.advance(_DUE_AFTER)
    return Stage(world, table, known)


async def _copy(known: dict[tuple[str, str], Row], ledger: TableLedger) -> None:
    """Rows of a ledger in memory to one in a table."""
    ordered = sorted(known.items())
    for shard, group in groupby(ordered, key=lambda each: each[0][0]):
        for batch in batched(group, _BATCH, strict=False):
            await ledger.commit(shard, [Insert(row.key, row.values) for _, row in batch])
