"""Two readings of one list: what is older than the lag must be the same in both."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ledger.look import Look
from shared.payments.evidence.looks import agrees, look_at
from shared.payments.evidence.shown import Reading
from shared.vocabulary.money import Money
from tests.payments.evidence.samples import DAY, NOON, minutes, receipt

OLD = [receipt(f"1.{number:05}", f"c{number}", after=-60 + number) for number in range(10)]
NEWEST = receipt("1.00099", after=30)
NO_LAG = timedelta()


def reading(*receipts, days=1, at=30):
    return Reading(at=NOON + minutes(at), first=DAY - timedelta(days), last=DAY + timedelta(1), receipts=receipts)


def same(first, second, lag=NO_LAG):
    return agrees(look_at(first, 1, lag), second)


def test_a_list_that_grew_is_the_same_in_any_order_and_from_a_day_earlier():
    earlier = receipt("1.00000x", after=-2000, dated=DAY - timedelta(2))
    grown = reading(receipt("1.00100", after=41), NEWEST, *reversed(OLD), earlier, days=2, at=41)
    assert same(reading(*OLD, NEWEST), grown)


@pytest.mark.parametrize(
    "changed",
    [
        {"receipt_number": "1.00098"},
        {"reference": "another"},
        {"amount": Money(1)},
        {"live": False},
        {"dated": DAY - timedelta(3)},
    ],
)
def test_one_that_changed_makes_it_another_list(changed):
    before = replace(OLD[4], **changed)
    assert not same(reading(*OLD, NEWEST), reading(*OLD[:4], before, *OLD[5:], NEWEST))


def test_one_that_is_gone_or_came_late_makes_it_another_list():
    assert not same(reading(*OLD, NEWEST), reading(*OLD[1:], NEWEST))
    assert not same(reading(*OLD[1:], NEWEST), reading(*OLD, NEWEST))


@pytest.mark.parametrize(("lag", "agree"), [(10, False), (45, True)])
def test_what_is_younger_than_the_lag_may_come_late(lag, agree):
    """By the list's own clock: the newest receipt shows what time it is there."""
    late = receipt("1.00050", after=0)
    assert same(reading(*OLD, NEWEST), reading(*OLD, late, NEWEST), minutes(lag)) is agree


def test_what_was_made_in_the_last_two_minutes_of_the_first_may_come_late():
    assert same(reading(*OLD, NEWEST), reading(*OLD, receipt("1.00050", after=28.5), NEWEST))
    assert not same(reading(*OLD, NEWEST), reading(*OLD, receipt("1.00050", after=27.5), NEWEST))


def test_an_empty_list_is_one_too():
    assert same(reading(), reading(at=41))
    assert not same(reading(), reading(*OLD, at=41))


def test_it_is_kept_as_text():
    look = look_at(reading(*OLD, NEWEST), 3, minutes(5))
    assert Look.read(look.written()) == look
    assert (look.attempt, look.at, look.first, look.until) == (
        3,
        NOON + minutes(30),
        DAY - timedelta(1),
        NOON + minutes(23),
    )
