"""Reading receipts: a page is complete and understood, or it is no answer."""

import json
from datetime import UTC, datetime

import pytest

from shared.caselle import create_receipt, void_receipt
from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import read
from shared.caselle.receipt import page
from shared.ledger.answer import Accepted

ROW = {
    "receipt_number": "5.00010",
    "reference": "IC1",
    "amount": "125.40",
    "status": "POSTED",
    "created_at": "2026-11-20T04:00:00-08:00",
}


def answered(receipts, following=None, status=200, **more):
    found = {"receipts": receipts, "next": following}
    return page(read(status, json.dumps({"data": {"receipt": found}} | more).encode()))


def test_a_page_is_read_row_by_row():
    [mine, counter], following = answered([ROW, ROW | {"receipt_number": "5.00011", "reference": None}], "200")
    assert (mine.receipt_number, mine.reference, mine.amount, mine.live) == ("5.00010", "IC1", 12540, True)
    assert mine.created_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (counter.reference, following) == (None, "200")


def test_a_counter_receipt_with_half_a_surrogate_pair_hides_no_other():
    _, mine = answered([ROW | {"reference": "\ud800", "receipt_number": "5\udfff"}, ROW])[0]
    assert mine.reference == "IC1"


def test_a_counter_receipt_s_long_reference_is_cut():
    [shown], _ = answered([ROW | {"reference": "x" * 40_000}])
    assert shown.reference == "x" * 100


def test_a_receipt_number_is_the_same_text_wherever_it_is_read():
    """One answer with a blank more must not make two receipts of one, nor none of it."""
    padded = " 5.00010\0 "
    made = create_receipt.answer(
        read(200, json.dumps({"data": {"create_receipt": {"receipt_number": padded}}}).encode())
    )
    voided = {"void_receipt": {"receipt_number": padded, "status": "VOIDED"}}
    undone = void_receipt.answer(read(200, json.dumps({"data": voided}).encode()), "5.00010")
    [shown], _ = answered([ROW | {"receipt_number": padded}])
    assert made == undone == Accepted("5.00010")
    assert shown.receipt_number == "5.00010"


def test_an_empty_last_page_is_an_answer():
    assert answered([]) == ([], None)


@pytest.mark.parametrize(("status", "live"), [("POSTED", True), ("VOIDED", False), ("REFUNDED", False), ("NEW", False)])
def test_only_a_posted_receipt_is_live(status, live):
    [receipt], _ = answered([ROW | {"status": status}])
    assert receipt.live is live


def test_a_counter_receipt_below_zero_hides_no_other():
    """One refund at the counter must not keep every payment of that day in doubt."""
    [refund, mine], _ = answered([ROW | {"amount": "-12.00", "reference": None}, ROW])
    assert (refund.amount, mine.amount) == (-1200, 12540)


@pytest.mark.parametrize(
    "change",
    [
        {"receipt_number": None},
        {"receipt_number": True},
        {"amount": 0.1 + 0.2},
        {"amount": "125,40"},
        {"amount": None},
        {"created_at": "2026-11-20T04:00:00"},
        {"created_at": "yesterday"},
        {"status": None},
        {"reference": [7]},
    ],
)
def test_a_row_that_is_not_understood_makes_the_page_no_answer(change):
    with pytest.raises(AmbiguousError):
        answered([ROW, ROW | change])


@pytest.mark.parametrize("missing", ROW)
def test_a_row_that_is_cut_makes_the_page_no_answer(missing):
    with pytest.raises(AmbiguousError):
        answered([{name: value for name, value in ROW.items() if name != missing}])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"data": {"receipt": None}}),
        (200, {"data": {}}),
        (200, {"data": None}),
        (200, {"errors": [{"message": "no"}]}),
        (200, {"data": {"receipt": {"receipts": []}}}),
        (200, {"data": {"receipt": {"next": None}}}),
        (200, {"data": {"receipt": {"receipts": None, "next": None}}}),
        (200, {"data": {"receipt": []}}),
        (302, {"data": {"receipt": {"receipts": [], "next": None}}}),
        (401, {"data": {"receipt": {"receipts": [], "next": None}}}),
        (503, {"data": {"receipt": {"receipts": [], "next": None}}}),
    ],
)
def test_anything_but_a_complete_page_is_no_answer(status, body):
    with pytest.raises(AmbiguousError):
        page(read(status, json.dumps(body).encode()))


def test_rows_beside_an_error_are_no_answer():
    with pytest.raises(AmbiguousError):
        answered([ROW], errors=[{"message": "some rows are missing", "path": ["receipt", "receipts"]}])


def test_more_rows_than_asked_for_are_no_answer():
    assert len(answered([ROW] * 200)[0]) == 200
    with pytest.raises(AmbiguousError):
        answered([ROW] * 201)


def test_an_error_tells_no_value():
    with pytest.raises(AmbiguousError) as caught:
        answered([ROW | {"amount": "Ada Canary"}])
    assert "Canary" not in repr(caught.value) + str(caught.value)
