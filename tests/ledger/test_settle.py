"""When the peer is asked about an unknown outcome, and what its answers are worth."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.ledger import settle
from shared.ledger.entry import Entry, State, Wait
from shared.ledger.settle import Absent, Found, NoAnswer, Odd
from shared.ledger.times import Times
from tests.ledger.samples import NOON, entry

TIMES = Times()
MINUTES = [1, 5, 15, 26, 37, 60, 120, 240, 480, 720, 960, 1200]
SEEN, UNSEEN = Absent(controlled=True), Absent(controlled=False)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def unknown(**fields) -> Entry:
    sending = entry(state=State.SENDING, attempt=1, sent_at=NOON, slot=0, lease_until=NOON, due=NOON, **fields)
    return settle.unknown(sending, "ReadTimeout", TIMES)


def ask(one: Entry, finding: settle.Finding, after: float) -> Entry:
    return settle.conclude(one, finding, NOON + minutes(after), TIMES)


def test_it_is_first_asked_a_minute_after_the_attempt():
    one = unknown()
    assert (one.state, one.due, one.wait) == (State.UNKNOWN, NOON + minutes(1), Wait.ASK)
    assert (one.slot, one.lease_until) == (None, None)


def test_it_is_asked_on_schedule_then_every_four_hours():
    one, asked = unknown(), []
    while one.state is State.UNKNOWN:
        assert one.due
        asked.append((one.due - NOON) / minutes(1))
        one = settle.conclude(one, UNSEEN, one.due, TIMES)
    assert asked == MINUTES[: len(asked)]
    assert (asked[-1], one.state, one.reason) == (960, State.HELD, "absence_not_provable")
    assert one.held_at == NOON + minutes(960)


def test_asked_late_it_goes_on_with_what_is_left_of_the_schedule():
    assert ask(unknown(), UNSEEN, 6).due == NOON + minutes(15)
    assert ask(unknown(), UNSEEN, 15).due == NOON + minutes(26)
    assert ask(unknown(), UNSEEN, 721).due == NOON + minutes(721 + 240)


@pytest.mark.parametrize("after", [0.1, 1, 16, 5000])
def test_a_receipt_is_proof_at_any_time(after):
    one = ask(unknown(), Found("5.1"), after)
    assert (one.state, one.receipt_number, one.due, one.reason) == (State.POSTED, "5.1", None, None)


def test_what_does_not_fit_is_for_a_person():
    one = ask(unknown(), Odd("amount_differs"), 1)
    assert (one.state, one.reason, one.due) == (State.HELD, "amount_differs", None)


def test_two_absences_ten_minutes_apart_after_fifteen_lead_back():
    first = ask(unknown(), SEEN, 15)
    assert (first.state, first.absent_at, first.due) == (State.UNKNOWN, NOON + minutes(15), NOON + minutes(26))
    second = ask(first, SEEN, 26)
    assert (second.state, second.due, second.resends) == (State.RECEIVED, NOON + minutes(26), 1)
    assert (second.absent_at, second.slot, second.lease_until) == (None, None, None)


def test_an_absence_before_fifteen_minutes_is_none():
    early = ask(unknown(), SEEN, 14.99)
    assert (early.state, early.absent_at) == (State.UNKNOWN, None)
    assert ask(early, SEEN, 25).state is State.UNKNOWN


def test_two_absences_too_close_together_are_one():
    first = ask(unknown(), SEEN, 20)
    second = ask(first, SEEN, 29.99)
    assert (second.state, second.due) == (State.UNKNOWN, NOON + minutes(30))
    assert ask(second, SEEN, 30).state is State.RECEIVED


def test_an_absence_without_a_control_proves_nothing():
    first = ask(unknown(), SEEN, 15)
    assert ask(first, UNSEEN, 26).state is State.UNKNOWN
    assert ask(ask(unknown(), UNSEEN, 15), SEEN, 26).state is State.UNKNOWN


@example([(SEEN, 15.4), (SEEN, 10.0)])
@given(st.lists(st.tuples(st.sampled_from([SEEN, UNSEEN, NoAnswer()]), st.floats(0.5, 300)), max_size=30))
def test_it_is_never_received_again_without_its_proof(steps):
    one, now, seen = unknown(), NOON, []
    for finding, later in steps:
        now += minutes(later)
        if finding is SEEN and now - NOON >= minutes(15):
            seen.append(now)
        one = settle.conclude(one, finding, now, TIMES)
        if one.state is State.RECEIVED:
            assert finding is SEEN
            assert seen[-1] - seen[0] >= minutes(10)
        if one.state is not State.UNKNOWN:
            return
        assert one.due
        assert one.due > now


def test_hours_without_an_answer_do_not_count():
    one = ask(unknown(), UNSEEN, 1)
    for after in range(11, 6000, 10):
        one = ask(one, NoAnswer(), after)
        assert one.state is State.UNKNOWN
    one = ask(one, UNSEEN, 6001)
    assert (one.state, one.unproved_seconds) == (State.UNKNOWN, 0)
    one = ask(one, UNSEEN, 6001 + 719)
    assert one.state is State.UNKNOWN
    assert ask(one, UNSEEN, 6001 + 720).state is State.HELD


def test_without_an_answer_it_is_asked_again_with_backoff():
    one, pauses = unknown(), []
    for _ in range(6):
        one = ask(one, NoAnswer(), 60)
        assert one.due
        pauses.append((one.due - NOON - minutes(60)).total_seconds())
    assert pauses == [30, 60, 120, 300, 600, 600]
    assert ask(one, UNSEEN, 61).backoffs == 0


def test_a_control_starts_the_hours_without_one_anew():
    one = unknown()._replace(unproved_seconds=11.9 * 3600, answered_at=NOON)
    assert ask(one, SEEN, 300).unproved_seconds == 0


def test_the_third_attempt_is_the_last():
    one = unknown(resends=2, absent_at=None)
    first = ask(one, SEEN, 15)
    last = ask(first, SEEN, 26)
    assert (last.state, last.reason) == (State.HELD, "attempts_exhausted")


def test_a_new_attempt_needs_a_proof_of_its_own():
    sent = ask(unknown(), SEEN, 15)._replace(state=State.SENDING, sent_at=NOON + minutes(60))
    fresh = settle.unknown(sent, "ReadTimeout", TIMES)
    assert (fresh.absent_at, fresh.answered_at, fresh.unproved_seconds) == (None, None, 0)
    assert fresh.due == NOON + minutes(61)
