"""Presence is believed always; whatever else the list holds, a person is asked only about what is not as it was sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.evidence import judge
from shared.payments.evidence.facts import Absent, NotAsSent, Nothing, Present
from shared.payments.evidence.shown import Form
from shared.vocabulary.money import Money
from tests.payments.evidence.samples import (
    ABSENT,
    AFTER,
    BEFORE,
    CENTS,
    DAY,
    KNOWN,
    MINE,
    MY_KEY,
    MY_NUMBER,
    PRESENT,
    Scene,
    ours,
    receipt,
    receipt_of,
)

LONG = "IC-2026-11-20-0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10"
CUT = Form(length=30, proven=10)


def long(scene=ABSENT):
    """The payment in doubt has a reference of 50 characters."""
    return replace(scene, sent=replace(scene.sent, reference=LONG))


@pytest.mark.parametrize("spelled", [MINE, MINE.lower(), f" {MINE} ", f"{MINE.title()}\n"])
def test_one_live_receipt_with_our_whole_reference_and_cents_is_ours(spelled):
    assert ABSENT.with_(replace(PRESENT, reference=spelled)).concluded() == Present(MY_NUMBER)


@pytest.mark.parametrize("spelled", [None, "", "IC", MINE[:-1], f"{MINE}1", f"0{MINE}", "IC 00000002"])
def test_a_reference_that_only_resembles_is_another(spelled):
    found = ABSENT.with_(replace(PRESENT, receipt_number="1.00007", reference=spelled)).concluded()
    assert found == Absent()


def test_a_receipt_number_is_passed_on_as_text():
    assert ABSENT.with_(replace(PRESENT, receipt_number="05.000000010")).concluded() == Present("05.000000010")


@pytest.mark.parametrize("owner", [MY_KEY, "2493~payment~of-last-year"])
def test_it_is_ours_whatever_payment_its_number_is_bound_to(owner):
    assert ABSENT.with_(PRESENT).knowing(owners={MY_NUMBER: owner}).concluded() == Present(MY_NUMBER)


@pytest.mark.parametrize("at", [0.5, 1, 5, 14, 15, 10_000])
def test_it_is_believed_at_any_time(at):
    assert replace(ABSENT.with_(PRESENT), at=at).concluded() == Present(MY_NUMBER)


def test_it_is_believed_where_nothing_else_is_known_or_shown():
    assert Scene(ours=(), receipts=(PRESENT,)).knowing(form=Form()).concluded() == Present(MY_NUMBER)


def test_it_is_believed_in_a_list_that_repeats_itself():
    assert ABSENT.with_(PRESENT, receipt_of(BEFORE), PRESENT).concluded() == Present(MY_NUMBER)


def test_it_is_believed_beside_a_voided_one():
    voided = replace(PRESENT, receipt_number="5.00009", live=False, voided=True)
    assert ABSENT.with_(voided, PRESENT).concluded() == Present(MY_NUMBER)


def test_one_that_is_shown_in_two_ways_changed_while_the_list_was_read():
    assert ABSENT.with_(PRESENT, replace(PRESENT, live=False, voided=True)).concluded() == Nothing("list_moved")
    assert ABSENT.with_(PRESENT, replace(PRESENT, amount=Money(1))).concluded() == Nothing("list_moved")


class TestForAPerson:
    @pytest.mark.parametrize("voided", [True, False])
    def test_one_that_is_not_live_any_more(self, voided):
        gone = replace(PRESENT, live=False, voided=voided)
        assert ABSENT.with_(gone).concluded() == NotAsSent("receipt_voided", (gone,))

    @pytest.mark.parametrize("cents", [0, 1, CENTS - 1, CENTS + 1, CENTS * 10])
    def test_one_of_other_cents(self, cents):
        other = replace(PRESENT, amount=Money(cents))
        assert ABSENT.with_(other).concluded() == NotAsSent("amount_differs", (other,))

    @pytest.mark.parametrize("cents", [CENTS, 1])
    def test_two_live_ones(self, cents):
        second = replace(PRESENT, receipt_number="5.00009", amount=Money(cents))
        assert ABSENT.with_(PRESENT, second).concluded() == NotAsSent("several_receipts", (PRESENT, second))


class TestACutForm:
    def test_as_much_as_the_list_shows_is_claimed(self):
        cut = replace(PRESENT, reference=LONG[:30])
        assert long(ABSENT.with_(cut)).knowing(form=CUT).concluded() == Present(MY_NUMBER)

    @pytest.mark.parametrize("length", [8, 29, 31, 49])
    def test_another_length_is_not(self, length):
        cut = replace(PRESENT, receipt_number="1.00007", reference=LONG[:length])
        assert not isinstance(long(ABSENT.with_(cut)).knowing(form=CUT).concluded(), Present)

    def test_the_whole_of_it_is_claimed_there_too(self):
        whole = replace(PRESENT, reference=LONG)
        assert long(ABSENT.with_(whole)).knowing(form=CUT).concluded() == Present(MY_NUMBER)

    def test_two_of_ours_that_are_equal_as_shown_are_not_concluded(self):
        cut = replace(PRESENT, reference=LONG[:30])
        scene = long(ABSENT.with_(cut)).knowing(form=CUT, collides=True)
        assert scene.concluded() == Nothing("references_equal_as_shown")

    def test_absence_is_believed_in_the_form_that_is_known(self):
        assert long().knowing(form=CUT).concluded() == Absent()

    @pytest.mark.parametrize(("proven", "concluded"), [(50, Absent()), (49, None), (0, None)])
    def test_a_reference_longer_than_any_that_was_shown_whole_may_be_cut(self, proven, concluded):
        found = long().knowing(form=Form(proven=proven)).concluded()
        assert found == (concluded or Nothing("reference_longer_than_shown"))

    def test_it_may_stand_in_the_memo(self):
        in_memo = Form(in_memo=True, proven=10)
        there = replace(PRESENT, reference="ONLINE", memo=MINE)
        assert ABSENT.with_(there).knowing(form=in_memo).concluded() == Present(MY_NUMBER)
        elsewhere = replace(PRESENT, receipt_number="1.00007", memo="ONLINE")
        assert not isinstance(ABSENT.with_(elsewhere).knowing(form=in_memo).concluded(), Present)


def test_a_list_that_repeats_a_number_proves_no_absence():
    assert ABSENT.with_(receipt("1.00001")).concluded() == Nothing("list_repeats")


@pytest.mark.parametrize(("at", "found"), [(14.99, Nothing("too_early")), (15, Absent())])
def test_an_absence_before_the_wait_proves_nothing(at, found):
    assert replace(ABSENT, at=at).concluded() == found
    late = replace(ABSENT.sent, last_sent_at=ABSENT.sent.last_sent_at + timedelta(minutes=20))
    later = replace(ABSENT, sent=late, at=at + 20, ours=(BEFORE, ours(3, 30, receipt_number="5.00002")))
    assert later.concluded() == found, "the last attempt counts"


def test_the_wait_is_what_earlier_readings_taught():
    assert ABSENT.knowing(wait=timedelta(minutes=31)).concluded() == Nothing("too_early")


class TestEnteredByHand:
    """Of what never left, but was told as held."""

    @staticmethod
    def judged(*receipts, sent=ABSENT.sent, **known):
        scene = Scene(receipts=(receipt_of(BEFORE), receipt_of(AFTER), *receipts))
        facts = replace(KNOWN, ours=scene.ours, **known)
        return judge.entered_by_hand(replace(sent, told_held=True), scene.reading, facts, DAY)

    def test_nothing_like_it_is_there(self):
        assert self.judged(receipt("1.00001"), receipt("1.00002", "somebody's", 7)) == Absent()

    def test_with_our_reference_it_is_there(self):
        assert self.judged(PRESENT) == Present(MY_NUMBER)
        assert self.judged(replace(PRESENT, receipt_number="1.00044")) == Present("1.00044")

    @pytest.mark.parametrize("reference", [None, "check 1077", MINE[:6]])
    def test_one_of_the_same_cents_may_be_it_under_any_number(self, reference):
        alike = receipt("1.00044", reference, CENTS)
        assert self.judged(alike) == NotAsSent("similar_receipt", (alike,))

    def test_one_that_is_dated_before_it_arrived_is_not(self):
        assert self.judged(receipt("1.00044", None, CENTS, dated=DAY - timedelta(1))) == Absent()
        undated = receipt("1.00044", None, CENTS, dated=None)
        assert self.judged(undated) == NotAsSent("similar_receipt", (undated,))

    def test_one_numbered_below_an_earlier_payment_of_ours_is_not(self):
        assert self.judged(receipt("5.00000", None, CENTS)) == Absent()

    def test_one_that_is_another_payment_s_is_not(self):
        alike = receipt("1.00044", "IC00000009", CENTS)
        assert self.judged(alike, owners={"1.00044": "2493~payment~pay-9"}) == Absent()
        assert self.judged(alike, named={"ic00000009": "2493~payment~pay-9"}) == Absent()
        assert self.judged(alike, sent=replace(ABSENT.sent, others=frozenset({"1.00044"}))) == Absent()

    def test_one_whose_reference_another_payment_has_too_is_for_a_person(self):
        assert self.judged(PRESENT, collides=True) == NotAsSent("similar_receipt", (PRESENT,))
        settled = replace(ABSENT.sent, others=frozenset({MY_NUMBER}))
        assert self.judged(PRESENT, collides=True, sent=settled) == Absent()
        assert self.judged(replace(PRESENT, live=False, voided=True), collides=True) == Absent()


def test_whose_the_receipts_of_the_same_cents_are_must_be_asked():
    alike, dead = receipt("1.1", None, CENTS), receipt("1.2", None, CENTS, live=False)
    assert judge.same_cents(ABSENT.sent, [alike, dead, receipt("1.3")]) == [alike]
