"""Kills the functions host, or its storage, at the points of ``kills_points``, again and again, and counts the cost.

``python -m tests.faults.kills --kills N --seed S``; the exit code is 1 when a payment was lost, doubled or stuck.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from itertools import chain, zip_longest
from pathlib import Path
from random import Random
from typing import Final

from azure.storage.queue.aio import QueueServiceClient

from local.demo import read_ledger
from local.report import Findings
from local.simulator.client import SimulatorControl
from local.traffic import Traffic
from shared.billers import capabilities
from shared.billers.model import Biller, RejectStrategy
from tests.faults.kills_courses import OTHERS, PAYMENTS, Course
from tests.faults.kills_figures import KillFigures
from tests.faults.kills_others import Fields, Others
from tests.faults.kills_points import EVERYWHERE, Point
from tests.faults.kills_stage import Payments, Stage

_LATENCY_MS: Final = 200
"""So slow are the cities: payments beyond the slots have to wait."""
_MOST_HANDFULS: Final = 4
_FOLLOWED: Final = 3
"""Payments of one biller that other messages are about; more than its slots."""
_PATIENCE: Final = 20
"""Seconds without any event after which more payments come; in the end, what has no outcome is stuck."""
_PAUSE_SECONDS: Final = 0.2


class NotTripped(Exception):
    """Payments came, and the request at which the host was to die did not; so nothing was shown."""


class _Killed(Exception):
    """The trap has closed."""


def campaign(
    kills: int, seed: int, say: Callable[[str], None], points: Sequence[Point] = EVERYWHERE, folder: Path | None = None
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
        return asyncio.run(Campaign(stage, Random(seed), say).run(kills, points))


def drawn(points: Sequence[Point], random: Random) -> Iterator[Point]:
    """All points in random order, then again in another; each kind of message has its turn before one comes again."""
    while True:
        by_course = [random.sample(own, len(own)) for own in _by_course(points)]
        for turn in zip_longest(*by_course):
            yield from (point for point in turn if point is not None)


def _by_course(points: Sequence[Point]) -> list[list[Point]]:
    courses = list(dict.fromkeys((point.course.kind, point.outage) for point in points))
    return [[point for point in points if (point.course.kind, point.outage) == each] for each in courses]


class Campaign:
    """Kills and checks, on a stage that nobody has used yet."""

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
            self._others = {each: Others(queues, each, self._traffic, self._random) for each in OTHERS}
            self._control = await open_clients.enter_async_context(SimulatorControl(self._stage.control_url))
            for biller in self._stage.billers:
                await self._control.switch(str(biller.subdomain), latencyMs=_LATENCY_MS)
            for point in drawn(points, self._random):
                if self._figures.kills == kills or not self._figures.sound:
                    break
                await self._kill_at(point)
            if self._figures.sound:
                await self._check_when_drained(queues)
        self._figures.seconds = time.monotonic() - began
        return self._figures

    async def _kill_at(self, point: Point) -> None:
        began = time.monotonic()
        if point.course is PAYMENTS:
            await self._send_until_killed(point)
        else:
            await self._follow_until_killed(point)
        self._begin_again(point)
        await self._settle()
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
        look = await self._armed(point, biller)
        with suppress(_Killed):
            for _ in range(_MOST_HANDFULS):
                await self._enqueue(self._payments.handful(biller.biller_id))
                await self._traffic.collect(_PATIENCE, look)
            raise NotTripped(f"{point.id}: {point.words}")

    async def _follow_until_killed(self, point: Point) -> None:
        """Messages come about payments that were posted before; one of them meets the trap."""
        biller = self._random.choice([each for each in self._stage.billers if _does(each, point.course)])
        lines = self._payments.several(biller.biller_id, _FOLLOWED)
        await self._enqueue(lines)
        await self._collect()
        look, others = await self._armed(point, biller), self._others[point.course]
        with suppress(_Killed):
            await self._follow(others, [json.loads(line) for line in lines])
            await others.collect(_PATIENCE, look)
            raise NotTripped(f"{point.id}: {point.words}")

    async def _armed(self, point: Point, biller: Biller) -> Callable[[], None]:
        """Set the trap; what is given back raises once it has closed."""
        if point.in_doubt:
            await self._control.switch(str(biller.subdomain), dropAnswers=1)
        arm = self._stage.arm_outage if point.outage else self._stage.arm
        killed = arm(point, self._random.randint(0, point.most_passing))

        def look() -> None:
            if killed.done():
                raise _Killed

        return look

    def _begin_again(self, point: Point) -> None:
        if point.outage:
            self._stage.renew_storage()
            return
        self._stage.bury(point)
        self._stage.start_host()

    async def _settle(self) -> None:
        """Payments go on coming until all have their outcome: the last one may itself end in doubt."""
        for _ in range(_MOST_HANDFULS):
            await self._enqueue(self._payments.one_each())
            if await self._collect():
                return

    async def _collect(self) -> bool:
        """Read outcomes until every message of every kind has its own; False when nothing happened for too long."""
        kinds = (self._traffic, *self._others.values())
        return all([await each.collect(_PATIENCE, self._stage.check) for each in kinds])

    async def _follow(self, others: Others, payments: Sequence[Fields]) -> None:
        self._figures.others += len(payments)
        others.follow(payments)
        await others.enqueue()

    async def _enqueue(self, lines: list[str]) -> None:
        self._figures.payments += len(lines)
        self._traffic.add(lines)
        await self._traffic.enqueue()

    async def _check_when_drained(self, queues: QueueServiceClient) -> None:
        """What the last kill left in the queues comes again; it must change nothing."""
        for name in (PAYMENTS.queue, *(each.queue for each in OTHERS), "due"):
            queue = queues.get_queue_client(name)
            deadline = time.monotonic() + _MOST_HANDFULS * _PATIENCE
            while (await queue.get_queue_properties()).approximate_message_count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"The queue {name} does not drain.")
                await asyncio.sleep(_PAUSE_SECONDS)
        await self._check()

    async def _check(self) -> None:
        entries = await read_ledger(self._stage.storage)
        receipts, accounts = await self._control.receipts(), await self._control.accounts()
        findings = Findings(
            counts=self._traffic.counts(),
            unsettled=self._traffic.unsettled(),
            results=[each for each in self._traffic.results.values() if each.kind == PAYMENTS.kind],
            entries=[each for each in entries if each.key.kind is PAYMENTS.kind],
            receipts=receipts,
            summary=await self._control.summary(),
            seconds=0,
        )
        self._figures.count(findings, self._stage.billers)
        sentences = [each.wrong(entries, receipts, accounts) for each in self._others.values()]
        self._figures.count_others(chain.from_iterable(sentences))


def _does(biller: Biller, course: Course) -> bool:
    """Whether such messages are carried out for the biller, and not handed to a person or skipped."""
    if course.undoes:
        return biller.reject_strategy is RejectStrategy.VOID
    return bool(biller.features)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=len(EVERYWHERE))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for stores and logs, kept afterwards")
    options = parser.parse_args()
    figures = campaign(options.kills, options.seed, print, folder=options.keep)
    print(f"{figures} points={len(figures.points)} seconds={figures.seconds:.0f}")  # noqa: T201 - talks to a terminal
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
