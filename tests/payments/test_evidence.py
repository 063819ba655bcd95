"""What the receipts of a city say about a payment in doubt."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.entry import Entry, Key, Kind, State
from shared.payments.evidence import date_range, judge
from shared.payments.gateway import Receipt
from shared.vocabulary.money import Money
from tests.payments.world import NEWPORT

SENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MARGIN = timedelta(minutes=2)
CITY = Biller.model_validate(NEWPORT)
ENTRY = Entry(
    key=Key("2493", Kind.PAYMENT, "pay-1"),
    state=State.UNKNOWN,
    fingerprint="f",
    cents=12540,
    customer_number="000412",
    reference="IC1",
    message_id="m-1",
    message=b"{}",
    received_at=SENT - timedelta(hours=3),
    posting_date="2026-11-20",
    attempt=1,
    sent_at=SENT,
)
MINE = Receipt(receipt_number="5.00010", reference="IC1", amount=Money(12540), live=True, voided=False, created_at=SENT)
COUNTER = Receipt(
    receipt_number="5.00011",
    reference=None,
    amount=Money(500),
    live=True,
    voided=False,
    created_at=SENT + timedelta(hours=1),
)


def found(*receipts, foreign=(), entry=ENTRY):
    return judge(receipts, "IC1", entry, frozenset(foreign), MARGIN)


def test_one_receipt_with_reference_and_cents_is_ours():
    assert found(COUNTER, MINE) == settle.Found("5.00010")


@pytest.mark.parametrize("spelled", ["IC1", "ic1", " IC1 ", "Ic1\n"])
def test_a_reference_is_recognised_in_another_spelling(spelled):
    assert found(replace(MINE, reference=spelled)) == settle.Found("5.00010")


@pytest.mark.parametrize("spelled", [None, "", "IC", "IC11", "0IC1", "IC 1"])
def test_a_reference_that_only_resembles_is_another(spelled):
    assert isinstance(found(replace(MINE, reference=spelled)), settle.Absent)


def test_a_receipt_number_is_passed_on_as_text():
    assert found(replace(MINE, receipt_number="05.000000010")) == settle.Found("05.000000010")


def test_two_receipts_are_for_a_person():
    assert found(MINE, replace(MINE, receipt_number="5.00012")) == settle.Odd("several_receipts")


def test_a_voided_one_beside_a_live_one_is_for_a_person_too():
    voided = replace(MINE, receipt_number="5.00009", live=False)
    assert found(voided, MINE) == settle.Odd("several_receipts")


def test_a_voided_receipt_is_neither_there_nor_absent():
    assert found(replace(MINE, live=False), COUNTER) == settle.Odd("receipt_voided")


@pytest.mark.parametrize("cents", [12539, 12541, 1254, 0])
def test_another_amount_is_for_a_person(cents):
    assert found(replace(MINE, amount=Money(cents)), COUNTER) == settle.Odd("amount_differs")


def test_a_receipt_of_another_payment_is_no_evidence():
    assert found(MINE, COUNTER, foreign=["5.00010"]) == settle.Absent(controlled=True)
    second = replace(MINE, receipt_number="5.00012")
    assert found(MINE, second, foreign=["5.00010"]) == settle.Found("5.00012")


@pytest.mark.parametrize(
    ("after", "controlled"),
    [
        (timedelta(0), False),
        (MARGIN - timedelta(milliseconds=1), False),
        (MARGIN, False),
        (MARGIN + timedelta(milliseconds=1), True),
        (timedelta(days=2), True),
        (-timedelta(days=1), False),
    ],
)
def test_absence_counts_only_beside_a_receipt_made_clearly_later(after, controlled):
    control = replace(COUNTER, created_at=SENT + after)
    assert found(control) == settle.Absent(controlled=controlled)


def test_an_empty_answer_proves_nothing():
    assert found() == settle.Absent(controlled=False)


def test_one_control_among_older_receipts_is_enough():
    older = replace(COUNTER, created_at=SENT - timedelta(hours=9))
    assert found(older, COUNTER, older) == settle.Absent(controlled=True)


@pytest.mark.parametrize(
    ("posting", "sent_at", "now", "first", "last"),
    [
        # On the day itself.
        ("2026-11-20", "2026-11-20T20:00:00Z", "2026-11-20T21:00:00Z", "2026-11-19", "2026-11-21"),
        # Dated back: the receipt may lie on either day.
        ("2026-10-31", "2026-11-20T20:00:00Z", "2026-11-20T21:00:00Z", "2026-10-30", "2026-11-21"),
        # Dated ahead.
        ("2026-11-25", "2026-11-20T20:00:00Z", "2026-11-20T21:00:00Z", "2026-11-19", "2026-11-26"),
        # Asked days later: a city that dates by its own day may have used any of them.
        ("2026-11-20", "2026-11-20T20:00:00Z", "2026-11-23T21:00:00Z", "2026-11-19", "2026-11-24"),
        # Days are the city's: 2026-12-01T02:00Z is November there.
        ("2026-11-30", "2026-12-01T02:00:00Z", "2026-12-01T03:00:00Z", "2026-11-29", "2026-12-01"),
        # Over new year.
        ("2026-12-31", "2027-01-01T07:30:00Z", "2027-01-01T09:00:00Z", "2026-12-30", "2027-01-02"),
    ],
)
def test_the_range_covers_every_day_the_receipt_can_have(posting, sent_at, now, first, last):
    entry = ENTRY._replace(posting_date=posting, sent_at=datetime.fromisoformat(sent_at))
    days = date_range(entry, CITY, datetime.fromisoformat(now))
    assert days == (date.fromisoformat(first), date.fromisoformat(last))


def test_without_a_noted_attempt_the_arrival_counts():
    entry = ENTRY._replace(sent_at=None, received_at=datetime(2026, 11, 18, 12, tzinfo=UTC))
    assert date_range(entry, CITY, SENT)[0] == date(2026, 11, 17)
    control = replace(COUNTER, created_at=SENT - timedelta(hours=1))
    assert found(control, entry=entry) == settle.Absent(controlled=True)
