"""A sheet goes to the city and comes back, through whatever spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.entry import Key, Kind
from shared.repair import inquiry
from shared.repair.inquiry import COLUMNS, Answer, Found
from shared.vocabulary.errors import Malformed
from tests.ledger.samples import entry

HELD = entry(reason="outcome_unknown", customer_number="000412")


def filled(answer, receipt="", **changes):
    [row] = csv.DictReader(io.StringIO(inquiry.sheet([HELD])))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerow(row | {"answer": answer, "receipt number": receipt} | changes)
    return text.getvalue()


def test_a_question_says_which_register_to_open():
    [row] = csv.DictReader(io.StringIO(inquiry.sheet([HELD])))
    assert row["register to open"] == "Receipt Register, 2026-11-20, all users"
    assert (row["confirmation number"], row["customer"], row["amount"]) == ("IC1", "000412", "125.40")


@pytest.mark.parametrize(
    ("answer", "receipt", "found"),
    [
        ("posted", "5.00010", Found.POSTED),
        (" Posted ", " 5.00010 ", Found.POSTED),
        ("NOT THERE", "", Found.NOT_THERE),
        ("never", "", Found.NEVER),
    ],
)
def test_an_answer_is_read_in_any_letter_case(answer, receipt, found):
    read = inquiry.read("\ufeff" + filled(answer, receipt))
    assert read.answers == [Answer(2, HELD.key, found, receipt.strip())]
    assert (read.open, read.wrong) == (0, [])


def test_what_is_not_answered_stays_open():
    assert inquiry.read(inquiry.sheet([HELD, HELD])).open == 2


@pytest.mark.parametrize(
    ("answer", "receipt", "says"),
    [
        ("yes", "", "the answer is one of"),
        ("posted", "", "a receipt number goes with"),
        ("never", "5.00010", "a receipt number goes with"),
    ],
)
def test_a_wrong_line_is_named(answer, receipt, says):
    read = inquiry.read(filled(answer, receipt))
    assert read.answers == []
    assert read.wrong[0].startswith("Line 2: ")
    assert says in read.wrong[0]


def test_a_spoiled_id_is_named():
    assert inquiry.read(filled("never", **{"payment id": "1.2E+13"})).wrong


def test_another_table_is_refused():
    with pytest.raises(Malformed, match="no column"):
        inquiry.read("a,b\n1,2\n")


@given(st.text())
def test_no_cell_is_a_formula(text):
    shown = inquiry.plain(text)
    assert shown.removeprefix("'") == text.removeprefix("'")
    assert shown[:1] not in {"=", "+", "@"}


@pytest.mark.parametrize("reason", sorted(inquiry.REASONS))
def test_only_payments_that_may_be_there_are_asked_about(reason):
    assert inquiry.is_question(entry(reason=reason))
    assert not inquiry.is_question(entry(reason=reason, key=Key("2493", Kind.ACH_REJECT, "r")))
    assert not inquiry.is_question(entry(reason="unknown_tender"))
