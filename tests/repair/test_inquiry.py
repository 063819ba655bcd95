"""A sheet goes to the city and comes back, through whatever spreadsheet."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import Key, Kind, State
from shared.repair import inquiry
from shared.repair.inquiry import COLUMNS, Answer, Found
from shared.vocabulary.errors import Malformed
from shared.vocabulary.money import Money
from tests.ledger.samples import entry
from tests.payments.world import message
from tests.repair.world import SAID

HELD = entry(state=State.HELD, reason="outcome_unknown", customer_number="000412", attempt=1)
NOW = datetime(2026, 11, 20, 15, 41, tzinfo=UTC)
HOUR = datetime(2026, 11, 20, 15, tzinfo=UTC)


def filled(answer, receipt="", lines=1, **changes):
    [row] = csv.DictReader(io.StringIO(inquiry.sheet([HELD], NOW)))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for _ in range(lines):
        writer.writerow(row | {"answer": answer, "receipt number": receipt} | changes)
    return text.getvalue()


def answered(found=Found.NEVER, **changes):
    said = {"line": 2, "key": HELD.key, "confirmation": "IC1", "amount": Money(12540), "attempt": 1}
    return Answer(**said | {"written": HOUR, "found": found, "receipt_number": ""} | changes)


def test_a_question_says_which_register_to_open():
    [row] = csv.DictReader(io.StringIO(inquiry.sheet([HELD], NOW.astimezone(timezone(timedelta(hours=-8))))))
    assert row["register to open"] == "Receipt Register, 2026-11-20, all users"
    assert (row["confirmation number"], row["customer"], row["amount"]) == ("IC1", "000412", "125.40")
    assert (row["attempt"], row["written"]) == ("1", "2026-11-20T15:00Z")


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
    assert read.answers == [answered(found, receipt_number=receipt.strip())]
    assert (read.open, read.wrong) == (0, [])


def test_what_is_not_answered_stays_open():
    assert inquiry.read(inquiry.sheet([HELD, HELD], NOW)).open == 2


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


@pytest.mark.parametrize(
    "changes",
    [
        {"payment id": "1.2E+13"},
        {"biller": "2.493E+03"},
        {"amount": "125,40"},
        {"amount": ""},
        {"attempt": ""},
        {"attempt": "1.0"},
        {"written": ""},
        {"written": "11/20/2026 15:00"},
    ],
)
def test_what_a_spreadsheet_spoiled_is_named(changes):
    read = inquiry.read(filled("never", **changes))
    assert (read.answers, len(read.wrong)) == ([], 1)


def test_an_amount_that_lost_its_last_zero_is_the_same_amount():
    assert inquiry.read(filled("never", amount="125.4")).answers == [answered()]


def test_a_payment_that_is_answered_twice_is_named_twice():
    read = inquiry.read(filled("never", lines=2))
    assert read.wrong == [f"Line {number}: payment pay-1 is answered twice." for number in (2, 3)]


def test_a_sheet_of_before_has_no_attempt_and_no_hour():
    lines = [",".join(line.split(",")[:8] + line.split(",")[10:]) for line in filled("never").splitlines()]
    with pytest.raises(Malformed, match="no column attempt, written"):
        inquiry.read("\n".join(lines))


class TestALineCounts:
    def test_for_the_question_that_is_open_now(self):
        for found in Found:
            assert inquiry.idle(answered(found), HELD, "2493", NOW) is None
        small = answered(confirmation="ic1")
        assert inquiry.idle(small, HELD, "2493", NOW) is None

    @pytest.mark.parametrize(
        ("line", "held", "why"),
        [
            ({"key": Key("2137", Kind.PAYMENT, "pay-1")}, {}, "it is of biller 2137"),
            ({"confirmation": "IC2"}, {}, "another confirmation number"),
            ({"amount": Money(12541)}, {}, "is over 125.40"),
            ({"attempt": 1}, {"attempt": 2}, "is at attempt 2: ask anew"),
            ({"written": HOUR + timedelta(hours=1)}, {}, "has not come yet"),
            ({}, {"state": State.RECEIVED}, "is received: nothing is asked about it now"),
            ({}, {"state": State.POSTED}, "is posted"),
            ({}, {"reason": "unknown_tender"}, "nothing is asked about it now"),
        ],
    )
    @pytest.mark.parametrize("found", Found)
    def test_and_for_no_other(self, line, held, why, found):
        assert why in inquiry.idle(answered(found, **line), HELD._replace(**held), "2493", NOW)

    def test_and_for_no_payment_that_is_not_there(self):
        assert "knows no payment pay-1" in inquiry.idle(answered(), None, "2493", NOW)

    def test_not_there_holds_for_a_day(self):
        line = answered(Found.NOT_THERE)
        assert inquiry.idle(line, HELD, "2493", HOUR + timedelta(hours=24)) is None
        late = HOUR + timedelta(hours=24, seconds=1)
        assert "ask anew" in inquiry.idle(line, HELD, "2493", late)
        for found in (Found.POSTED, Found.NEVER):
            assert inquiry.idle(answered(found), HELD, "2493", late + timedelta(days=30)) is None


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
    assert inquiry.is_question(entry(state=State.HELD, reason=reason))
    assert not inquiry.is_question(entry(state=State.HELD, reason=reason, key=Key("2493", Kind.ACH_REJECT, "r")))
    assert not inquiry.is_question(entry(state=State.HELD, reason="unknown_tender"))
    assert not inquiry.is_question(entry(state=State.RECEIVED, reason=reason))


def test_nothing_is_asked_about_while_it_may_still_arrive():
    sent = HELD._replace(sent_at=NOW)
    assert not inquiry.can_be_answered(sent, NOW + timedelta(seconds=899), 900)
    assert inquiry.can_be_answered(sent, NOW + timedelta(seconds=900), 900)
    assert inquiry.can_be_answered(HELD._replace(sent_at=None), NOW, 900)


async def test_a_line_about_an_earlier_attempt_lets_nothing_go(world, admin):
    """The first attempt left nothing and the city says so; the second is made, lost and held: the line is an old one."""
    await world.set_up(connectVersion="2024.05")
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(paid)
    asked = await world.entry(paid)
    line = answered(Found.NOT_THERE, key=asked.key, confirmation=asked.reference, written=world.clock.now())
    world.clock.advance(20 * 60)
    assert inquiry.idle(line, await world.entry(paid), "2493", world.clock.now()) is None
    await admin.retry(asked.key, SAID, override=True)
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.pass_time(120)
    again = await world.entry(paid)
    assert (again.state, again.reason, again.attempt) == (State.HELD, "outcome_unknown", 2)
    assert "at attempt 2" in inquiry.idle(line, again, "2493", world.clock.now())
