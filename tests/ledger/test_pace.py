"""How a peer that says it gets too much, or asks to be left alone, is left alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.caselle.errors import AmbiguousError
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.ledger.entry import State
from shared.ledger.gate import ACCEPTED_TO_HURRY, Doubt, Gate
from shared.ledger.gate_row import gate_of, gate_values
from shared.ledger.gates import Gates
from shared.ledger.store import Row
from shared.ledger.times import Times
from tests.ledger.samples import NOON
from tests.ledger.world import started
from tests.payments.world import body, message

BILLER, MINUTE, HOUR = "2493", 60.0, 3600.0
TIMES = Times()
TOO_MUCH = Ambiguous("throttled", throttled=True)


def seconds(count):
    return timedelta(seconds=count)


def throttled(times, gate=None):
    gate = gate or Gate()
    for _ in range(times):
        gate = gate.left_alone(None, NOON, TIMES, throttled=True)
    return gate


def accepted(gate, times):
    for _ in range(times):
        gate = gate.works(NOON, TIMES)
    return gate


class TestGap:
    def test_it_doubles_from_a_second_to_a_minute(self):
        assert [throttled(times).gap for times in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]

    def test_it_halves_after_twenty_accepted_until_there_is_none(self):
        gate, gaps = throttled(7), []
        while gate.gap:
            gaps.append(gate.gap)
            assert accepted(gate, ACCEPTED_TO_HURRY - 1).gap == gate.gap
            gate = accepted(gate, ACCEPTED_TO_HURRY)
        assert gaps == [60, 30, 15, 7.5, 3.75, 1.875]
        assert (gate.next_at, gate.calm, gate.healthy) == (None, 0, True)

    def test_one_more_complaint_starts_the_count_anew(self):
        gate = throttled(1, accepted(throttled(3), ACCEPTED_TO_HURRY - 1))
        assert (gate.gap, gate.calm) == (8, 0)
        assert accepted(gate, ACCEPTED_TO_HURRY - 1).gap == 8

    def test_while_there_is_one_one_message_goes_at_a_time(self):
        assert (throttled(1).slots(3), Gate().slots(3)) == (1, 3)

    @pytest.mark.parametrize(("after", "closed"), [(0, "throttled"), (3.9, "throttled"), (4, None)])
    def test_nothing_is_sent_within_it(self, after, closed):
        gate = throttled(3)
        assert gate.closed_by(NOON + seconds(after)) == closed
        assert gate.closed_until(NOON) == NOON + seconds(4)

    def test_each_call_begins_the_next(self):
        gate = throttled(3).paced(NOON + seconds(10))
        assert gate.closed_by(NOON + seconds(13)) == "throttled"
        assert gate.closed_by(NOON + seconds(14)) is None

    def test_a_person_who_unblocks_ends_it(self):
        assert throttled(5).unblocked().gap == 0


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("said", "counts"), [(0, 1), (0.3, 1), (1, 1), (120, 120), (3600, 3600), (86_400, 3600), (1e300, 3600)]
    )
    def test_it_counts_within_bounds(self, said, counts):
        gate = Gate().left_alone(said, NOON, TIMES, throttled=False)
        assert gate.closed_by(NOON + seconds(counts - 0.1)) == "breaker_open"
        assert gate.closed_by(NOON + seconds(counts)) is None
        assert gate.closed_until(NOON) == NOON + seconds(counts)

    def test_the_longest_of_several_stands(self):
        gate = Gate().left_alone(600, NOON, TIMES, throttled=False).left_alone(5, NOON, TIMES, throttled=False)
        assert gate.closed_until(NOON) == NOON + seconds(600)

    def test_no_answer_meanwhile_ends_it(self):
        """Another message was under way, or a question was answered."""
        gate = Gate().doubted(Doubt(retry_after=600), NOON, TIMES)
        for later in (gate.reachable(NOON + seconds(60)), gate.works(NOON + seconds(60), TIMES)):
            assert later.closed_by(NOON + seconds(599)) == "breaker_open"
        after = gate.works(NOON + seconds(600), TIMES)
        assert after.healthy
        assert after.quiet_until is None

    def test_nothing_said_is_nothing(self):
        assert Gate().left_alone(None, NOON, TIMES, throttled=False) == Gate()


_texts = st.lists(st.from_regex(r"[a-zA-Z/_. ]{1,12}", fullmatch=True).map(str.strip).filter(bool), max_size=4)
_instants = st.none() | st.just(NOON) | st.just(NOON + seconds(0.123))


@pytest.mark.slow
@given(
    st.builds(
        Gate,
        failures=st.integers(0, 9),
        gap=st.sampled_from([0.0, 1.0, 1.875, 60.0]),
        calm=st.integers(0, 19),
        next_at=_instants,
        open_until=_instants,
        quiet_until=_instants,
        doubt_until=_instants,
        opened_at=_instants,
        channels=_texts.map(tuple),
        proven=_texts.map(tuple),
        untold=_texts.map(tuple),
    )
)
def test_a_gate_comes_back_from_its_row_as_it_was(gate):
    assert gate_of(Row("B~2493", gate_values(gate), "e-1")) == replace(gate, etag="e-1")


def test_a_row_of_the_release_before_is_of_a_gate_that_knows_nothing_more():
    old = {
        "failures": 2,
        "openings": 0,
        "alone": True,
        "blocked": "",
        "unlisted": "abc",
        "untold": "",
        "nonce": "n",
        **dict.fromkeys(("open_until", "opened_at"), ""),
        "doubt_until": NOON.isoformat(),
    }
    gate = gate_of(Row("B~2493", old, "e-1"))
    assert (gate.failures, gate.alone, gate.unlisted, gate.doubt_until) == (2, True, "abc", NOON)
    assert (gate.gap, gate.channels, gate.proven, gate.next_at, gate.quiet_until) == (0, (), (), None, None)


# In a world.


async def gate(world):
    return await Gates(world.store, world.clock, world.times).look(BILLER)


async def test_after_a_429_one_goes_at_a_time_and_no_sooner_than_the_gap(world):
    await world.proven()
    world.city.next(TOO_MUCH)
    sent = []

    async def noted(order):
        sent.append(world.clock.now())
        return Accepted(world.city.make(order).receipt_number)

    paid = [message() for _ in range(12)]
    await world.deliver(paid[0])
    world.city.script += [noted] * 12
    for each in paid[1:]:
        await world.deliver(each)
    for _ in range(900):
        world.clock.advance(1)
        world.queue += await world.app.sweep.run()
        await world.drain()
    assert (await gate(world)).gap == 1
    assert len(sent) == 11
    assert all(later - earlier >= seconds(1) for earlier, later in pairwise(sent))


async def test_questions_count_under_the_same_limit(world):
    """Two in doubt: the second is not asked about within the gap of the first."""
    await world.proven()
    gates = Gates(world.store, world.clock, world.times)
    for _ in range(7):
        await gates.left_alone(BILLER, None, throttled=True)
    assert not await gates.may_call(BILLER)
    world.clock.advance(61)
    assert await gates.may_call(BILLER)
    assert not await gates.may_call(BILLER)
    world.clock.advance(59)
    assert not await gates.may_call(BILLER)
    world.clock.advance(1)
    assert await gates.may_call(BILLER)


async def test_of_two_processes_one_calls(world):
    first, second = (Gates(world.store, world.clock, world.times) for _ in range(2))
    await first.left_alone(BILLER, None, throttled=True)
    world.clock.advance(2)
    assert sorted(await asyncio.gather(first.may_call(BILLER), second.may_call(BILLER))) == [False, True]


async def test_a_doubt_is_asked_about_no_sooner_than_the_gap_and_settled_all_the_same(world):
    await world.proven()
    asked, receipts = [], world.city.receipts

    async def listed(*days):
        asked.append(world.clock.now())
        return await receipts(*days)

    world.city.receipts = listed
    world.city.next(*[TOO_MUCH] * 2, made=True)
    paid = [message() for _ in range(2)]
    for each in paid:
        await world.deliver(each)
    gates = Gates(world.store, world.clock, world.times)
    for _ in range(7):
        await gates.left_alone(BILLER, None, throttled=True)
    for _ in range(1200):
        world.clock.advance(1)
        world.queue += await world.app.sweep.run()
        await world.drain()
    assert [(await world.entry(each)).state for each in paid] == [State.POSTED] * 2
    assert all(later - earlier >= seconds(60) for earlier, later in pairwise(asked))


async def test_a_list_that_asks_to_be_left_alone_stops_the_sending_too(world):
    await world.proven()
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.deliver(message())
    receipts = world.city.receipts

    async def too_much(*_):
        world.city.receipts = receipts
        raise AmbiguousError("throttled", retry_after=600, throttled=True)

    world.city.receipts = too_much
    await world.pass_time(MINUTE)
    await world.deliver(late := message())
    await world.pass_time(9 * MINUTE)
    assert (await world.entry(late)).state is State.RECEIVED
    assert (await gate(world)).gap >= 1
    await world.pass_time(5 * MINUTE)
    assert (await world.entry(late)).state is State.POSTED


async def test_what_a_503_asks_for_stops_the_biller_although_another_send_succeeds_meanwhile(world):
    await world.proven()
    go = world.slow_city()
    task = asyncio.create_task(world.app.post_payment.accept(body(message()), "m"))
    await started(task)
    world.city.next(Ambiguous("http_503", retry_after=1800), made=True)
    await world.deliver(message())
    go.set()
    await task
    await world.deliver(late := message())
    await world.pass_time(29 * MINUTE)
    assert (await world.entry(late)).state is State.RECEIVED
    await world.pass_time(5 * MINUTE)
    assert (await world.entry(late)).state is State.POSTED


async def test_a_wish_to_be_left_alone_counts_though_nothing_was_sent(world):
    """Said to the read that comes before a write with a doubtful token."""
    await world.proven()
    world.city.next(NotSent("throttled", retry_after=1800, throttled=True))
    paid = message()
    await world.deliver(paid)
    await world.pass_time(1740)
    assert len(world.city.orders) == 1
    await world.pass_time(300)
    assert len(world.city.orders) == 2
    assert (await world.entry(paid)).state is State.POSTED
