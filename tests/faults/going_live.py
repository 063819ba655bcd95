"""A biller beside the earlier data pump, going live, and retired."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from shared.billers.model import Mode
from shared.ledger.book import Ledger
from shared.ledger.entry import State
from shared.ledger.errors import Moved
from shared.ledger.reading import Reader
from shared.payments import overlap
from shared.vocabulary.errors import CaselleError
from tests.fakes.faulty_ledger import Crash
from tests.faults import clerks
from tests.faults.billers import ASKED
from tests.faults.city import City
from tests.faults.habit import HOUR, MINUTE
from tests.faults.traffic import Fields, read

if TYPE_CHECKING:
    from tests.faults.world import World

_REMEMBERED: Final = 61.0
"""Seconds until every instance has read a record anew."""
_OVERLAP: Final = timedelta(minutes=30)


async def shadow_and_live(world: "World") -> None:
    """M9: payments paid before a moment are the pump's; its last run has some paid after it, too."""
    storm, dice, town = world.weather.storm("M9"), world.plan.dice("M9"), world.plan.town()
    if storm is None:
        return
    await world.change_biller(ASKED, mode=Mode.SHADOW)
    unit = MINUTE if town is None else HOUR
    await asyncio.sleep(dice.uniform(3, 10) * unit)
    ours_from = (world.plan.start() if town is None else world.clock.now()) - _OVERLAP
    pump = _Pump(world, world.cities[f"city{ASKED}"], ours_from, dice)
    await asyncio.gather(pump.runs(dice.uniform(0, 4) * MINUTE), _goes_live(world, ours_from))


async def _goes_live(world: "World", ours_from: datetime) -> None:
    """As ``biller go-live --override`` does it."""
    await asyncio.sleep(3 * MINUTE)
    while True:
        with suppress(CaselleError, Crash):
            await world.instances[0].app.gates.resume(ASKED)
            break
        await asyncio.sleep(MINUTE)
    await world.change_biller(ASKED, mode=Mode.LIVE, go_live_at=ours_from)
    world.went_live[ASKED] = ours_from
    world.note("person", f"takes {ASKED} live from {ours_from}")
    await asyncio.sleep(_REMEMBERED)
    await holds_overlap(world)


async def holds_overlap(world: "World") -> None:
    """What shadow mode skipped and was paid since the biller went live; after a loss the command is given again."""
    ours_from = world.went_live.get(ASKED)
    if ours_from is None:
        return
    record, ledger = await world.billers.get(ASKED), Ledger(world.table)
    paid = [entry async for entry in overlap.paid_since(Reader(world.table), ASKED, ours_from)]
    for entry in paid:
        if record is not None and overlap.overlaps(entry, record):
            with suppress(Moved):
                await ledger.move(entry, overlap.reported(entry, ledger.now()))


class _Pump:
    """The earlier data pump of one city."""

    def __init__(self, world: "World", city: City, ours_from: datetime, dice: Random) -> None:
        self._world = world
        self._city = city
        self._ours_from = ours_from
        self._dice = dice
        self._with_references = dice.random() < 0.5

    async def runs(self, after: float) -> None:
        """Its last run: everything that is its own, and half of what was paid since and was skipped here."""
        await asyncio.sleep(after)
        for arrival in self._world.traffic.arrivals:
            if arrival.first and arrival.key is not None and arrival.key.biller == self._city.biller.biller_id:
                self._may_take(str(arrival.key), read(arrival.body))

    def _may_take(self, key: str, fields: Fields) -> None:
        own = datetime.fromisoformat(fields["paidAt"]) < self._ours_from
        skipped = clerks.state_row(self._world, key).get("state") == State.SKIPPED
        if own or (skipped and self._dice.random() < 0.5):
            self._world.struck("M9")
            reference = fields["confirmationNumber"] if self._with_references else None
            made = self._city.pumped(round(100 * float(fields["amount"])), key, reference)
            self._world.note("pump", f"makes {made.number} for {key}")


async def retired(world: "World") -> None:
    """M10: with whatever is open at that moment."""
    storm, dice, town = world.weather.storm("M10"), world.plan.dice("M10"), world.plan.town()
    if storm is None:
        return
    await asyncio.sleep(dice.uniform(0.1, 0.8) * (world.plan.arrival_seconds() if town is None else town.end))
    number = dice.choice(sorted(storm.billers))
    world.note("person", f"retires {number}")
    await world.change_biller(number, mode=Mode.RETIRED)
