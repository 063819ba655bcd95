"""Faults that are something that happens once, rather than something that strikes a call."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace as replaced
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.billers.model import TokenStrategy
from shared.ledger import rows, transition
from shared.ledger.entry import Entry, State, Wait
from shared.ledger.store import Insert
from shared.vocabulary.errors import CaselleError
from tests.fakes.faulty_ledger import Crash
from tests.faults import clerks, going_live, losses, moves, peer_faults, sheets
from tests.faults.auditor import FUTURE
from tests.faults.billers import OLD, biller
from tests.faults.catalogue import CATALOGUE
from tests.faults.city import City
from tests.faults.fault import Fault

if TYPE_CHECKING:
    from tests.faults.world import World

_WRONG_CODE: Final = {"AR": {"categoryCode": "99", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}}
_DELIVERIES: Final = 100
_BETWEEN_DELIVERIES: Final = 30.0
STRIKE_LATER: Final = frozenset({"M5", "M6", "M7", "M8", "M9", "M11", "M12", "M13", "M14"})
"""They are set up at once, and strike when there is something for them to deal with."""
_TIMED_ALONE: Final = frozenset({"P16", "M6", "M9", "M10", "M11", "M12", "M13", "M14"})
"""They wait for the beginning of their storm, or for a moment of their own, by themselves."""
_EVERY: Final = 20.0
"""Seconds between two looks of the newer release at the ledger."""


def begin(world: "World") -> list[asyncio.Task[None]]:
    """Set up what the plan's storms need, and start what happens during and after them."""
    doing = {"P16": _token_replaced, "V2": _bad_version, "V3": _renewed_twice, "V4": _older_after_newer}
    doing |= {"P20": _lagging, "P21": _blind, "P22": _lying, "X14": _newer_release, "I-5": _wrong_category}
    doing |= {"M5": clerks.makes_anew, "M6": clerks.code_missing, "M7": clerks.voids_late, "M8": sheets.asks_cities}
    doing |= {"M9": going_live.shadow_and_live, "M10": going_live.retired}
    doing |= {"M11": losses.lost_whole, "M12": losses.lost_but_for_a_copy}
    doing |= {"M13": moves.moved, "M14": moves.comes_back}
    happening = [fault for fault in world.plan.faults if fault in doing]
    world.weather.struck.update(set(happening) - STRIKE_LATER)
    habits = [CATALOGUE[fault] for fault in world.plan.faults if CATALOGUE[fault].habit]
    beginning = [world.loop.create_task(_adopts(world, fault)) for fault in habits]
    return [*beginning, *(world.loop.create_task(_begins(world, fault, doing[fault])) for fault in happening)]


async def _begins(world: "World", fault: str, doing: Callable[["World"], Awaitable[None]]) -> None:
    """In a town what happens once happens after the honest time."""
    storm = world.weather.storm(fault)
    if storm is not None and world.plan.town() is not None and fault not in _TIMED_ALONE:
        await asyncio.sleep(storm.start)
    await doing(world)


async def _adopts(world: "World", fault: Fault) -> None:
    """A lie begins at every city that it strikes."""
    storm = world.weather.storm(fault.id)
    if storm is None or fault.habit is None:
        return
    await asyncio.sleep(storm.start)
    for city in _cities(world, storm.billers):
        habit = fault.habit(city, world.plan.dice(f"habit {fault.id}"))
        world.note("city", f"{fault.id}: {fault.sentence}")
        world.struck(fault.id)
        for moment in habit.moments(storm.end - storm.start):
            world.clock.later(moment, habit.happens)
        city.adopt(habit)


async def end(world: "World") -> None:
    """What people and Caselle put right once the faults are over."""
    for city in world.cities.values():
        city.repent()
        await _deliver(world, city, world.another_token(city))


async def _token_replaced(world: "World") -> None:
    """The city refuses the old token from one moment to the next; the new one comes a little later."""
    storm = world.weather.storm("P16")
    if storm is None:
        return
    await asyncio.sleep(storm.start)
    for city in _cities(world, storm.billers):
        city.tokens.clear()
    for city in _cities(world, storm.billers):
        await asyncio.sleep(world.latency.uniform(0, 30))
        await _deliver(world, city, world.another_token(city))


async def _bad_version(world: "World") -> None:
    """A delivery that the city does not accept; the vault's own part is in the instances' way to it."""
    struck = _struck(world, "V2")
    for city in struck:
        await _deliver(world, city, "canary-secret-that-no-city-accepts")
    await asyncio.sleep(world.plan.lasting("V2"))
    for city in struck:
        await _deliver(world, city, world.another_token(city))


async def _renewed_twice(world: "World") -> None:
    """The old token ends. A biller that may renew does so; to others Caselle delivers the next one, twice at once."""
    await asyncio.sleep(world.latency.uniform(0, 300))
    for city in _struck(world, "V3"):
        city.tokens.clear()
        if city.biller.token_strategy is TokenStrategy.CLIENT_CREDENTIALS:
            continue
        token = world.another_token(city)
        await asyncio.gather(*(_deliver(world, city, token) for _ in range(2)))


async def _older_after_newer(world: "World") -> None:
    """The older token comes after the newer, and is no longer accepted."""
    for city in _struck(world, "V4"):
        # Another fault may have ended the city's only token.
        old = next(iter(city.tokens), None) or world.another_token(city)
        await asyncio.sleep(world.latency.uniform(0, 60))
        city.tokens.clear()
        await asyncio.gather(_deliver(world, city, world.another_token(city)), _deliver(world, city, old))
    await asyncio.sleep(world.plan.lasting("V4"))
    for city in _struck(world, "V4"):
        await _deliver(world, city, world.another_token(city))


async def _deliver(world: "World", city: City, token: str) -> None:
    """Caselle delivers until it is told that the token is stored."""
    for _ in range(_DELIVERIES):
        instance = next((each for each in world.instances if each.taking and not each.frozen), None)
        try:
            if instance is not None:
                # A task of its own: a fault may cancel the invocation, not who delivers.
                await asyncio.create_task(instance.app.deliver_token(city.biller, token))
                return
        except (CaselleError, Crash):
            pass
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
        await asyncio.sleep(_BETWEEN_DELIVERIES)


async def _lagging(world: "World") -> None:
    lag = timedelta(minutes=180 if world.plan.lasting("P20") > 2 * 3600 else 20)
    for city in _struck(world, "P20"):
        city.lag = lag


async def _blind(world: "World") -> None:
    for city in _struck(world, "P21"):
        city.shows = _nothing


async def _lying(world: "World") -> None:
    for city in _struck(world, "P22"):
        city.shows = world.latency.choice([peer_faults.wrong_amount, peer_faults.twice, peer_faults.voided])


async def _wrong_category(world: "World") -> None:
    await world.change_biller(OLD, applications=biller(OLD, applications=_WRONG_CODE).applications)
    await asyncio.sleep(world.plan.lasting("I-5"))
    await world.change_biller(OLD, applications=biller(OLD).applications)


async def _newer_release(world: "World") -> None:
    """An instance of a newer release takes entries into a state of its own, and gives them back at the end."""
    while world.weather.blows("X14"):
        for shard, row in world.open_rows():
            if str(row.values["queue"]).endswith(State.RECEIVED) and world.weather.strikes("X14"):
                await _rewrite(world, shard, row.key.split("~", 2)[2], _verified)
        await asyncio.sleep(_EVERY)
    for shard, row in world.open_rows():
        if str(row.values["queue"]).endswith(FUTURE):
            await _rewrite(world, shard, row.key.split("~", 2)[2], _given_back)


async def _rewrite(world: "World", shard: str, key: str, change: Callable[[Entry], Entry]) -> None:
    row = world.table.rows.get((shard, f"P~{key}"))
    if row is None:
        return
    world.newer_release_writes = True
    known = rows.entry_of(replaced(row, values={**row.values, "state": State.RECEIVED}))
    before = known._replace(state=row.values["state"])
    after = change(known)._replace(version=known.version + 1, nonce=f"newer-{known.version}")
    event = transition._event(before, after, world.clock.now())
    changes = [*transition.tidied(before, after), Insert(rows.event_key(after.key, after.version), event)]
    world.note("newer", f"{key} {after.state}")
    await world.table.commit(shard, changes)
    world.newer_release_writes = False


def _verified(entry: Entry) -> Entry:
    return entry._replace(state=FUTURE)


def _given_back(entry: Entry) -> Entry:
    return entry._replace(state=State.RECEIVED, wait=Wait.BACKOFF)


def _struck(world: "World", fault: str) -> list[City]:
    storm = world.weather.storm(fault)
    return _cities(world, storm.billers) if storm else []


def _cities(world: "World", billers: Iterable[str]) -> list[City]:
    return [world.cities[f"city{number}"] for number in sorted(billers)]


def _nothing(rows_shown: list) -> list:
    return []
