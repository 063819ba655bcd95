"""A customer's e-mail address goes when it is asked for, and when it is old; the newest update stays the newest."""

from datetime import date

from shared.customers.sheet import to_enter
from shared.ledger.entry import Kind, State
from shared.ledger.reading import Reader
from shared.ledger.retention import Retention
from shared.repair.personal_data import PersonalData
from tests.customers.world import ON, autopay, registration

YEARS = 8 * 366 * 24 * 3600.0
EARLIER, LATER = "2026-11-19T10:00:00-08:00", "2026-11-20T10:00:00-08:00"


def everything(world):
    return repr([(key, row.values) for (_, key), row in world.store.rows.items()])


async def test_it_is_erased_and_no_longer_on_the_clerk_s_sheet(world):
    await world.set_up()  # both operations are off
    await world.told(registration())
    await world.told(autopay())
    newest = world.app.newest
    assert len(await to_enter(newest, "2493", Kind.REGISTRATION)) == 1
    personal = PersonalData(world.ledger, Reader(world.store), world.quarantine)
    assert await personal.erase("2493", "000412") == 2
    left = everything(world)
    assert "ada@example.test" not in left
    assert "000412" not in left
    assert await to_enter(newest, "2493", Kind.REGISTRATION) == []
    assert await to_enter(newest, "2493", Kind.AUTOPAY_CHANGE) == []


async def test_an_older_one_that_comes_after_the_erasure_is_still_not_sent(world):
    await world.set_up(**ON)
    await world.told(registration(LATER))
    await PersonalData(world.ledger, Reader(world.store), world.quarantine).erase("2493", "000412")
    late = registration(EARLIER)
    assert (await world.told(late)).state is State.SKIPPED


async def test_it_goes_after_years(world):
    told = registration()
    await world.told(told)
    world.clock.advance(YEARS)
    assert await Retention(world.store, world.clock).run(date(2034, 1, 1), 60) == 1
    assert "ada@example.test" not in everything(world)
    assert (await world.told(told)).state is State.POSTED
    assert world.outcomes(told)[-1] == world.outcomes(told)[0]
