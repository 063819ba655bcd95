"""When the peer is asked about an unknown outcome, and what its answers are worth."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.ledger import settle
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, Kind, State, Wait
from shared.ledger.look import Look
from shared.ledger.settle import Absent, Found, NoAnswer, NotProved, Odd
from shared.ledger.times import Times
from tests.ledger.samples import KEY, NOON, entry

TIMES = Times()
MINUTES = [1, 5, 15, 26, 37, 60, 90, 120, 150, 180, 240, *range(300, 1201, 60)]
UNPROVED = NotProved("no_later_one_shown")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def unknown(**fields) -> Entry:
    usual = {"state": State.SENDING, "attempt": 1, "sent_at": NOON, "slot": 0, "lease_until": NOON, "due": NOON}
    return settle.unknown(entry(**usual | fields), "ReadTimeout", TIMES)


def absent(after: float, *, attempt: int = 1, same_list: bool = True) -> Absent:
    day = date(2026, 11, 19)
    at = NOON + minutes(after)
    return Absent(Look(at=at, attempt=attempt, first=day, until=at, digest=f"{after}"), same_list=same_list)


def ask(one: Entry, finding: settle.Finding, after: float) -> Entry:
    return settle.conclude(one, finding, NOON + minutes(after), TIMES)


def seen(one: Entry, after: float, **how) -> Entry:
    """After a reading that does not show it, and proves itself."""
    return ask(one, absent(after, **how), after)


def minutes_of(instant) -> float:
    return (instant - NOON) / minutes(1)


class TestPlan:
    def test_it_is_first_asked_a_minute_after_the_attempt(self):
        one = unknown()
        assert (one.state, one.due, one.wait) == (State.UNKNOWN, NOON + minutes(1), Wait.ASK)
        assert (one.slot, one.lease_until) == (None, None)

    def test_it_is_asked_on_schedule_then_every_hour_and_held_after_20_hours(self):
        one, asked = unknown(), []
        while one.state is State.UNKNOWN:
            assert one.due
            asked.append(minutes_of(one.due))
            one = settle.conclude(one, UNPROVED, one.due, TIMES)
        assert asked == MINUTES
        assert (one.state, one.reason, one.detail) == (State.HELD, "absence_not_provable", "no_later_one_shown")
        assert one.held_at == one.told_held_at == NOON + minutes(1200)

    @pytest.mark.parametrize(("asked", "due"), [(6, 15), (15, 26), (91, 120), (241, 301), (721, 781)])
    def test_asked_late_it_goes_on_with_what_is_left_of_the_schedule(self, asked, due):
        assert ask(unknown(), UNPROVED, asked).due == NOON + minutes(due)

    def test_why_nothing_was_concluded_is_kept_for_who_looks(self):
        assert ask(unknown(), NotProved("numbers_missing"), 20).detail == "numbers_missing"
        assert ask(unknown(), NoAnswer("receipt_page_malformed"), 20).detail == "receipt_page_malformed"
        assert seen(ask(unknown(), UNPROVED, 15), 26).detail is None

    def test_without_an_answer_it_is_asked_again_with_backoff(self):
        one, pauses = unknown(), []
        for _ in range(6):
            one = ask(one, NoAnswer(), 60)
            assert one.due
            pauses.append((one.due - NOON - minutes(60)).total_seconds())
        assert pauses == [30, 60, 120, 300, 600, 600]
        assert ask(one, UNPROVED, 61).backoffs == 0

    @pytest.mark.parametrize("finding", [NoAnswer(), UNPROVED, absent(1200)])
    def test_20_hours_without_a_conclusion_end_with_a_person_whatever_came(self, finding):
        assert ask(unknown(), finding, 1199).state is State.UNKNOWN
        held = ask(unknown(), finding, 1200)
        assert (held.state, held.reason) == (State.HELD, "absence_not_provable")

    def test_a_second_absence_after_20_hours_is_a_conclusion(self):
        assert seen(seen(unknown(), 1190), 1201).state is State.RECEIVED

    def test_they_count_from_the_latest_doubt(self):
        sent = unknown(sent_at=NOON + minutes(600))
        assert ask(sent, UNPROVED, 1200).state is State.UNKNOWN
        assert ask(sent, UNPROVED, 1800).state is State.HELD


class TestPresence:
    @pytest.mark.parametrize("after", [0.1, 1, 16, 5000])
    def test_a_receipt_is_proof_at_any_time(self, after):
        one = ask(seen(unknown(), 15), Found("5.1"), after)
        assert (one.state, one.receipt_number, one.due, one.reason) == (State.POSTED, "5.1", None, None)
        assert (one.look, one.doubt_at, one.detail) == (None, None, None)

    @pytest.mark.parametrize("after", [0.1, 1, 5000])
    def test_what_does_not_fit_is_for_a_person_who_is_told_what_it_is(self, after):
        one = ask(unknown(), Odd("amount_differs", "receipt 5.1 of 7.00"), after)
        assert (one.state, one.reason, one.detail) == (State.HELD, "amount_differs", "receipt 5.1 of 7.00")


class TestAbsence:
    def test_two_readings_ten_minutes_apart_lead_back(self):
        first = seen(unknown(), 50)
        assert (first.state, first.due) == (State.UNKNOWN, NOON + minutes(60))
        second = seen(first, 61)
        assert (second.state, second.due, second.resends) == (State.RECEIVED, NOON + minutes(61), 1)
        assert (second.proved_at, second.look, second.slot, second.doubt_at) == (NOON + minutes(61), None, None, None)

    def test_within_the_hour_after_the_attempt_two_readings_prove_nothing(self):
        second = seen(seen(unknown(), 15), 26)
        assert (second.state, second.proved_at) == (State.UNKNOWN, None)
        assert seen(second, 59.9).state is State.UNKNOWN
        assert seen(second, 60).state is State.RECEIVED

    def test_two_too_close_together_are_one(self):
        second = seen(seen(unknown(), 60), 69.99)
        assert (second.state, second.due) == (State.UNKNOWN, NOON + minutes(80.99))
        assert seen(second, 70).state is State.RECEIVED

    def test_the_first_one_counts_as_long_as_the_list_stays_the_same(self):
        third = ask(seen(unknown(), 55), UNPROVED, 60)
        assert seen(third, 65).state is State.RECEIVED

    def test_a_list_that_changed_begins_anew(self):
        changed = seen(seen(unknown(), 60), 71, same_list=False)
        assert (changed.state, settle.look_of(changed).at) == (State.UNKNOWN, NOON + minutes(71))
        assert seen(changed, 80.9).state is State.UNKNOWN
        assert seen(changed, 81).state is State.RECEIVED

    def test_of_another_attempt_it_proves_nothing(self):
        first = seen(unknown(), 15)
        again = settle.unknown(first._replace(state=State.SENDING, attempt=2, sent_at=NOON + minutes(60)), "r", TIMES)
        assert (again.look, again.proved_at, again.due) == (None, None, NOON + minutes(61))
        stale = again._replace(look=first.look)
        assert settle.look_of(stale) is None
        assert seen(stale, 90, attempt=2).state is State.UNKNOWN

    def test_hours_later_the_second_waits_only_for_the_gap(self):
        first = seen(unknown(), 300)
        assert minutes(10) <= first.due - (NOON + minutes(300)) <= minutes(11)

    def test_after_three_resends_it_is_held(self):
        one = unknown(resends=settle.MOST_RESENDS - 1)
        assert seen(seen(one, 50), 61).state is State.RECEIVED
        last = seen(seen(unknown(resends=settle.MOST_RESENDS), 50), 61)
        assert (last.state, last.reason, last.proved_at) == (State.HELD, "attempts_exhausted", NOON + minutes(61))
        assert last.due is None, "nothing of it is there, so nobody need ask"

    @example([("seen", 15.4), ("seen", 10.0)])
    @given(
        st.lists(
            st.tuples(st.sampled_from(["seen", "changed", "unproved", "silent"]), st.floats(0.5, 300)), max_size=30
        )
    )
    def test_it_is_never_received_again_without_its_proof(self, steps):
        one, after, looks = unknown(), 0.0, []
        for what, later in steps:
            after += later
            if what == "changed":
                looks.clear()
            if what in {"seen", "changed"}:
                looks.append(NOON + minutes(after))
            known = {"unproved": UNPROVED, "silent": NoAnswer()}
            one = ask(one, known.get(what) or absent(after, same_list=what == "seen"), after)
            if one.state is State.RECEIVED:
                assert what == "seen"
                assert looks[-1] - looks[0] >= minutes(10)
                assert looks[-1] >= NOON + minutes(60)
            if one.state is not State.UNKNOWN:
                return
            assert one.due
            assert one.due > NOON + minutes(after)


class TestProof:
    @pytest.mark.parametrize(("after", "fresh"), [(0, True), (30, True), (30.1, False), (960, False)])
    def test_it_is_good_for_half_an_hour(self, after, fresh):
        assert settle.is_fresh(settle.proved(unknown(), NOON), NOON + minutes(after), TIMES) is fresh

    def test_where_there_is_none_it_is_not_fresh(self):
        assert not settle.is_fresh(unknown(), NOON, TIMES)

    def test_a_new_doubt_ends_it(self):
        assert settle.doubted(settle.proved(unknown(), NOON), NOON).proved_at is None

    @pytest.mark.parametrize(("finding", "why"), [(UNPROVED, UNPROVED.why), (NoAnswer("x"), "x"), (Found("5.1"), None)])
    def test_what_cannot_be_asked_about_once_more_is_unknown_with_20_hours_of_its_own(self, finding, why):
        late = NOON + minutes(960)
        waiting = settle.proved(unknown(), NOON)._replace(state=State.RECEIVED, reason=None, due=late)
        again = settle.unknown_again(waiting, finding, late, TIMES)
        assert (again.state, again.reason, again.detail) == (State.UNKNOWN, OUTCOME_UNKNOWN, why)
        assert (again.proved_at, again.doubt_at, again.due, again.wait) == (None, late, late + minutes(1), Wait.ASK)
        assert ask(again, UNPROVED, 960 + 1199).state is State.UNKNOWN
        assert ask(again, UNPROVED, 960 + 1200).state is State.HELD


class TestHeldInDoubt:
    """A person was told, and it is looked for all the same."""

    @staticmethod
    def held(reason="absence_not_provable", **fields):
        return settle.held(unknown(**fields), reason, NOON + minutes(1200), "why")

    @staticmethod
    def asked(one, finding, after):
        return settle.conclude_held(one, finding, NOON + minutes(after), TIMES)

    def test_it_is_asked_about_soon_and_then_twice_a_day_for_forty_days(self):
        one, asked = self.held(), []
        while one.due is not None:
            asked.append(minutes_of(one.due))
            one = self.asked(one, UNPROVED, asked[-1])
        assert asked[0] == 1201
        assert [after - before for before, after in pairwise(asked)] == [720] * (len(asked) - 1)
        assert 40 * 1440 <= asked[-1] - 1200 < 40.5 * 1440
        assert (one.state, one.reason, one.detail) == (State.HELD, "absence_not_provable", "why")

    def test_of_an_early_hold_the_plan_goes_on(self):
        early = settle.held(unknown(), "customer_unknown", NOON + minutes(1))
        assert minutes_of(early.due) == 2
        assert minutes_of(self.asked(early, UNPROVED, 2).due) == 5

    def test_presence_ends_it_as_posted(self):
        one = self.asked(self.held(), Found("5.1"), 2000)
        assert (one.state, one.receipt_number, one.reason, one.held_at) == (State.POSTED, "5.1", None, None)

    def test_two_absences_change_what_the_person_is_told_and_nothing_else(self):
        first = self.asked(self.held(), absent(1201), 1201)
        assert (first.state, first.reason, first.proved_at) == (State.HELD, "absence_not_provable", None)
        second = self.asked(first, absent(1212), 1212)
        assert (second.state, second.reason) == (State.HELD, "absence_not_provable")
        assert (second.proved_at, second.detail) == (NOON + minutes(1212), "shown twice not to be there")
        assert second.due is None

    @pytest.mark.parametrize("finding", [NoAnswer(), UNPROVED, Odd("several_receipts")])
    def test_nothing_else_changes_anything(self, finding):
        one = self.held()
        assert self.asked(one, finding, 1300)._replace(due=None) == one._replace(due=None)

    def test_what_never_left_is_asked_about_by_nobody(self):
        held = settle.held(entry(), "unknown_tender", NOON)
        assert (held.due, held.wait, held.told_held_at) == (None, None, NOON)
        recalled = settle.held(unknown()._replace(recalled=1), "unknown_tender", NOON)
        assert recalled.due is None

    def test_when_it_was_first_told_stays(self):
        again = settle.held(self.held()._replace(state=State.RECEIVED), "too_old", NOON + minutes(3000))
        assert (again.held_at, again.told_held_at) == (NOON + minutes(3000), NOON + minutes(1200))


class TestReported:
    """What is done after an outcome was told."""

    NOW = NOON + minutes(60)

    def reported(self, one):
        return settle.reported(one._replace(wait=Wait.REPORT, due=self.NOW), self.NOW, TIMES)

    def test_a_payment_that_was_sent_once_is_done_with(self):
        done = self.reported(settle.posted(unknown(), "5.1"))
        assert (done.due, done.wait) == (None, None)

    @pytest.mark.parametrize(("looks", "hours"), [(0, 1), (1, 11), (2, 60)])
    def test_one_that_was_sent_again_is_looked_at_again(self, looks, hours):
        one = self.reported(settle.posted(unknown(attempt=2), "5.1")._replace(backoffs=looks))
        assert (one.due, one.wait) == (self.NOW + timedelta(hours=hours), Wait.SECOND)

    def test_three_looks_are_enough(self):
        assert self.reported(settle.posted(unknown(attempt=2), "5.1")._replace(backoffs=3)).due is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"recalled": 1},
            {"state": State.NOT_POSTED},
            {"key": replace(KEY, kind=Kind.ACH_REJECT)},
        ],
    )
    def test_whatever_cannot_have_two_receipts_is_done_with(self, changes):
        one = settle.posted(unknown(attempt=2), "5.1")._replace(**changes)
        assert self.reported(one).due is None

    def test_a_reversed_one_may_have_a_second_one_left(self):
        one = settle.posted(unknown(attempt=2), "5.1")._replace(state=State.REVERSED)
        assert self.reported(one).wait is Wait.SECOND

    def test_a_held_doubt_is_asked_about_again(self):
        held = settle.held(unknown(), "absence_not_provable", self.NOW)
        assert self.reported(held).wait is Wait.ASK
        assert self.reported(settle.held(entry(), "unknown_tender", self.NOW)).due is None
