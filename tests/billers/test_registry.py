import pytest

from shared.billers.model import Biller
from shared.billers.registry import CachedRegistry
from shared.vocabulary.errors import Unavailable
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


async def test_what_is_put_is_seen_at_once_and_all_reads_the_store():
    cached = CachedRegistry(FakeBillers(), StoppedClock())
    assert await cached.get("2493") is None
    await cached.put(CITY)
    assert await cached.get("2493") == CITY
    assert await cached.all() == [CITY]


async def test_a_store_that_is_down_is_not_an_unknown_biller():
    inner = FakeBillers(CITY)
    cached = CachedRegistry(inner, StoppedClock())
    inner.down = True
    with pytest.raises(Unavailable):
        await cached.get("2493")
    inner.down = False
    assert await cached.get("2493") == CITY
