"""Whoever may send waits until it is known whether this stamp was here all along."""

import asyncio
from datetime import timedelta

import pytest

from shared.runtime.presence import Presence
from shared.vocabulary.errors import Unavailable
from tests.fakes.clock import StoppedClock
from tests.fakes.runs import MemoryRuns

MINUTE = 60.0


class Stamp:
    """One stamp's table of runs, and what it does when it was away."""

    def __init__(self):
        self.runs, self.clock, self.came_home, self.fails = MemoryRuns(), StoppedClock(), [], 0
        self.runs.reads = 0

    def process(self):
        return Presence(self, self.clock.now, self._come_home)

    async def all(self):
        self.runs.reads += 1
        return await self.runs.all()

    async def note(self, timer, at):
        await self.runs.note(timer, at)

    async def swept(self, minutes_ago=0.0):
        await self.note("sweep", self.clock.now() - timedelta(minutes=minutes_ago))

    async def _come_home(self, away):
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise Unavailable("table billers")
        self.came_home.append(round(away.total_seconds() / MINUTE))


@pytest.fixture
def stamp():
    return Stamp()


@pytest.mark.parametrize(("minutes", "asks"), [(0, []), (29, []), (30, []), (31, [31]), (10_000, [10_000])])
async def test_it_asks_after_half_an_hour_without_a_sweep(stamp, minutes, asks):
    await stamp.swept(minutes_ago=minutes)
    await stamp.process()()
    assert stamp.came_home == asks


async def test_a_stamp_that_never_swept_has_nothing_to_ask_about(stamp):
    await stamp.process()()
    assert stamp.came_home == []


async def test_it_asks_once_whoever_comes_first(stamp):
    await stamp.swept(minutes_ago=90)
    first, second = stamp.process(), stamp.process()
    await asyncio.gather(first(), first(), first())
    await second()
    assert stamp.came_home == [90]


async def test_a_process_looks_again_every_ten_minutes_and_reads_nothing_in_between(stamp):
    await stamp.swept()
    process = stamp.process()
    for _ in range(30):
        await process()
        stamp.clock.advance(MINUTE)
        await stamp.swept()
    assert (stamp.runs.reads, stamp.came_home) == (3, [])


async def test_one_that_stood_still_for_hours_looks_before_it_sends(stamp):
    await stamp.swept()
    process = stamp.process()
    await process()
    stamp.clock.advance(120 * MINUTE)
    await process()
    assert stamp.came_home == [120]


async def test_nothing_is_sent_until_it_is_known(stamp):
    await stamp.swept(minutes_ago=90)
    process = stamp.process()
    stamp.runs.down = True
    with pytest.raises(Unavailable):
        await process()
    stamp.runs.down, stamp.fails = False, 1
    with pytest.raises(Unavailable):
        await process()
    await process()
    assert stamp.came_home == [90]
