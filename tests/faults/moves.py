"""Two stamps: one moves its billers to the other, or comes back after the other has taken over."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from shared.billers.homecoming import Homecoming
from shared.billers.model import Pause
from shared.ledger.gates import Gates
from shared.ledger.move import MoveLedger
from shared.vocabulary.errors import Unavailable
from tests.faults.app import TIMES
from tests.faults.habit import HOUR, MINUTE
from tests.faults.losses import NOTHING, enqueue_unfinished, moment, takes_over
from tests.faults.stamp import CopiedInto, Stamp

if TYPE_CHECKING:
    from tests.faults.world import World

ELSEWHERE: Final = "eastus2"
_REMEMBERED: Final = 61.0
"""Seconds until every instance has read a record anew."""
_EARLY: Final = 0.4
"""The share of messages that come to the new home before their entries do."""
_AWAY: Final = timedelta(hours=1)
_BESIDE: Final = 3 * HOUR
"""How long a stamp that came back runs beside the one that took over."""


async def moved(world: "World") -> None:
    """M13: all billers, one after the other, while their messages come to both stamps; as ``biller move`` does it."""
    if {"M11", "M12", "M14"} & set(world.plan.faults):
        return  # nobody moves billers of a region that is lost
    dice = world.plan.dice("M13")
    await asyncio.sleep(moment(world, dice))
    world.struck("M13")
    old, new = world.home, Stamp(world, ELSEWHERE, (), world.home, name=" elsewhere")
    new.table.restore(NOTHING, old.table.written)
    new.start()
    for message in [each for each in world.sent if each.key is not None and dice.random() < _EARLY]:
        world.loop.call_later(dice.uniform(0, 3 * MINUTE), new.host.put, message.queue, message.body, message.key)
    numbers = [record.biller_id for record in await old.billers.all()]
    for number in numbers:
        world.note("person", f"moves {number}")
        await _move(old, new, number, dice)
    old.go_down()
    world.home = new
    for number in numbers:
        await Gates(new.table, world.clock, TIMES).resume(number)
        await world.change_biller(number, paused=None)
    enqueue_unfinished(world, dice)


async def _move(old: Stamp, new: Stamp, number: str, dice: Random) -> None:
    record = await old.billers.get(number)
    if record is None:
        return
    away = record.model_copy(update={"region": new.region, "paused": Pause(reason="moved to elsewhere")})
    await old.billers.put(away)
    mover = MoveLedger(CopiedInto(old), CopiedInto(new))
    under_way = await mover.take_slots(number)
    while under_way:
        await asyncio.sleep(2)
        under_way = await mover.take_slots(number)
    await asyncio.sleep(_REMEMBERED)
    await new.billers.put(away.model_copy(update={"paused": Pause(reason="moving in")}))
    for _ in range(2):
        async for _copied in mover.copy(number):
            await asyncio.sleep(dice.uniform(0, 1))


async def comes_back(world: "World") -> None:
    """M14: a region that was only away finds its ledger and its queues as they were, and another stamp at its work."""
    dice, old = world.plan.dice("M14"), world.home
    await asyncio.sleep(moment(world, dice))
    copy = dict(world.table.rows) if dice.random() < 0.5 else NOTHING
    await takes_over(world, copy, dice)
    world.struck("M14")
    world.expect(_beside(world, old, dice))


async def _beside(world: "World", old: Stamp, dice: Random) -> None:
    await asyncio.sleep(dice.uniform(0.51, 2) * HOUR)
    await Homecoming(old.billers, _Others(world, answers=dice.random() < 0.7), {old.region})(_AWAY)
    world.note("region", "BACK")
    old.start()
    for _ in range(int(_BESIDE // MINUTE)):
        await asyncio.sleep(MINUTE)
        old.host.sweep()
    old.go_down()


class _Others:
    """``shared.billers.homecoming.OtherStamps``: the one that took over, which may not answer."""

    def __init__(self, world: "World", *, answers: bool) -> None:
        self._world = world
        self._answers = answers

    @property
    def others(self) -> Collection[str]:
        return [ELSEWHERE]

    async def at_home(self, region: str, billers: Collection[str]) -> Collection[str]:
        if not self._answers:
            raise Unavailable(f"stamp {region}: ConnectError")
        there = {record.biller_id for record in await self._world.billers.all()}
        return there & set(billers)
