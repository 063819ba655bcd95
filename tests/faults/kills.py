"""Kills the functions host with SIGKILL at the points of ``kills_points``, again and again, and counts what it cost.

``python -m tests.faults.kills --kills N --seed S``; the exit code is 1 when a payment was lost, doubled or stuck.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from azure.storage.queue.aio import QueueServiceClient

from local.demo import read_ledger
from local.report import Findings
from local.simulator.client import SimulatorControl
from local.traffic import Traffic
from shared.billers import capabilities
from shared.ledger.entry import SETTLED, Entry, State
from tests.faults.kills_points import POINTS, Point
from tests.faults.kills_stage import Payments, Stage

_LATENCY_MS: Final = 200
"""So slow are the cities: payments beyond the slots have to wait."""
_MOST_HANDFULS: Final = 4
_PATIENCE: Final = 60


class NotTripped(Exception):
    """Payments came, and the request at which the host was to die did not; so nothing was shown."""


@dataclass
class KillFigures:
    """What a campaign found. ``lost``, ``doubled`` and ``stuck`` count payments; ``wrong`` says what they were."""

    kills: int = 0
    payments: int = 0
    posted: int = 0
    held: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    points: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def sound(self) -> bool:
        """Whether every payment ended as it must."""
        return not (self.lost or self.doubled or self.stuck or self.wrong)

    def __str__(self) -> str:
        """The figures on one line."""
        names = ("kills", "payments", "posted", "held", "lost", "doubled", "stuck")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)


def campaign(
    kills: int, seed: int, say: Callable[[str], None], points: Sequence[Point] = POINTS, folder: Path | None = None
) -> KillFigures:
    """Kill the host so many times, each time at another point until all have had their turn, and check after each.

    Call it from the main thread, without a running event loop. It ends early where a check fails.

    Args:
        kills: how many.
        seed: decides order, billers, payments, and which request of its kind is the fatal one.
        say: takes a line about each kill.
        points: where to kill.
        folder: keeps stores and logs; a temporary one is removed.

    Raises:
        NotTripped: a point was not reached.
    """
    with tempfile.TemporaryDirectory() as temporary, Stage((folder or Path(temporary)) / "state") as stage:
        return asyncio.run(_Campaign(stage, Random(seed), say).run(kills, points))


def drawn(points: Sequence[Point], random: Random) -> Iterator[Point]:
    """All points in random order, then again in another."""
    while True:
        yield from random.sample(points, len(points))


class _Campaign:
    def __init__(self, stage: Stage, random: Random, say: Callable[[str], None]) -> None:
        self._stage = stage
        self._random = random
        self._say = say
        self._payments = Payments(random)
        self._figures = KillFigures()

    async def run(self, kills: int, points: Sequence[Point]) -> KillFigures:
        began = time.monotonic()
        async with AsyncExitStack() as open_clients:
            queues = QueueServiceClient.from_connection_string(self._stage.storage)
            self._traffic = Traffic(await open_clients.enter_async_context(queues), [])
            self._control = await open_clients.enter_async_context(SimulatorControl(self._stage.control_url))
            for biller in self._stage.billers:
                await self._control.switch(str(biller.subdomain), latencyMs=_LATENCY_MS)
            for point in drawn(points, self._random):
                if self._figures.kills == kills or not self._figures.sound:
                    break
                await self._kill_at(point)
        self._figures.seconds = time.monotonic() - began
        return self._figures

    async def _kill_at(self, point: Point) -> None:
        began = time.monotonic()
        await self._send_until_killed(point)
        self._stage.bury()
        self._stage.start_host()
        await self._enqueue(self._payments.one_each())
        await self._traffic.collect(_PATIENCE, self._stage.check)
        self._figures.kills += 1
        self._figures.points[point.id] += 1
        await self._check()
        seconds = time.monotonic() - began
        self._say(f"{self._figures.kills:3} {point.id:3} {point.words}: {seconds:.1f} s, {self._figures}")
        for sentence in self._figures.wrong:
            self._say(f"    {sentence}")

    async def _send_until_killed(self, point: Point) -> None:
        """Payments come until the trap has closed: which one meets it is the host's own affair."""
        billers = [each for each in self._stage.billers if not point.in_doubt or capabilities.can_query_receipts(each)]
        biller = self._random.choice(billers)
        if point.in_doubt:
            await self._control.switch(str(biller.subdomain), dropAnswers=1)
        killed = asyncio.wrap_future(self._stage.arm(point.trap(self._random.randint(0, point.most_passing))))
        for _ in range(_MOST_HANDFULS):
            await self._enqueue(self._payments.handful(biller.biller_id))
            done, _ = await asyncio.wait({killed}, timeout=_PATIENCE / _MOST_HANDFULS)
            if done:
                return
        raise NotTripped(f"{point.id}: {point.words}")

    async def _enqueue(self, lines: list[str]) -> None:
        self._figures.payments += len(lines)
        self._traffic.add(lines)
        await self._traffic.enqueue()

    async def _check(self) -> None:
        entries = await read_ledger(self._stage.storage)
        findings = Findings(
            counts=self._traffic.counts(),
            unsettled=self._traffic.unsettled(),
            results=list(self._traffic.results.values()),
            entries=entries,
            receipts=await self._control.receipts(),
            summary=await self._control.summary(),
            seconds=0,
        )
        self._count(findings)

    def _count(self, findings: Findings) -> None:
        figures, entries = self._figures, findings.entries
        posted = [entry for entry in entries if entry.state is State.POSTED]
        there = {(biller, row["reference"]) for biller, rows in findings.receipts.items() for row in rows}
        receiptless = [entry for entry in posted if (entry.key.biller, entry.reference) not in there]
        open_or_astray = [entry for entry in entries if entry.state not in SETTLED or self._held_without_need(entry)]
        figures.posted, figures.held = len(posted), len(findings.held)
        figures.lost = figures.payments - len(entries) + len(receiptless)
        figures.doubled = sum(summary["doubled"] for summary in findings.summary.values())
        figures.stuck = max(len(open_or_astray), len(findings.unsettled))
        astray = [f"{entry.key} is {entry.state} ({entry.reason})" for entry in open_or_astray]
        figures.wrong = [*findings.disagreements, *astray]

    def _held_without_need(self, entry: Entry) -> bool:
        """Only the outcome of a biller that cannot be asked is for a person to find out."""
        biller = next(each for each in self._stage.billers if each.biller_id == entry.key.biller)
        needed = entry.reason == "outcome_unknown" and not capabilities.can_query_receipts(biller)
        return entry.state is State.HELD and not needed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=len(POINTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for stores and logs, kept afterwards")
    options = parser.parse_args()
    figures = campaign(options.kills, options.seed, print, folder=options.keep)
    print(f"{figures} points={len(figures.points)} seconds={figures.seconds:.0f}")  # noqa: T201 - talks to a terminal
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
