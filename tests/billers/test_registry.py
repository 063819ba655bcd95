import pytest

from shared.billers.model import Biller
from shared.billers.registry import CachedRegistry, changed
from shared.vocabulary.errors import Malformed, Unavailable
from tests.fakes.billers import FakeBillers
from tests.fakes.clock import StoppedClock

CITY = Biller(biller_id="2493", name="Newport OR", time_zone="America/Los_Angeles")


async def test_a_warm_lookup_reads_nothing():
    inner, clock = FakeBillers(CITY), StoppedClock()
    cached = CachedRegistry(inner, clock, seconds=60)
    for _ in range(3):
        assert await cached.get("2493") == CITY
        clock.advance(19)
    assert inner.reads == 1
    clock.advance(3)
    assert await cached.get("2493") == CITY
    assert inner.reads == 2


async def test_an_unknown_biller_is_remembered_for_ten_seconds_only():
    inner, clock = FakeBillers(), StoppedClock()
    cached = CachedRegistry(inner, clock)
    assert await cached.get("2493") is None
    await inner.put(CITY)
    clock.advance(9)
    assert await cached.get("2493") is None
    assert inner.reads == 1
    clock.advance(1)
    assert await cached.get("2493") == CITY


async def test_what_is_written_is_seen_at_once_and_all_reads_the_store():
    cached = CachedRegistry(FakeBillers(), StoppedClock())
    assert await cached.get("2493") is None
    assert await cached.replace(CITY, None)
    assert await cached.get("2493") == CITY
    assert await cached.all() == [CITY]


async def test_what_could_not_be_written_is_read_again():
    inner = FakeBillers(CITY)
    cached = CachedRegistry(inner, StoppedClock())
    await cached.get("2493")
    await inner.put(CITY.model_copy(update={"slots": 1}))
    assert not await cached.replace(CITY.model_copy(update={"slots": 2}), CITY)
    assert (await cached.get("2493")).slots == 1


class Busy(FakeBillers):
    """Somebody else changes the record between each read and the write after it, a few times."""

    def __init__(self, times):
        super().__init__(CITY)
        self.times = times

    async def get(self, biller_id):
        found = await super().get(biller_id)
        if self.times:
            self.times -= 1
            await self.put(found.model_copy(update={"slots": (found.slots or 0) + 1}))
        return found


async def test_a_change_beside_others_stands_and_so_do_they():
    billers = Busy(3)
    after = await changed(billers, "2493", lambda biller: biller.model_copy(update={"subdomain": "newportor"}))
    assert (after.subdomain, after.slots) == ("newportor", 3)
    assert await billers.get("2493") == after


async def test_a_record_that_never_keeps_still_is_told():
    with pytest.raises(Unavailable, match="keeps changing"):
        await changed(Busy(99), "2493", lambda biller: biller.model_copy(update={"subdomain": "newportor"}))


async def test_a_biller_that_is_not_there_is_named():
    with pytest.raises(Malformed, match="no biller 77"):
        await changed(FakeBillers(), "77", lambda biller: biller)


async def test_a_store_that_is_down_is_not_an_unknown_biller():
    inner = FakeBillers(CITY)
    cached = CachedRegistry(inner, StoppedClock())
    inner.down = True
    with pytest.raises(Unavailable):
        await cached.get("2493")
    inner.down = False
    assert await cached.get("2493") == CITY
