"""Caselle's own words are kept where nothing else is known, and nothing personal or secret with them."""

import json

import pytest

from shared.caselle import create_receipt
from shared.caselle.protocol import personal, read
from shared.caselle.words import GONE, MOST, screened
from shared.ledger.answer import Ambiguous
from tests.caselle.test_contract import ORDER

NULL = {"create_receipt": None}
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    "text",
    ["An error has occurred.", "Period 11/2026 is closed for category 12.", "Workspace 5: User not set (code 1047)"],
)
def test_what_is_harmless_stays_as_it_is(text):
    assert screened(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig is not active", "eyJ"),
        ("Authorization: Bearer abc123 refused", "abc123"),
        ("access_token=hush7 expired", "hush7"),
        ("client_secret: hush7", "hush7"),
        ("API key = hush7", "hush7"),
        ("no mail for ada.byron@newport.example", "ada"),
        ("GET https://host/callback?BK=a+b/c== failed", "a+b"),
        (f"Card {CARD} declined", "4111"),
        ("Card 4111111111111111", "4111"),
    ],
)
def test_secrets_addresses_and_cards_are_not_kept(text, secret):
    assert secret in text
    assert secret not in screened(text)
    assert GONE in screened(text)


def test_what_was_sent_and_is_personal_is_not_quoted():
    said = screened("Payer BYRON, Ada of 000412 has no e-mail; Adam has.", ["Ada Byron"])
    assert said == f"Payer {GONE}, {GONE} of 000412 has no e-mail; Adam has."


def test_it_is_one_line_of_bounded_length():
    said = screened("first\n\r\tsecond\x00\x1b[31m " + "word " * 100)
    assert said.startswith("first second")
    assert len(said) == MOST
    assert said.isprintable()


@pytest.mark.parametrize("text", ["", " ", "\x00"])
def test_nothing_said_is_nothing_kept(text):
    assert screened(text).strip() == ""


def test_the_words_of_an_unknown_error_reach_the_answer_without_the_payer():
    variables = create_receipt.variables(ORDER)
    assert personal(create_receipt.OPERATION, variables) == [ORDER.payer]
    errors = [{"message": f"{ORDER.payer} owes 3 dollars", "extensions": {"code": "ODD"}, "path": ["create_receipt"]}]
    raw = json.dumps({"data": NULL, "errors": errors}).encode()
    answer = create_receipt.answer(read(200, raw, personal(create_receipt.OPERATION, variables)))
    assert isinstance(answer, Ambiguous)
    assert (answer.code, answer.detail) == ("unlisted_error", f"Caselle says: {GONE} {GONE} {GONE} owes 3 dollars")
    assert "owes" not in repr(answer)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("ERROR", "An error has occurred.", "suspected_workspace"),
        (None, "An unexpected error occurred", "suspected_workspace"),
        ("E_1047", "Error", "suspected_workspace"),
        (None, "An error has occurred in category 12.", "unlisted_error"),
        ("INTERNAL_SERVER_ERROR", "Internal error.", "caselle_failed"),
        ("BAD_USER_INPUT", "Field memo is not defined", "contract_mismatch"),
    ],
)
@pytest.mark.parametrize("data", [NULL, None])
def test_the_probable_cause_is_named_and_the_outcome_stays_in_doubt(code, message, reason, data):
    errors = [{"message": message, "extensions": {"code": code}}]
    answer = create_receipt.answer(read(200, json.dumps({"data": data, "errors": errors}).encode()))
    assert isinstance(answer, Ambiguous)
    assert (answer.code, answer.detail) == (reason, f"Caselle says: {message}")
    assert (answer.unlisted is not None) == (reason != "caselle_failed")


def test_an_error_without_words_is_told_by_its_code():
    raw = json.dumps({"data": NULL, "errors": [{"extensions": {"code": "E_1047"}}]}).encode()
    assert create_receipt.answer(read(200, raw)).detail == "Caselle says: E_1047"
