"""A file of results as Invoice Cloud kept them: read line by line, the last word about each message counts."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Key, Kind, State
from shared.repair.witness import read

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAYMENT = Key("2493", Kind.PAYMENT, "pay-1")


def result(**changes):
    """One result as the queue carries it, as a line of the file."""
    fields = {
        "kind": Kind.PAYMENT,
        "biller_id": "2493",
        "id": "pay-1",
        "message_id": "m-1",
        "outcome": Outcome.POSTED,
        "version": 2,
        "final": True,
        "receipt_number": "5.00001",
        "confirmation_number": "IC1",
        "amount": "125.40",
        "posting_date": "2026-11-20",
        "at": AT,
        "attempts": 1,
    }
    return PostingResult(**fields | changes).model_dump_json(by_alias=True, ensure_ascii=True).encode()


def held(**changes):
    return result(**{"outcome": Outcome.HELD, "final": False, "receipt_number": None, "version": 1} | changes)


def states(*lines):
    found = read(lines)
    assert found.wrong == []
    return {told.key.id: told.state for told in found.final()}


def test_a_payment_comes_back_with_all_that_its_result_said():
    [told] = read([result(correlation_id="x")]).final()
    assert (told.key, told.state, told.version, told.message_id) == (PAYMENT, State.POSTED, 2, "m-1")
    assert (told.cents, told.confirmation, told.receipt_number) == (12540, "IC1", "5.00001")
    assert (told.posting_date, told.correlation_id, told.attempts, told.at) == ("2026-11-20", "x", 1, AT)


def test_of_one_message_the_highest_version_counts_in_whatever_order():
    lines = [held(), result(), held(version=1, message_id="m-2")]
    for some in (lines, lines[::-1]):
        assert states(*some) == {"pay-1": State.POSTED}
    assert states(result(version=1, outcome=Outcome.SKIPPED, receipt_number=None), held(version=2)) == {}


def test_the_same_result_again_and_one_that_answers_a_repetition_say_the_same():
    assert states(result(), result(), result(message_id="m-9", duplicate=True)) == {"pay-1": State.POSTED}


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.POSTED, State.POSTED),
        (Outcome.NOT_POSTED, State.NOT_POSTED),
        (Outcome.SKIPPED, State.SKIPPED),
        (Outcome.REVERSED, State.REVERSED),
    ],
)
def test_every_final_outcome_of_a_payment_stands(outcome, state):
    assert states(result(outcome=outcome)) == {"pay-1": state}


def test_what_has_no_final_result_is_left_open():
    found = read([held(), result(id="pay-2", outcome=Outcome.PENDING, final=False)])
    assert [told.key.id for told in found.open()] == ["pay-1", "pay-2"]
    assert list(found.final()) == []


def test_a_payment_whose_whole_receipt_was_undone_is_reversed_with_it():
    back = {"kind": Kind.ACH_REJECT, "id": "rej-1", "outcome": Outcome.REVERSED, "confirmation_number": None}
    assert states(result(), result(**back)) == {"pay-1": State.REVERSED, "rej-1": State.POSTED}
    part = result(**back, amount="10.00")
    assert states(result(), part) == {"pay-1": State.POSTED, "rej-1": State.POSTED}
    twice = result(id="pay-2", confirmation_number="IC2")
    assert states(result(), twice, result(**back))["pay-1"] is State.POSTED
    elsewhere = result(**back | {"biller_id": "2137"})
    assert states(result(), elsewhere)["pay-1"] is State.POSTED


def test_conflicts_invalid_messages_and_customer_updates_speak_of_no_payment_of_ours():
    conflict = result(outcome=Outcome.CONFLICT, version=7)
    invalid = result(outcome=Outcome.INVALID, biller_id=None, id=None, version=0)
    update = result(kind=Kind.REGISTRATION, id="reg-1", outcome=Outcome.APPLIED)
    found = read([result(), conflict, invalid, update])
    assert (found.beside, states(result(), conflict, invalid, update)) == (3, {"pay-1": State.POSTED})


def test_other_spellings_of_an_id_are_one_payment():
    assert states(
        held(id="{0D9E2A34-6F0B-4B7C-9A8E-2F1C5B7D9E10}"), result(id="0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10")
    ) == {"0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10": State.POSTED}


def test_blank_lines_a_byte_order_mark_and_fields_of_a_newer_release_do_not_matter():
    newer = json.dumps(json.loads(result()) | {"tomorrow": [1]}).encode()
    assert states(b"\xef\xbb\xbf" + newer + b"\r\n", b"\n", b"  ") == {"pay-1": State.POSTED}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"Ada Byron", "no result: the line"),
        (b"[]", "no result"),
        (json.dumps({"billerId": "2493"}).encode(), "no result: kind: Field required"),
        (json.dumps(json.loads(result()) | {"schemaVersion": 2}).encode(), "no result: schemaVersion"),
        (json.dumps(json.loads(result()) | {"amount": 125.40}).encode(), "no result: amount"),
        (result(outcome=Outcome.HELD), "held is never final"),
        (result(amount=None), "has an amount and a confirmation number"),
        (result(confirmation_number=None), "has an amount and a confirmation number"),
        (result(biller_id=None), "a result without billerId or id"),
        (result(id="a/b"), "an id is 1 to 64"),
        (b" " * 10 + b"x" * 70_000, "longer than any result"),
    ],
)
def test_a_wrong_line_is_named_and_not_quoted(line, says):
    found = read([result(), line])
    [wrong] = found.wrong
    assert wrong.startswith("Line 2: ")
    assert says in wrong
    assert "Ada" not in wrong


@pytest.mark.parametrize(
    "changes", [{"receipt_number": "5.00002"}, {"amount": "1.00"}, {"outcome": Outcome.NOT_POSTED}]
)
def test_two_results_of_one_version_that_differ_are_named(changes):
    found = read([result(), result(**changes)])
    assert found.wrong == ["Line 2: another result of payment pay-1 has the same version and says otherwise."]


def test_another_kind_of_file_is_not_read_to_its_end():
    lines = (b"%PDF" for _ in range(1_000_000))
    assert len(read(lines).wrong) == 20
    assert sum(1 for _ in lines) > 999_000


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_at_all_raise_anything(lines):
    read(lines)
