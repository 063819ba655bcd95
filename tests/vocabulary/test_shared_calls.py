"""A call that several share tells its events through whoever is still there, where the platform takes them."""

import asyncio

import pytest

from shared.vocabulary import events
from shared.vocabulary.shared_calls import _MOST_KEPT, SharedCalls
from tests.invocations import invocations


@pytest.fixture
def platform():
    with invocations() as running:
        yield running


class Call:
    """Tells one event when it begins and another before it ends, which is when the test says so."""

    def __init__(self, name="call", error=None):
        self.begun, self.end = asyncio.Event(), asyncio.Event()
        self._name, self._error = name, error

    async def __call__(self):
        events.emit(f"{self._name}.begun")
        self.begun.set()
        await self.end.wait()
        events.emit(f"{self._name}.ended")
        if self._error:
            raise self._error
        return self._name


async def _given_up(platform, name, asking):
    """An invocation that waits for it, and ends before the answer."""
    waiting = asyncio.create_task(platform(name, asking))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_who_is_still_there_tells_what_the_call_of_another_has_seen(platform):
    calls, call = SharedCalls(), Call()
    first = asyncio.create_task(platform("A", calls.ask("key", call)))
    await call.begun.wait()
    second = asyncio.create_task(platform("B", calls.ask("key", call)))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    call.end.set()
    assert await second == "call"
    assert platform.arrived == [("B", "call.begun"), ("B", "call.ended")]


async def test_each_event_is_told_once_however_many_wait(platform):
    calls, call = SharedCalls(), Call()
    waiting = [asyncio.create_task(platform(name, calls.ask("key", call))) for name in "ABC"]
    await call.begun.wait()
    call.end.set()
    assert await asyncio.gather(*waiting) == ["call"] * 3
    assert sorted(event for _, event in platform.arrived) == ["call.begun", "call.ended"]


async def test_a_call_that_fails_tells_what_it_has_seen(platform):
    calls, call = SharedCalls(), Call(error=ValueError("on purpose"))
    call.end.set()
    with pytest.raises(ValueError, match="on purpose"):
        await platform("A", calls.ask("key", call))
    assert platform.arrived == [("A", "call.begun"), ("A", "call.ended")]


async def test_where_all_have_gone_the_next_asker_tells(platform):
    calls, call = SharedCalls(), Call("first")
    await _given_up(platform, "A", calls.ask("key", call))
    call.end.set()
    await asyncio.wait(calls._under_way.values())
    other = Call("other")
    other.end.set()
    await platform("B", calls.ask("another key", other))
    assert platform.arrived == [("B", f"{name}.{what}") for name in ("first", "other") for what in ("begun", "ended")]


async def test_what_a_call_learns_from_a_shared_call_of_its_own_is_handed_on(platform):
    """The outer call belongs to somebody who has gone, and the inner one is waited for by others, too."""
    inner, outer, call = SharedCalls(), SharedCalls(), Call()
    gone = asyncio.create_task(platform("A", outer.ask("outer", lambda: inner.ask("inner", call))))
    await call.begun.wait()
    payment = asyncio.create_task(platform("B", inner.ask("inner", call)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    call.end.set()
    await payment
    assert platform.arrived == [("B", "call.begun"), ("B", "call.ended")]
    nothing_new = Call("x")
    nothing_new.end.set()
    await platform("C", outer.ask("other", nothing_new))
    assert [event for who, event in platform.arrived if who == "C"] == ["x.begun", "x.ended"]


async def test_what_waits_to_be_told_does_not_pile_up(platform):
    calls = SharedCalls()
    for number in range(_MOST_KEPT):
        call = Call(str(number))
        await _given_up(platform, "A", calls.ask(number, call))
        call.end.set()
    await asyncio.wait(calls._under_way.values())
    assert len(calls._events) == _MOST_KEPT
