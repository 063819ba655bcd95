"""No card number is ever taken in, and honest references are not taken for one."""

import random
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.cards import card_field, text_holds_card
from shared.exchange.inbound import InvalidMessage
from shared.payments.message import parse
from tests.payments.world import body, message

ISSUERS = {
    "Visa": [("4", 16), ("4", 13), ("4", 19)],
    "Mastercard": [(str(first), 16) for first in (*range(51, 56), 2221, 2229, 2299, 2300, 2699, 2700, 2720)],
    "American Express": [("34", 15), ("37", 15)],
    "Discover": [("6011", 16), ("644", 16), ("649", 16), ("65", 16)],
    "Diners Club": [("300", 14), ("305", 14), ("36", 14), ("38", 14), ("39", 16)],
    "JCB": [("3528", 16), ("3540", 16), ("3589", 16)],
    "UnionPay": [("62", 16), ("62", 19)],
    "Maestro": [("5018", 16), ("5020", 13), ("5893", 19), ("6304", 18), ("6759", 16), ("6763", 14)],
}


def _spaced(card, between):
    return between.join(card[start : start + 4] for start in range(0, len(card), 4))


SPELLINGS = {
    "plain": lambda card: card,
    "spaces": lambda card: _spaced(card, " "),
    "dashes": lambda card: _spaced(card, "-"),
    "dots": lambda card: _spaced(card, "."),
    "wide gaps": lambda card: _spaced(card, "  "),
    "no-break spaces": lambda card: _spaced(card, "\u00a0"),
    "full-width digits": lambda card: card.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "in a sentence": lambda card: f"Inv 10023, card{_spaced(card, ' ')} exp 12/27",
}


def _check_digit(digits):
    """Luhn, written another way than in the code under test."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        total += sum(divmod(int(digit) * 2, 10)) if position % 2 == 0 else int(digit)
    return str(-total % 10)


def _cards(count):
    source = random.Random(2493)
    for _ in range(count):
        issuer = source.choice(sorted(ISSUERS))
        prefix, length = source.choice(ISSUERS[issuer])
        digits = prefix + "".join(source.choices("0123456789", k=length - 1 - len(prefix)))
        yield issuer, digits + _check_digit(digits)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_card_number_is_found_in_every_spelling(spelling):
    missed = [(issuer, card) for issuer, card in _cards(5000) if not text_holds_card(SPELLINGS[spelling](card))]
    assert missed == []


def test_few_honest_references_are_taken_for_a_card():
    source = random.Random(3180)
    references = ["".join(source.choices("0123456789", k=source.randint(10, 20))) for _ in range(10_000)]
    assert sum(text_holds_card(each) for each in references) < 300


def test_a_guid_is_no_card():
    """Systems put GUIDs into correlationId and checkoutId; a payment must not be refused by chance."""
    source = random.Random(2137)
    guids = [str(uuid.UUID(int=source.getrandbits(128), version=4)) for _ in range(20_000)]
    assert [guid for guid in guids if text_holds_card(guid) or text_holds_card(guid.replace("-", ""))] == []


@pytest.mark.parametrize("name", ["confirmationNumber", "customerNumber", "paymentId", "representsPaymentId"])
def test_a_declared_reference_is_never_screened(name):
    source = random.Random(name)
    for _, card in _cards(200):
        parse(body(message(**{name: card})))
        parse(body(message(**{name: "".join(source.choices("0123456789", k=16))})))


@pytest.mark.parametrize("name", ["rejectId", "reversalId", "changeId", "eventId"])
def test_an_id_is_never_screened(name):
    assert [card for _, card in _cards(200) if card_field({name: f"a{card}f"})] == []


def test_an_invoice_number_is_never_screened():
    for _, card in _cards(200):
        parse(body(message(allocations=[{"invoiceNumber": card, "amount": "125.40"}])))


@pytest.mark.parametrize("name", ["payerName", "depositId", "checkoutId", "correlationId", "memo", "amount"])
@pytest.mark.parametrize("wrap", [str, int, lambda card: [card], lambda card: {"deep": [{"er": card}]}])
def test_a_card_number_anywhere_else_is_refused(name, wrap):
    with pytest.raises(InvalidMessage) as caught:
        parse(body(message(**{name: wrap("4111111111111111")})))
    assert caught.value.code == "card_number"


@pytest.mark.parametrize("name", ["pan", "PAN", "cardNumber", "card_number", "cvv", "CVV2", "cvc", "track1", "Track_2"])
@pytest.mark.parametrize("value", ["1", 1, "", ["1"]])
def test_a_field_made_for_card_data_is_refused_whatever_it_holds(name, value):
    assert card_field({"payment": {name: value}})


def test_the_last_four_digits_are_welcome():
    assert not card_field({"cardLast4": "1111", "payerName": "Visa *1111", "expiry": "12/27"})


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T15:04:05.123-08:00",
        "20261123-ACH",
        "+1 541 574 0600",
        "1600 Pennsylvania Ave 20500",
        "4111111111111112",  # the check digit is wrong
        "411111111111",  # too short
        "41111111111111110000",  # too long
        "9111111111111119",  # no issuer begins with 9
        "",
    ],
)
def test_everyday_text_is_no_card(text):
    assert not text_holds_card(text)


@settings(deadline=None)
@given(st.text(alphabet="0123456789 .-x", max_size=300))
def test_screening_ends_for_any_text(text):
    text_holds_card(text * 40)
