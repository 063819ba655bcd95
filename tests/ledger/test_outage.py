"""One city down, or all of them: the relay's failure is one event."""

import re

import pytest

from shared.ledger.answer import NotSent
from shared.ledger.rows import SHARDS
from tests.fakes.faulty_ledger import Fault
from tests.payments.world import message

BILLERS = [str(number) for number in range(100, 110)]
MINUTE = 60.0


@pytest.fixture
async def cities(world, caplog):
    caplog.set_level("INFO", "caselle")
    for biller in BILLERS:
        await world.set_up(billerId=biller)
    return world


async def fail(world, billers, times=5):
    world.city.up = False
    world.city.next(*[NotSent("ConnectError")] * times * len(billers))
    for biller in billers * times:
        await world.deliver(message(billerId=biller))


async def succeed(world, billers):
    for biller in billers:
        await world.deliver(message(billerId=biller))


def told(caplog, event):
    return sum(f'"event": "{event}"' in line for line in caplog.messages)


async def test_most_breakers_open_is_one_event_and_its_end_another(cities, caplog):
    await fail(cities, BILLERS[:7])
    await cities.pass_time(30 * MINUTE)
    assert told(caplog, "relay.down") == 1
    cities.city.up = True
    await cities.pass_time(30 * MINUTE)
    assert (told(caplog, "relay.down"), told(caplog, "relay.up")) == (1, 1)


async def test_an_outage_is_told_once_however_often_the_app_starts_anew(cities, caplog):
    await fail(cities, BILLERS[:7])
    for _ in range(5):
        cities.restart()
        await cities.pass_time(5 * MINUTE)
    assert told(caplog, "relay.down") == 1
    cities.city.up = True
    for _ in range(5):
        cities.restart()
        await cities.pass_time(5 * MINUTE)
    assert (told(caplog, "relay.down"), told(caplog, "relay.up")) == (1, 1)
    (minutes,) = re.findall(r'"minutes": (\d+)', caplog.text)
    assert 25 <= int(minutes) <= 50


async def test_the_next_outage_is_told_again(cities, caplog):
    for _ in range(2):
        await fail(cities, BILLERS[:7])
        await cities.pass_time(30 * MINUTE)
        cities.city.up = True
        await cities.pass_time(30 * MINUTE)
    assert (told(caplog, "relay.down"), told(caplog, "relay.up")) == (2, 2)


async def test_one_event_per_breaker_that_opens_and_not_per_failed_probe(cities, caplog):
    await fail(cities, BILLERS[:2])
    await cities.pass_time(120 * MINUTE)
    assert told(caplog, "breaker.opened") == 2


async def test_some_cities_down_among_others_that_answer_are_cities(cities, caplog):
    await fail(cities, BILLERS[:4])
    cities.city.script = []
    await succeed(cities, BILLERS[4:])
    await cities.pass_time(2 * MINUTE)
    assert told(caplog, "relay.down") == 0


async def test_two_cities_are_cities_even_when_nobody_else_is_busy(cities, caplog):
    await fail(cities, BILLERS[:2])
    await cities.pass_time(10 * MINUTE)
    assert told(caplog, "relay.down") == 0


async def test_cities_that_went_down_one_after_the_other_are_cities(cities, caplog):
    for biller in BILLERS[:4]:
        await fail(cities, [biller])
        await cities.pass_time(20 * MINUTE)
    assert told(caplog, "relay.down") == 0


async def test_a_table_that_does_not_answer_stops_no_sweep(cities):
    await fail(cities, BILLERS[:4])
    cities.clock.advance(20 * MINUTE)
    cities.script.fail("scan", Fault.NOT_WRITTEN, nth=len(SHARDS) + 1)
    assert await cities.app.sweep.run()
