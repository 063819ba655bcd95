"""What must be shown before an absence is believed; each rule is left out in one test, and nothing is concluded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.evidence.absence import MOST_MISSING, Absence
from shared.payments.evidence.facts import Absent, Ask, NotAsSent, Nothing, Present
from shared.payments.evidence.shown import Form
from tests.payments.evidence.samples import (
    ABSENT,
    AFTER,
    APART,
    BEFORE,
    CENTS,
    COUNTER,
    DAY,
    MINE,
    MY_KEY,
    MY_NUMBER,
    OTHER_CHANNEL,
    PRESENT,
    Scene,
    minutes,
    ours,
    receipt,
    receipt_of,
)

ON_ITS_OWN = receipt_of(BEFORE), receipt_of(APART)


def scene(*posted, shown=None, **changes):
    """These payments of ours, of which those are shown; all of them unless said otherwise."""
    seen = posted if shown is None else shown
    return Scene(ours=posted, receipts=tuple(receipt_of(each) for each in seen), **changes)


def test_between_an_earlier_and_a_later_one_it_is_absent():
    assert ABSENT.concluded() == Absent()


class TestBefore:
    def test_without_one_nothing_is_proved(self):
        assert scene(AFTER).concluded() == Nothing("no_earlier_one_shown")
        assert scene(BEFORE, AFTER, shown=[AFTER]).concluded() == Nothing("no_earlier_one_shown")

    def test_one_of_another_application_or_tender_is_none(self):
        """The list may show one workspace's, or one tender's."""
        other = replace(BEFORE, channel=OTHER_CHANNEL)
        assert scene(other, AFTER).concluded() == Nothing("no_earlier_one_shown")

    def test_one_that_is_dated_later_is_none(self):
        """The list may show today's, and the one in doubt is of yesterday."""
        later = replace(BEFORE, dated=DAY + timedelta(1))
        assert scene(later, AFTER).concluded() == Nothing("no_earlier_one_shown")
        assert scene(replace(BEFORE, dated=DAY - timedelta(1)), AFTER).concluded() == Absent()

    @pytest.mark.parametrize("posted_after", [0, 0.5, 9])
    def test_one_that_was_posted_after_the_first_attempt_is_none(self, posted_after):
        late = replace(BEFORE, posted_at=ABSENT.sent.first_sent_at + minutes(posted_after))
        assert scene(late, AFTER).concluded() == Nothing("no_earlier_one_shown")

    def test_the_first_attempt_counts_and_not_the_last(self):
        again = replace(ABSENT.sent, last_sent_at=ABSENT.sent.first_sent_at + minutes(30))
        between, after = ours(2, 20, key="2493~payment~pay-9", reference="IC00000009"), ours(3, 40)
        assert scene(between, after, sent=again, at=60).concluded() == Nothing("no_earlier_one_shown")
        assert scene(BEFORE, between, after, sent=again, at=60).concluded() == Absent()

    def test_one_of_the_last_three_is_enough(self):
        """A clerk may have voided the last, or a restored database have lost it: each was seen before."""
        last = [ours(number, -40 + number) for number in range(10, 14)]
        for number, shown in enumerate(last):
            gone = frozenset(each.key for each in last if each is not shown)
            after = replace(AFTER, receipt_number="5.00014")
            found = scene(*last, after, shown=[shown, after]).knowing(seen=gone).concluded()
            assert found == (Nothing("no_earlier_one_shown") if number == 0 else Absent()), number

    def test_it_is_itself_no_earlier_one(self):
        """A payment that Caselle has lost again was posted, and is asked about."""
        itself = ours(2, -5, key=MY_KEY, reference="another", posted_at=ABSENT.sent.first_sent_at - minutes(1))
        after = replace(AFTER, receipt_number="5.00003")
        assert scene(itself, after).concluded() == Nothing("no_earlier_one_shown")

    def test_one_that_looks_like_another_is_not_recognised(self):
        alike = ours(9, -20, reference=BEFORE.reference, receipt_number="4.00009")
        assert scene(alike, BEFORE, AFTER).concluded() == Nothing("no_earlier_one_shown")

    def test_of_two_receipts_of_one_payment_its_own_counts(self):
        """A commit that came late made the second; numbers between the two would be passed over."""
        for number in ("5.00000", "5.00002"):
            twice = scene(BEFORE, APART).with_(replace(receipt_of(BEFORE), receipt_number=number))
            assert twice.concluded() == (Ask((MY_NUMBER,)) if number == "5.00000" else Absent())

    def test_a_voided_one_is_shown_all_the_same(self):
        voided = receipt_of(BEFORE, live=False, voided=True)
        assert replace(ABSENT, receipts=(voided, receipt_of(AFTER))).concluded() == Absent()


class TestBeforeALostLedger:
    """Whoever was found by the list itself was sent at an unknown time."""

    FOUND = replace(BEFORE, attempts=0, posted_at=ABSENT.sent.last_sent_at + minutes(20))

    def test_it_counts_where_it_is_dated_earlier(self):
        earlier = replace(self.FOUND, dated=DAY - timedelta(1), receipt_number="7.00001")
        assert scene(earlier, AFTER).answered() == Absent()

    def test_it_counts_where_it_is_numbered_lower_than_one_that_was_sent_later(self):
        assert scene(self.FOUND, AFTER).concluded() == Absent()

    def test_the_last_ones_are_those_of_the_last_days_in_whatever_order_they_were_found(self):
        found = [
            replace(
                self.FOUND, key=f"2493~payment~old-{days}", reference=f"OLD{days:07}", receipt_number=f"4.{9 - days:05}"
            )
            for days in range(1, 9)
        ]
        dated = [
            replace(each, dated=DAY - timedelta(days), posted_at=each.posted_at + minutes(days))
            for days, each in enumerate(found, 1)
        ]
        after = replace(AFTER, receipt_number="4.00009")
        for days, shown in enumerate(dated, 1):
            found = scene(*dated, after, shown=[shown, after]).knowing(seen=frozenset(each.key for each in dated))
            concluded = found.concluded()
            assert (concluded == Nothing("no_earlier_one_shown")) == (days > 3), days

    @pytest.mark.parametrize("number", ["5.00003", "6.00001", "odd"])
    def test_otherwise_it_does_not(self, number):
        assert scene(replace(self.FOUND, receipt_number=number), AFTER).concluded() == Nothing("no_earlier_one_shown")


class TestAllOfOursSince:
    SECOND = ours(4, 3, receipt_number="5.00002")
    THIRD = ours(5, 12, receipt_number="5.00003")

    def test_all_of_them_are_shown(self):
        assert scene(BEFORE, self.SECOND, self.THIRD).concluded() == Absent()

    @pytest.mark.parametrize("missing", [SECOND, THIRD])
    def test_one_that_is_missing_says_that_the_list_is_not_whole(self, missing):
        rest = [each for each in (BEFORE, self.SECOND, self.THIRD) if each is not missing]
        found = scene(BEFORE, self.SECOND, self.THIRD, shown=rest).concluded()
        assert found == Nothing("one_of_ours_missing")

    def test_one_that_an_earlier_reading_showed_says_nothing(self):
        """Voided by deletion, or lost with a restored database."""
        whole = scene(BEFORE, self.SECOND, self.THIRD, shown=[BEFORE, self.THIRD])
        assert whole.knowing(seen=frozenset({self.SECOND.key})).concluded() == Absent()

    @pytest.mark.parametrize(("sent_after", "found"), [(15, Nothing("one_of_ours_missing")), (15.1, Absent())])
    def test_one_that_is_younger_than_the_wait_may_be_missing(self, sent_after, found):
        young = ours(5, sent_after, receipt_number="5.00003")
        assert scene(BEFORE, self.SECOND, young, shown=[BEFORE, self.SECOND]).concluded() == found

    @pytest.mark.parametrize("days", [-2, 2])
    def test_one_that_is_dated_outside_the_reading_may_be_missing(self, days):
        elsewhere = replace(self.SECOND, dated=DAY + timedelta(days))
        assert scene(BEFORE, elsewhere, self.THIRD, shown=[BEFORE, self.THIRD]).concluded() == Absent()

    def test_one_of_another_application_or_tender_may_be_missing(self):
        other = replace(self.SECOND, channel=OTHER_CHANNEL)
        assert scene(BEFORE, other, self.THIRD, shown=[BEFORE, self.THIRD]).concluded() == Absent()

    def test_one_that_was_sent_before_the_earlier_one_may_be_missing(self):
        old = ours(9, -30, receipt_number="4.00001")
        assert scene(old, BEFORE, AFTER, shown=[BEFORE, AFTER]).concluded() == Absent()

    def test_of_two_that_look_alike_both_must_be_there(self):
        alike = [replace(each, reference=f"{'IC' * 20}{each.receipt_number}") for each in (self.SECOND, self.THIRD)]
        cut = Form(length=30, proven=10)
        shown = [receipt_of(each, reference=each.reference[:30]) for each in alike]
        after = ours(6, 14, receipt_number="5.00004")
        whole = Scene(ours=(BEFORE, *alike, after), receipts=(receipt_of(BEFORE), receipt_of(after), *shown))
        assert whole.knowing(form=cut).concluded() == Absent()
        one = replace(whole, receipts=whole.receipts[:-1])
        assert one.knowing(form=cut).concluded() == Nothing("one_of_ours_missing")


class TestAfter:
    def test_without_one_the_list_may_end_before_it(self):
        assert scene(BEFORE).concluded() == Nothing("no_later_one_shown")
        assert ABSENT.with_(receipt("1.00009", after=29)).concluded() == Absent()
        assert scene(BEFORE).with_(receipt("1.00009", after=29)).concluded() == Nothing("no_later_one_shown")

    @pytest.mark.parametrize(("sent_after", "found"), [(1.99, Nothing("no_later_one_shown")), (2, Absent())])
    def test_its_first_send_began_surely_later(self, sent_after, found):
        assert scene(BEFORE, ours(3, sent_after, receipt_number="5.00002")).concluded() == found

    def test_its_last_send_says_nothing(self):
        """It may have been made by its first."""
        again = replace(AFTER, first_sent_at=ABSENT.sent.first_sent_at - minutes(1), attempts=2)
        assert scene(BEFORE, again).concluded() == Nothing("no_later_one_shown")

    def test_the_last_attempt_of_the_one_in_doubt_counts(self):
        again = replace(ABSENT.sent, last_sent_at=ABSENT.sent.first_sent_at + minutes(9))
        assert scene(BEFORE, AFTER, sent=again).concluded() == Nothing("no_later_one_shown")

    def test_one_of_another_application_or_tender_will_do(self):
        assert scene(BEFORE, replace(AFTER, channel=OTHER_CHANNEL)).concluded() == Absent()

    def test_one_that_is_not_shown_will_not(self):
        other = replace(AFTER, channel=OTHER_CHANNEL)
        assert scene(BEFORE, other, shown=[BEFORE]).concluded() == Nothing("no_later_one_shown")

    def test_one_that_a_lost_ledger_sent_will_not(self):
        assert scene(BEFORE, replace(AFTER, attempts=0, channel=OTHER_CHANNEL)).concluded() == Nothing(
            "no_later_one_shown"
        )

    def test_the_time_that_the_list_shows_of_ours_takes_part_in_nothing(self):
        """A clock that is hours fast."""
        fast = Scene(
            ours=(BEFORE,), receipts=(replace(receipt_of(BEFORE), created_at=COUNTER.created_at + minutes(999)),)
        )
        assert fast.knowing(counter=minutes(180)).concluded() == Nothing("no_later_one_shown")
        slow = [replace(each, created_at=each.created_at - minutes(999)) for each in ABSENT.receipts]
        assert replace(ABSENT, receipts=tuple(slow)).concluded() == Absent()


class TestACounterReceiptAsAfter:
    ALONE = scene(BEFORE, at=400)

    def later(self, after, number="1.00009", **changes):
        return self.ALONE.with_(receipt(number, after=after, **changes))

    def test_it_is_later_by_more_than_any_error_of_its_clock_that_was_seen(self):
        assert self.later(190).knowing(counter=minutes(190)).concluded() == Nothing("no_later_one_shown")
        assert self.later(190.1).knowing(counter=minutes(190)).answered() == Absent()

    def test_where_no_error_was_ever_seen_none_counts(self):
        assert self.later(399).concluded() == Nothing("no_later_one_shown")

    @pytest.mark.parametrize("shown", [{"reference": "IC00000008"}, {"receipt_number": "1.00008"}])
    def test_one_of_ours_is_none(self, shown):
        """Its time is by the same clock, and says when it was made, not when it was sent."""
        late = ours(8, -5, receipt_number="1.00008", channel=OTHER_CHANNEL)
        whole = replace(self.later(300, "1.00009"), ours=(BEFORE, late)).knowing(counter=minutes(190))
        assert whole.answered() == Absent()
        mine = replace(whole.receipts[-1], **shown)
        assert replace(whole, receipts=(receipt_of(BEFORE), mine)).concluded() == Nothing("no_later_one_shown")

    def test_in_our_own_number_group_no_number_may_be_missing_before_it(self):
        assert self.later(300, number="5.00002").knowing(counter=minutes(190)).concluded() == Absent()
        apart = self.later(300, number="5.00003").knowing(counter=minutes(190))
        assert apart.concluded() == Ask((MY_NUMBER,))
        assert apart.answered() == Nothing("numbers_missing")

    def test_one_in_our_own_group_is_asked_more_than_another(self):
        both = self.later(300).with_(receipt("5.00003", after=300)).knowing(counter=minutes(190))
        assert both.answered() == Nothing("numbers_missing")


class TestNumbers:
    def test_one_that_is_missing_in_between_is_asked_for(self):
        assert scene(BEFORE, APART).concluded() == Ask((MY_NUMBER,))

    def test_not_there_it_was_never_issued(self):
        assert scene(BEFORE, APART).answered() == Absent()

    def test_with_our_reference_and_cents_it_is_there(self):
        assert scene(BEFORE, APART).answered(mine=PRESENT) == Present(MY_NUMBER)

    def test_with_our_reference_and_other_cents_it_is_for_a_person(self):
        other = replace(PRESENT, amount=receipt("1").amount)
        assert scene(BEFORE, APART).answered(mine=other) == NotAsSent("amount_differs", (other,))

    def test_anything_else_there_says_that_the_list_hides_receipts(self):
        assert scene(BEFORE, APART).answered(other=receipt(MY_NUMBER)) == Nothing("list_hides_receipts")
        dead = receipt(MY_NUMBER, live=False, voided=True)
        assert scene(BEFORE, APART).answered(other=dead) == Nothing("list_hides_receipts")

    def test_one_that_an_answer_gave_to_another_of_our_payments_is_not_missing(self):
        young = ours(4, 16, receipt_number=MY_NUMBER)
        assert scene(BEFORE, young, APART, shown=[BEFORE, APART]).concluded() == Absent()

    def test_its_own_is_missing_where_caselle_has_lost_it_again(self):
        itself = ours(2, 0, key=MY_KEY, reference=MINE, cents=CENTS)
        lost = scene(BEFORE, itself, APART, shown=[BEFORE, APART])
        assert lost.concluded() == Ask((MY_NUMBER,))
        assert lost.answered() == Absent()

    def test_one_that_the_list_shows_is_not_missing(self):
        assert scene(BEFORE, APART).with_(receipt(MY_NUMBER, "walk-in")).concluded() == Absent()

    def test_never_issued_is_believed_only_before_one_of_the_same_application_and_tender(self):
        other = replace(APART, channel=OTHER_CHANNEL)
        assert scene(BEFORE, other).answered() == Nothing("numbers_missing")
        alike = ours(4, 12)
        assert scene(BEFORE, other, alike).answered() == Absent()
        assert scene(BEFORE, other, ours(4, 20), shown=[BEFORE, other]).answered() == Nothing("numbers_missing")

    def test_the_nearest_later_one_counts(self):
        far = ours(900, 14, receipt_number="5.00900", channel=OTHER_CHANNEL)
        assert scene(BEFORE, AFTER, far).concluded() == Absent()

    @pytest.mark.parametrize("missing", [MOST_MISSING, MOST_MISSING + 1])
    def test_more_than_twenty_are_no_accident(self, missing):
        far = ours(3, 10, receipt_number=f"5.{missing + 2:05}")
        found = scene(BEFORE, far).concluded()
        if missing > MOST_MISSING:
            assert found == Nothing("too_many_numbers_missing")
        else:
            assert found == Ask(tuple(f"5.{number + 2:05}" for number in range(missing)))

    @pytest.mark.parametrize("number", ["5.00000", BEFORE.receipt_number])
    def test_between_numbers_that_run_backwards_nothing_is_concluded(self, number):
        after = replace(AFTER, receipt_number=number)
        shown = replace(scene(BEFORE, after), receipts=(receipt_of(BEFORE), receipt_of(after)))
        assert shown.concluded() in {Nothing("numbers_begun_again"), Nothing("list_repeats")}

    def test_one_later_one_below_says_so_beside_others_above(self):
        again = ours(4, 12, receipt_number="5.00000")
        assert scene(BEFORE, AFTER, again).concluded() == Nothing("numbers_begun_again")

    @pytest.mark.parametrize("number", ["odd", "", "5-7", "5.x", "1.2.3"])
    def test_a_number_of_an_unknown_form_proves_nothing(self, number):
        odd = replace(receipt_of(AFTER), receipt_number=number)
        assert replace(ABSENT, receipts=(receipt_of(BEFORE), odd)).concluded() == Nothing("numbers_unreadable")
        odd = replace(receipt_of(BEFORE), receipt_number=number)
        assert replace(ABSENT, receipts=(odd, receipt_of(AFTER))).concluded() == Nothing("numbers_unreadable")

    def test_before_one_of_another_group_the_next_of_our_own_are_asked_for(self):
        """A list that has lost this very receipt shows it by its number."""
        shown = [BEFORE, replace(AFTER, receipt_number="7.00900")]
        assert scene(*shown).concluded() == Ask(("5.00002", "5.00003", "5.00004"))
        assert scene(*shown).answered() == Absent()
        assert scene(*shown).answered(mine=PRESENT) == Present(MY_NUMBER)
        assert scene(*shown).answered(other=receipt("5.00004")) == Nothing("list_hides_receipts")
        young = ours(4, 16, receipt_number="5.00003")
        assert scene(*shown, young, shown=shown).concluded() == Ask(("5.00002", "5.00004", "5.00005"))

    def test_numbers_without_a_group_are_one_group(self):
        before, after = replace(BEFORE, receipt_number="000101"), replace(AFTER, receipt_number="000103")
        assert scene(before, after).concluded() == Ask(("000102",))

    def test_the_long_form_of_later_releases_goes_on(self):
        after = replace(AFTER, receipt_number="05.000000003")
        asked = scene(BEFORE, after)
        assert asked.concluded() == Ask((MY_NUMBER, "05.000000002")), "in either form"
        assert asked.answered(mine=replace(PRESENT, receipt_number="05.000000002")) == Present("05.000000002")
        assert asked.answered() == Absent()


class TestCandidates:
    """A live receipt that is none of ours and of the same cents may be it, in a form that nobody foresaw."""

    def shown(self, number="5.00002", told_held=False, others=(), reference=None, **changes):
        told = replace(ABSENT.sent, told_held=told_held, others=frozenset(others))
        whole = replace(scene(BEFORE, APART), sent=told)
        return whole.with_(receipt(number, reference, CENTS, **changes))

    @pytest.mark.parametrize("reference", [None, "", MINE[:5], "somebody"])
    def test_one_in_our_number_group_is_for_a_person(self, reference):
        found = self.shown(reference=reference)
        assert found.concluded() == NotAsSent("similar_receipt", (found.receipts[-1],))

    def test_of_other_cents_it_is_none(self):
        assert (
            replace(ABSENT, ours=(BEFORE, APART), receipts=ON_ITS_OWN)
            .with_(receipt("5.00002", None, CENTS + 1))
            .concluded()
            == Absent()
        )

    def test_voided_it_is_none(self):
        assert self.shown(live=False, voided=True).concluded() == Absent()

    def test_bound_to_one_of_ours_it_is_none(self):
        assert self.shown().knowing(owners={"5.00002": "2493~payment~pay-9"}).concluded() == Absent()
        itself = self.shown().knowing(owners={"5.00002": MY_KEY})
        assert isinstance(itself.concluded(), NotAsSent)

    def test_with_another_payment_s_whole_reference_it_is_none(self):
        another = self.shown(reference="IC00000009")
        assert another.knowing(named={"ic00000009": "2493~payment~pay-9"}).concluded() == Absent()
        assert isinstance(another.knowing(named={"ic0000000": "2493~payment~pay-9"}).concluded(), NotAsSent)

    def test_named_as_another_s_by_a_person_it_is_none(self):
        assert self.shown(others={"5.00002"}).concluded() == Absent()

    def test_numbered_below_the_earlier_one_it_is_none(self):
        assert replace(ABSENT, ours=(BEFORE, AFTER)).with_(receipt("5.00000", None, CENTS)).concluded() == Absent()

    @pytest.mark.parametrize(("told_held", "candidate"), [(False, False), (True, True)])
    def test_at_the_counter_it_is_one_only_after_a_person_was_told(self, told_held, candidate):
        """Until then nobody had a reason to enter it; flat fees are paid all day."""
        told = replace(ABSENT, sent=replace(ABSENT.sent, told_held=told_held))
        found = told.with_(receipt("1.00044", None, CENTS)).concluded()
        assert isinstance(found, NotAsSent if candidate else Absent)

    def test_made_by_the_online_user_it_is_one_under_any_number(self):
        before = receipt_of(BEFORE, user="ONLINE")
        online = replace(ABSENT, receipts=(before, receipt_of(AFTER)))
        assert isinstance(online.with_(receipt("9.00044", None, CENTS, user="ONLINE")).concluded(), NotAsSent)
        assert online.with_(receipt("9.00044", None, CENTS, user="BETTY")).concluded() == Absent()
        assert online.with_(receipt("9.00044", None, CENTS)).concluded() == Absent()

    def test_what_is_not_shown_excludes_nothing(self):
        assert isinstance(ABSENT.with_(receipt("odd", None, CENTS)).concluded(), NotAsSent)

    def test_all_of_them_are_named(self):
        two = ABSENT.with_(receipt("5.00003", None, CENTS), receipt("5.00004", None, CENTS))
        assert two.concluded() == NotAsSent("similar_receipt", two.receipts[-2:])


class TestGoesOn:
    """Of a void it is enough that the list goes on behind the attempt: the receipt itself is shown."""

    @staticmethod
    def goes_on(judged):
        return Absence(judged.sent, judged.reading, judged.facts).goes_on()

    def test_by_one_of_ours(self):
        assert self.goes_on(scene(AFTER))
        assert self.goes_on(scene(replace(AFTER, channel=OTHER_CHANNEL)))
        assert not self.goes_on(scene(AFTER, shown=[]))
        assert not self.goes_on(scene(BEFORE, ours(3, 1.9)))

    def test_by_a_counter_receipt_that_is_surely_later(self):
        late = scene(at=400).with_(receipt("1.00009", after=300))
        assert self.goes_on(late.knowing(counter=minutes(190)))
        assert not self.goes_on(late.knowing(counter=minutes(310)))
        assert not self.goes_on(late)
