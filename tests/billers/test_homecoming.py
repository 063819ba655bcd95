"""A stamp that was away pauses what another may have taken over, and nothing of that is sent before a person says so."""

import json
from datetime import timedelta

import pytest

from shared.billers.homecoming import Homecoming
from shared.billers.model import Biller
from shared.ledger.answer import NotSent
from shared.ledger.entry import State
from shared.payments.switch import PostingSwitch
from shared.vocabulary.errors import Unavailable
from tests.fakes.billers import FakeBillers
from tests.payments.world import NEWPORT, World, message

HERE = frozenset({"westus2"})
TWO_HOURS = timedelta(hours=2)


class Others:
    """What each region's stamp claims; an error in its place is raised."""

    def __init__(self, **claims):
        self.claims, self.asked = claims, []

    @property
    def others(self):
        return list(self.claims)

    async def at_home(self, region, billers):
        self.asked.append((region, sorted(billers)))
        if isinstance(self.claims[region], Exception):
            raise self.claims[region]
        return set(self.claims[region])


def city(biller_id, **changes):
    return Biller.model_validate(NEWPORT | {"billerId": biller_id} | changes)


async def came_home(billers, others):
    await Homecoming(billers, others, HERE)(TWO_HOURS)
    return {biller.biller_id: biller.paused.reason if biller.paused else None for biller in await billers.all()}


async def test_only_what_another_claims_is_paused():
    others = Others(eastus2={"2"}, centralus=set())
    assert await came_home(FakeBillers(city("1"), city("2")), others) == {
        "1": None,
        "2": "stamp_was_away: eastus2 is home to it",
    }
    assert others.asked == [("eastus2", ["1", "2"]), ("centralus", ["1", "2"])]


async def test_where_one_cannot_be_asked_everything_is_paused():
    others = Others(eastus2=Unavailable("stamp eastus2: ConnectError"), centralus={"2"})
    found = await came_home(FakeBillers(city("1"), city("2")), others)
    assert set(found.values()) == {"stamp_was_away: eastus2 could not be asked (stamp eastus2: ConnectError)"}


async def test_what_is_not_at_home_here_is_nobody_s_business():
    others = Others(eastus2={"1", "2", "3", "99"})
    billers = FakeBillers(city("1", region="eastus2"), city("2", mode="retired"), city("3", mode="draft"))
    assert set((await came_home(billers, others)).values()) == {None}
    assert others.asked == [("eastus2", ["3"])]


async def test_a_stamp_alone_asks_nobody_and_goes_on():
    assert await came_home(FakeBillers(city("1")), Others()) == {"1": None}


async def test_a_pause_that_a_person_must_end_stays_and_one_that_ends_by_itself_does_not():
    forever, ending = {"reason": "migration"}, {"reason": "lunch", "until": "2026-11-20T13:00:00Z"}
    billers = FakeBillers(city("1", paused=forever), city("2", paused=ending))
    found = await came_home(billers, Others(eastus2={"1", "2"}))
    assert found == {"1": "migration", "2": "stamp_was_away: eastus2 is home to it"}
    assert (await billers.get("2")).paused.until is None


async def test_it_is_told_once_with_how_much_is_paused(caplog):
    await came_home(FakeBillers(city("1"), city("2")), Others(eastus2={"2"}))
    [event] = [json.loads(each.message) for each in caplog.records]
    assert event == {"event": "stamp.was_away", "hours": 2.0, "paused": 1, "billers": 2}


@pytest.mark.parametrize("claims", [{"2493"}, Unavailable("stamp eastus2: ConnectTimeout")])
async def test_the_old_region_that_comes_back_sends_nothing_that_the_new_one_has_sent(claims):
    """Its waiting payment was enqueued again at the new home, and posted there."""
    here = World()
    await here.set_up()
    there = World(clock=here.clock)
    there.city = here.city
    there.app = there.process()
    paid = message()
    here.city.up = False
    here.city.next(NotSent("ConnectError"))
    await here.deliver(paid)
    here.city.up = True
    here.clock.advance(7200)
    await there.set_up()
    await there.deliver(paid)
    assert (await there.entry(paid)).state is State.POSTED
    # The old region is up again: before anything is driven there, it asks.
    await Homecoming(here.billers, Others(eastus2=claims), HERE)(TWO_HOURS)
    await here.deliver(message())
    await here.pass_time(3600)
    assert (await here.entry(paid)).state is State.RECEIVED
    assert (here.city.doubled(), len(here.city.orders)) == (0, 2)
    await PostingSwitch(here.billers, here.gates).resume("2493")
    assert (await here.billers.get("2493")).paused is None
