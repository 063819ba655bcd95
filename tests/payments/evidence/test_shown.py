"""What readings teach: how a list writes our references, how late it is, by what clock, and which of ours it showed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.evidence.shown import (
    WHOLE,
    Form,
    Number,
    Reading,
    Shown,
    day_of,
    form_after,
    form_read_back,
    is_same_number,
    learned,
    number_of,
    repeats,
)
from shared.vocabulary.money import Money
from tests.payments.evidence.samples import DAY, NOON, OTHER_CHANNEL, minutes, ours, receipt, receipt_of

LONG = "IC-2026-11-20-0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10"
SEVEN_DAYS = timedelta(days=7)
HALF_A_DAY = timedelta(hours=12)


class TestNumber:
    @pytest.mark.parametrize(
        ("text", "group", "place"),
        [
            ("5.00010", "5", 10),
            ("05.000000010", "5", 10),
            ("00010", "", 10),
            ("10", "", 10),
            ("0.1", "", 1),
            ("1234.123456789012345", "1234", 123456789012345),
        ],
    )
    def test_group_and_place(self, text, group, place):
        assert number_of(text) == Number(group, place, text)

    @pytest.mark.parametrize(
        "text", ["", "5.", ".5", "5.1.2", "a", "5,00010", " 5.00010", "5.00010\n", "-1", "5.٣", "9" * 16, "12345.1"]
    )
    def test_no_number_of_a_known_form(self, text):
        assert number_of(text) is None

    @pytest.mark.parametrize(
        ("low", "high", "below"),
        [
            ("5.00009", "5.00010", True),
            ("5.99999", "05.000100000", True),
            ("5.00010", "5.00010", False),
            ("5.00010", "5.00009", False),
            ("4.00009", "5.00010", False),
            ("00009", "5.00010", False),
        ],
    )
    def test_below_is_earlier_in_the_same_group(self, low, high, below):
        assert number_of(low).is_below(number_of(high)) is below

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("5.00010", "05.000000010", True),
            ("5.00010", "5.00011", False),
            ("5.00010", "6.00010", False),
            ("REC-7", "REC-7", True),
            ("REC-7", "REC-8", False),
            ("odd", "even", False),
        ],
    )
    def test_the_same_in_two_forms(self, one, other, same):
        assert is_same_number(one, other) is is_same_number(other, one) is same

    @given(st.sampled_from(["5.00010", "05.000000010", "00010", "7"]), st.integers(0, 99_999))
    def test_another_place_is_written_as_it_is(self, text, place):
        other = number_of(text).at(place)
        assert (number_of(other).group, number_of(other).place) == (number_of(text).group, place)
        assert len(other) >= len(text)
        assert other.rpartition(".")[0] == text.rpartition(".")[0]


class TestForm:
    def test_until_something_is_shown_nothing_is_proved(self):
        assert (Form().length, Form().is_cut, Form().known_length) == (WHOLE, False, 0)

    @pytest.mark.parametrize("written", [str, str.lower, str.upper, " {} ".format])
    def test_whole_references_prove_their_length_in_any_letter_case(self, written):
        mine = [ours(1, 0), ours(2, 1, reference=LONG)]
        shown = [receipt_of(each, reference=written(each.reference)) for each in mine]
        assert form_after(Form(), shown, mine) == Form(proven=50)
        assert form_after(Form(), shown[:1], mine) == Form(proven=10)

    def test_a_proof_stays_where_a_later_reading_shows_less(self):
        mine = [ours(1, 0)]
        assert form_after(Form(proven=50), [receipt_of(mine[0])], mine) == Form(proven=50)
        assert form_after(Form(proven=50), [], mine) == Form(proven=50)

    def test_a_reference_that_is_shown_in_part_is_cut(self):
        mine = [ours(1, 0), ours(2, 1, reference=LONG)]
        shown = [receipt_of(mine[0]), receipt_of(mine[1], reference=LONG[:30])]
        cut = form_after(Form(), shown, mine)
        assert (cut.length, cut.is_cut, cut.known_length) == (30, True, WHOLE)
        assert (cut.shown(LONG), cut.shown("IC1")) == (LONG[:30].lower(), "ic1")

    def test_one_that_is_longer_than_the_cut_says_that_the_list_shows_more_by_now(self):
        mine = [ours(2, 1, reference=LONG)]
        assert form_after(Form(length=30), [receipt_of(mine[0])], mine) == Form(proven=50)
        assert form_after(Form(length=30), [receipt_of(mine[0], reference=LONG[:40])], mine) == Form(length=40)

    def test_one_that_somebody_shortened_cuts_nothing(self):
        mine = [ours(1, 0), ours(2, 1)]
        shown = [receipt_of(mine[0]), receipt_of(mine[1], reference=mine[1].reference[:8])]
        assert form_after(Form(), shown, mine) == Form(proven=10)

    @pytest.mark.parametrize("text", [None, "", "IC00000", "another", f"{LONG}x"])
    def test_a_text_that_is_no_beginning_teaches_nothing(self, text):
        mine = [ours(2, 1, reference=LONG)]
        assert form_after(Form(proven=9), [receipt_of(mine[0], reference=text)], mine) == Form(proven=9)

    def test_only_receipts_that_are_ours_by_number_and_cents_teach(self):
        mine = [ours(2, 1, reference=LONG)]
        cut = receipt_of(mine[0], reference=LONG[:30])
        assert form_after(Form(), [replace(cut, receipt_number="5.00009")], mine) == Form()
        assert form_after(Form(), [replace(cut, amount=Money(1))], mine) == Form()

    def test_the_text_that_carries_it_is_found(self):
        mine = [ours(1, 0), ours(2, 1)]
        shown = [receipt_of(each, reference="ONLINE", memo=each.reference) for each in mine]
        form = form_after(Form(proven=50), shown, mine)
        assert form == Form(in_memo=True, proven=10), "what the other text proved says nothing of this one"
        assert form.shows(shown[0], mine[0].reference)
        assert not form.shows(receipt_of(mine[0]), mine[0].reference)
        back = [receipt_of(each, memo="for Ada") for each in mine]
        assert form_after(form, back, mine) == Form(proven=10)

    def test_in_both_texts_it_is_taken_from_the_reference(self):
        mine = [ours(1, 0)]
        assert form_after(Form(), [receipt_of(mine[0], memo=mine[0].reference)], mine) == Form(proven=10)

    @pytest.mark.parametrize(
        ("texts", "form"),
        [
            ({"reference": LONG}, Form(proven=50)),
            ({"reference": LONG.upper()}, Form(proven=50)),
            ({"reference": LONG[:30]}, Form(length=30)),
            ({"reference": None, "memo": LONG}, Form(in_memo=True, proven=50)),
            ({"reference": "ONLINE", "memo": LONG[:20]}, Form(in_memo=True, length=20)),
            ({"reference": LONG[:7]}, None),
            ({"reference": None}, None),
        ],
    )
    def test_one_receipt_read_back_shows_it(self, texts, form):
        assert form_read_back(receipt("5.1", **{"reference": None} | texts), LONG) == form


def reading(*receipts, at=30, days=1):
    return Reading(at=NOON + minutes(at), first=DAY - timedelta(days), last=DAY + timedelta(days), receipts=receipts)


def shown(*posted, at=30, **changes):
    return reading(*(receipt_of(each, **changes) for each in posted), at=at)


FIRST, SECOND, THIRD = ours(1, 0), ours(2, 5), ours(3, 10)
ALL = (FIRST, SECOND, THIRD)


class TestSeen:
    def test_nothing_was_seen_before_the_first_reading(self):
        assert Shown().seen(ALL) == frozenset()

    def test_all_that_a_reading_showed(self):
        assert learned(Shown(), shown(*ALL), ALL).seen(ALL) == {each.key for each in ALL}

    def test_not_what_it_did_not_show_and_not_what_was_posted_since(self):
        late = ours(4, 40)
        memory = learned(Shown(), shown(FIRST, THIRD), ALL)
        assert memory.seen([*ALL, late]) == {FIRST.key, THIRD.key}
        assert learned(memory, shown(*ALL, late, at=50), [*ALL, late]).seen([*ALL, late]) == {
            each.key for each in [*ALL, late]
        }

    def test_what_was_seen_once_stays_so_when_it_vanishes(self):
        memory = learned(Shown(), shown(*ALL), ALL)
        gone = learned(memory, shown(FIRST, THIRD, at=60), ALL)
        assert gone.seen(ALL) == {each.key for each in ALL}
        assert gone.missing == {}

    def test_across_a_hole_nothing_counts(self):
        """Payments between the two readings were in neither."""
        memory = learned(Shown(), shown(FIRST), [FIRST])
        later = ours(9, 600)
        again = learned(memory, shown(later, at=630), [later])
        assert again.seen([FIRST, later]) == {later.key}

    def test_where_it_is_known_that_nothing_was_posted_in_between_all_stays_seen(self):
        """What vanishes later is no lag then: a page that is lost once would keep every absence unproved for days."""
        memory = learned(Shown(), shown(FIRST), [FIRST])
        later = ours(9, 600)
        again = learned(memory, shown(later, at=630), [later], since=memory.seen_until)
        gone = learned(again, shown(later, at=640), [FIRST, later])
        back = learned(gone, shown(FIRST, later, at=650), [FIRST, later])
        assert again.seen([FIRST, later]) == {FIRST.key, later.key}
        assert back.lag(NOON, HALF_A_DAY) == timedelta()

    def test_outside_its_days_nothing_is_said(self):
        """It was not looked for: neither seen, nor late when it is shown."""
        earlier = replace(FIRST, dated=DAY - timedelta(5))
        memory = learned(Shown(), shown(SECOND), [earlier, SECOND])
        assert memory.seen([earlier, SECOND]) == {SECOND.key}
        days = learned(memory, reading(receipt_of(earlier), receipt_of(SECOND), at=600, days=6), [earlier, SECOND])
        assert days.seen([earlier, SECOND]) == {earlier.key, SECOND.key}
        assert days.lag(NOON, HALF_A_DAY) == timedelta()

    def test_where_more_are_missing_than_can_be_kept_nothing_counts_as_seen(self):
        many = [ours(number, number / 100) for number in range(300)]
        memory = learned(Shown(), shown(many[0]), many)
        assert len(memory.missing) == 200
        assert memory.seen(many) == frozenset()


class TestLag:
    def test_it_is_the_age_at_which_one_was_missing_that_came_later(self):
        memory = learned(Shown(), shown(FIRST, SECOND, at=45), ALL)
        assert memory.lag(NOON, HALF_A_DAY) == timedelta()
        memory = learned(memory, shown(FIRST, SECOND, at=50), ALL)
        memory = learned(memory, shown(*ALL, at=60), ALL)
        assert memory.lag(NOON, HALF_A_DAY) == minutes(40), "missing last at 12:50, sent at 12:10"
        assert memory.missing == {}

    def test_the_worst_of_seven_days_counts(self):
        memory = Shown(lags={"2026-11-13": 900.0, "2026-11-15": 60.0, "2026-11-12": 5000.0})
        assert memory.lag(NOON, HALF_A_DAY) == timedelta(seconds=900)
        assert memory.lag(NOON + SEVEN_DAYS, HALF_A_DAY) == timedelta()

    def test_more_than_half_a_day_is_no_lag(self):
        assert Shown(lags={"2026-11-20": 90_000.0}).lag(NOON, HALF_A_DAY) == HALF_A_DAY

    def test_one_that_never_comes_is_none(self):
        memory = Shown()
        for at in range(30, 300, 30):
            memory = learned(memory, shown(FIRST, SECOND, at=at), ALL)
        assert memory.lag(NOON, HALF_A_DAY) == timedelta()


class TestOffset:
    @pytest.mark.parametrize("fast", [90, -90, 7200, 0])
    def test_the_greatest_difference_either_way(self, fast):
        by_its_clock = [receipt_of(each, created_at=each.sent_at + timedelta(seconds=fast)) for each in ALL]
        memory = learned(Shown(), reading(*by_its_clock), ALL)
        assert memory.offset(NOON) == timedelta(seconds=abs(fast))
        assert memory.offset(NOON + SEVEN_DAYS + timedelta(days=1)) is None

    def test_one_that_was_sent_again_says_nothing(self):
        for attempts in (0, 2):
            again = replace(FIRST, attempts=attempts)
            assert learned(Shown(), shown(again, created_at=NOON + minutes(500)), [again]).offset(NOON) is None

    def test_one_that_was_posted_more_than_seven_days_ago_says_nothing(self):
        old = replace(FIRST, posted_at=NOON - SEVEN_DAYS)
        assert learned(Shown(), shown(old), [old]).offset(NOON) is None


def test_channels_make_no_difference_to_what_is_learned():
    mixed = [replace(each, channel=OTHER_CHANNEL) for each in ALL]
    assert learned(Shown(), shown(*mixed), mixed) == learned(Shown(), shown(*ALL), ALL)


def test_what_was_posted_after_the_reading_began_is_not_missing():
    late = ours(4, 31)
    assert learned(Shown(), shown(*ALL), [*ALL, late]).missing == {}


@given(
    st.builds(Form, in_memo=st.booleans(), length=st.integers(8, 64), proven=st.integers(0, 64)),
    st.dictionaries(st.text(max_size=9), st.floats(0, 1e6)),
    st.dictionaries(st.text(max_size=9), st.floats(0, 1e6)),
    st.none() | st.just(NOON),
)
def test_it_comes_back_from_its_text(form, missing, lags, instant):
    kept = Shown(form=form, missing=missing, lags=lags, offsets=lags, seen_from=instant, seen_until=NOON, said="absent")
    assert Shown.read(kept.written()) == kept
    assert Shown.read("") == Shown()


def test_a_number_that_comes_twice_is_noticed():
    assert repeats([receipt("5.1"), receipt("5.2"), receipt("5.1")])
    assert not repeats([receipt("5.1"), receipt("5.2")])


def test_the_day_of_a_receipt_is_the_one_it_is_dated():
    assert day_of(receipt("1", dated=DAY - timedelta(3))) == DAY - timedelta(3)
    assert day_of(receipt("1", dated=None)) == DAY
