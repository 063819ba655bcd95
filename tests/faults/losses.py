"""A region is lost: another stamp takes over with nothing, or with a copy that lags, as ``docs/region-lost.md`` says."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shared.exchange.result import PostingResult
from shared.ledger.book import Ledger
from shared.ledger.posted import PostedRows
from shared.payments.evidence.shown import WHOLE, Form, Shown
from shared.repair import witness
from shared.repair.decision import Decision
from shared.repair.take_back import TakeBack
from tests.faults import going_live
from tests.faults.habit import DAY, HOUR, MINUTE
from tests.faults.stamp import CopiedInto, Copy, Stamp

if TYPE_CHECKING:
    from tests.faults.world import World

CHECKED: Final = Shown(form=Form(proven=WHOLE))
"""What is known of a city's list that showed the longest reference when it was set up."""
NOTHING: Final[Copy] = MappingProxyType({})
_UNREAD: Final = 0.6
"""Of the results of the last time before the loss, the share that Invoice Cloud never read."""
_LOSSES: Final = ("M11", "M12")
_SAID: Final = Decision("object-id-6", "the region is lost")


async def lost_whole(world: "World") -> None:
    """M11: nothing of the ledger is left."""
    dice = world.plan.dice("M11")
    await asyncio.sleep(moment(world, dice))
    await takes_over(world, NOTHING, dice)


async def lost_but_for_a_copy(world: "World") -> None:
    """M12: a copy is left that is some minutes old, in a town hours."""
    dice, town = world.plan.dice("M12"), world.plan.town()
    at, lag = moment(world, dice), dice.uniform(0.2, 15) * MINUTE if town is None else dice.uniform(0.1, 36) * HOUR
    await asyncio.sleep(max(0.0, at - lag))
    copy = dict(world.table.rows)
    await asyncio.sleep(min(at, lag))
    await takes_over(world, copy, dice)


def moment(world: "World", dice: Random) -> float:
    """Seconds from now to the loss: while payments come, rarely after the last."""
    town = world.plan.town()
    if town is None:
        return dice.uniform(0.2, 1.2) * max(5 * MINUTE, world.plan.arrival_seconds())
    return town.honest + dice.uniform(0.2, 0.9) * town.span


async def takes_over(world: "World", copy: Copy, dice: Random) -> None:
    """Records in recovery, what Invoice Cloud was told taken back, and whatever had no final result enqueued again."""
    lost_at, old = world.clock.now(), world.home
    world.note("region", "LOST")
    for fault in _LOSSES:
        if fault in world.plan.faults:
            world.struck(fault)
    old.go_down()
    _forget_unread(world, lost_at, dice)
    records = [each.model_copy(update={"recover_before": lost_at}) for each in await old.billers.all()]
    new = Stamp(world, old.region, records, old, name=f" after {len(world.made_instances)}")
    new.table.restore(copy, old.table.written)
    new.auditor.restored()
    world.home, world.lost_at = new, lost_at
    if not copy:
        for city in world.cities.values():
            await PostedRows(new.table).keep_readings(city.biller.biller_id, CHECKED.written(), "")
    world.auditor.chronicle.forget_what_was_shown()
    late = dice.random() < 0.3
    if not late:
        await import_results(world, lost_at)
    await going_live.holds_overlap(world)
    new.start()
    _enqueue_again(world, world.read_before_loss, dice)
    if late:
        await asyncio.sleep(dice.uniform(0.5, 20) * MINUTE)
        await import_results(world, lost_at)


def _forget_unread(world: "World", lost_at: datetime, dice: Random) -> None:
    """Of the last minutes, in a town of up to six days, many results were still in the queue that is lost."""
    longest = 10 * MINUTE if world.plan.town() is None else 6 * DAY
    since = lost_at.timestamp() - dice.uniform(0.1, 1) * longest
    kept = [
        each
        for each in world.results
        if PostingResult.model_validate_json(each).at.timestamp() < since or dice.random() > _UNREAD
    ]
    world.results[:] = kept
    world.read_before_loss = tuple(kept)


async def import_results(world: "World", lost_at: datetime) -> None:
    """As ``payments import-results`` does it, with everything that Invoice Cloud had read by the loss."""
    found = witness.read(each.encode() for each in world.read_before_loss)
    if found.wrong:
        world.broken("false", f"Invoice Cloud was told two ways: {found.wrong}")
    take_back = TakeBack(CopiedInto(world.home), Ledger(world.table))
    for told in found.final():
        await take_back(told, lost_at, _SAID)


def enqueue_unfinished(world: "World", dice: Random) -> None:
    """At another stamp, everything that Invoice Cloud has no final result for."""
    _enqueue_again(world, tuple(world.results), dice)


def _enqueue_again(world: "World", results: Sequence[str], dice: Random) -> None:
    final = {str(told.key) for told in witness.read(each.encode() for each in results).final()}
    read = {PostingResult.model_validate_json(each).message_id for each in results}
    longest = 10 * MINUTE if world.plan.town() is None else 12 * HOUR
    for message in list(world.sent):
        if message.id in read or (message.became is not None and message.became.id in read):
            if message.key is None or str(message.key) in final:
                continue
        elif message.key is not None and str(message.key) in final:
            message.answered = True
            continue
        world.loop.call_later(dice.uniform(0, longest), world.enqueue_again, message)
        world.awaited += 1
