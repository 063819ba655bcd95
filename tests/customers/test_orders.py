"""Whatever order messages come in, on whichever host, with whatever answers lost: the newest is what stays."""

import asyncio
import random

import pytest

from shared.ledger.answer import Ambiguous
from shared.vocabulary.errors import Unavailable
from tests.customers.world import ON, World, autopay, registration
from tests.fakes.billers import FakeBillers
from tests.fakes.ledger import MemoryLedger

LOST = Ambiguous("ReadTimeout")
MINUTE = 60.0
_TIMES = [f"2026-11-{day:02}T{hour:02}:15:00-08:00" for day in (18, 19) for hour in range(8, 18, 2)]


def messages():
    """Ten changes and ten registrations of one customer; the newest change leaves AutoPay."""
    changes = [
        autopay(at, change, changeId=f"c{number}")
        for number, (at, change) in enumerate(zip(_TIMES, ["enrolled", "cancelled"] * 5, strict=True))
    ]
    addresses = [registration(at, email=f"ada{number}@example.test") for number, at in enumerate(_TIMES)]
    return changes + addresses


class SlowLedger(MemoryLedger):
    """Lets others run before it answers."""

    def __init__(self, clock, rng):
        super().__init__(clock)
        self._rng = rng

    async def commit(self, shard, changes):
        await self._others()
        return await super().commit(shard, changes)

    async def read(self, shard, key):
        found = await super().read(shard, key)
        await self._others()
        return found

    async def _others(self):
        for _ in range(self._rng.randint(0, 6)):
            await asyncio.sleep(0)


class Chance:
    """Loses up to two answers; what was lost is done at once, never, or within the time in which it may still land."""

    def __init__(self, world, rng):
        self._world, self._rng, self._left = world, rng, 2
        self.late = []

    async def react(self, apply):
        await asyncio.sleep(0)
        fate = self._rng.choice(["done", "done", "lost", "lost and done", "late"]) if self._left else "done"
        if fate in {"done", "lost and done"}:
            apply()
        if fate == "done":
            return None
        self._left -= 1
        if fate == "late":
            self.late.append((self._world.clock.now().timestamp() + self._rng.uniform(0, 14.9 * MINUTE), apply))
        return LOST

    def land(self):
        due = [each for each in self.late if each[0] <= self._world.clock.now().timestamp()]
        self.late = [each for each in self.late if each not in due]
        for _, apply in due:
            apply()


async def brought(world, update, app, message_id):
    """As the queue does: again until it is done with."""
    while True:
        try:
            await world.tell(update, message_id, app)
        except Unavailable:
            await asyncio.sleep(0)
        else:
            return


async def settled(world, apps, chance, rng):
    """Both hosts drive what is due, at the same moment, until nothing is open."""
    for _ in range(400):
        world.clock.advance(MINUTE)
        chance.land()
        world.queue += [step for app in apps for step in await app.sweep.run()]
        while world.queue:
            steps, world.queue = world.queue, []
            rng.shuffle(steps)
            answers = await asyncio.gather(
                *(rng.choice(apps).drive.step(step, redelivered=False) for step in steps), return_exceptions=True
            )
            for handled in answers:
                if isinstance(handled, BaseException):
                    assert isinstance(handled, Unavailable), handled
                else:
                    world.take(handled)
        if not world.keys("O~") and not chance.late:
            return
    raise AssertionError(world.keys("O~"))


@pytest.mark.parametrize("seed", range(100))
async def test_a_shuffled_order_ends_in_the_same_state(seed):
    rng = random.Random(seed)
    world = World()
    world.use(SlowLedger(world.clock, rng), FakeBillers())
    await world.set_up(**ON)
    chance = Chance(world, rng)
    world.records.chance = chance.react
    apps = [world.app, world.process()]
    updates = messages()
    rng.shuffle(updates)
    while updates:
        burst, updates = updates[: (size := rng.randint(1, 6))], updates[size:]
        await asyncio.gather(
            *(brought(world, each, rng.choice(apps), f"m-{seed}-{id(each)}") for each in burst),
        )
        for _ in range(rng.randint(0, 2)):
            world.clock.advance(MINUTE)
            chance.land()
    await settled(world, apps, chance, rng)
    assert world.records.autopay == {"000412": False}
    assert world.records.emails == {"000412": "ada9@example.test"}
    outcomes = {(result.kind, result.id): result.outcome for result in world.results}
    assert (len(outcomes), set(outcomes.values())) == (20, {"applied", "skipped"})
    assert world.keys("L~") == world.keys("S~") == []
