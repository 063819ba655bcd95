"""What is kept of a message that can never be posted."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.exchange.quarantine import masked, quarantined
from tests.exchange.test_cards import SPELLINGS
from tests.payments.world import body, message

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CARD = "4111111111111111"
SHOWN = ("schemaVersion", "environment", "billerId", "application", "tender", "amount", "paidAt", "settlementDate")


def test_what_says_which_payment_it_was_stays_readable():
    fields = message(environment="live", settlementDate="2026-11-23")
    shown = json.loads(masked(body(fields)))
    assert {name: shown[name] for name in SHOWN} == {name: str(fields[name]) for name in SHOWN}


def test_everything_else_keeps_only_its_shape():
    fields = message(payerName="Zoë 2. Byron", paymentId="pay-77", extra={"Email": "a@b.c"})
    shown = json.loads(masked(body(fields)))
    assert (shown["payerName"], shown["paymentId"], shown["extra"]) == ("xxx 9. xxxxx", "xxx-99", '{"xxxxx": "x@x.x"}')
    assert (shown["customerNumber"], shown["confirmationNumber"][:2]) == ("999999", "xx")
    assert "10023" not in shown["allocations"]


@pytest.mark.parametrize("name", [*SHOWN, "payerName", "customerNumber", "confirmationNumber"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_card_number_is_never_kept(name, spelling):
    """Neither in a field that is masked nor in one that is usually shown."""
    text = masked(json.dumps(message() | {name: SPELLINGS[spelling](CARD)}).encode())
    assert "4111" not in text
    assert "1111" not in text


@pytest.mark.parametrize("separator", "-.,:+")
def test_no_grouping_carries_a_card_number_into_a_field_that_is_shown(separator):
    grouped = separator.join(["4111", "1111", "1111", "1111"])
    assert "1111" not in masked(body(message(amount=grouped)))


def test_a_card_number_as_a_bare_number_is_masked():
    assert "1111" not in masked(body(message() | {"amount": int(CARD), "billerId": int(CARD)}))


@pytest.mark.parametrize("name", ["Ada Byron", "ada@byron.org", CARD, "Ab" * 21])
def test_a_name_that_is_no_field_s_is_masked_too(name):
    text = masked(body(message() | {name: 1}))
    assert name not in text


@pytest.mark.parametrize("name", SHOWN)
def test_a_shown_field_with_other_text_is_masked(name):
    assert "Ada" not in masked(body(message() | {name: "Ada Byron, 12 Elm St"}))


@pytest.mark.parametrize(
    "raw",
    [
        b"payer Ada Byron 4111111111111111",
        b'{"payerName": "Ada Byron", "card": 4111111111111111',
        b'["Ada Byron", 4111111111111111]',
        b'"Ada Byron 4111111111111111"',
        b"Ada \xff Byron 4111111111111111",
        base64.b64encode(b"Ada Byron 4111111111111111"),
        base64.b64encode(b'{"payerName": "Ada Byron 4111111111111111"}'),
    ],
)
def test_what_cannot_be_read_is_masked_as_a_whole(raw):
    text = masked(raw)
    assert "Ada" not in text
    assert "QWRh" not in text  # the same in base64
    assert "1111" not in text


@settings(deadline=None)
@example(b'{"payerName": "\\ud800"}')
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: json.dumps({"payerName": text}).encode()))
def test_any_bytes_can_be_kept(raw):
    item = quarantined("payments", "m-1", raw, reason="not_json", detail="d", at=NOW)
    item.text.encode()
    assert item.text.isprintable()


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\0", "\x1b[2J", "\u202e"])
@pytest.mark.parametrize("name", ["payerName", "amount", "\ud800", "extra"])
@pytest.mark.parametrize("wrapped", [str, lambda text: [text], lambda text: {text: text}])
def test_what_is_no_text_can_be_stored_and_shown(text, name, wrapped):
    """JSON can escape half a surrogate pair, which nothing can encode, and what a terminal takes for a command."""
    kept = masked(json.dumps(message() | {name: wrapped(text)}).encode())
    assert "\N{REPLACEMENT CHARACTER}" in kept or "\\" in kept
    assert kept.isprintable()
    kept.encode()


@pytest.mark.parametrize("depth", [500, 5_000, 20_000])
def test_deep_nesting_can_be_kept(depth):
    assert masked(b'{"x":' + b"[" * depth + b"1" + b"]" * depth + b"}")


def test_an_item_names_its_message_and_is_bounded():
    raw = body(message(payerName="x" * 40_000))
    item = quarantined("payments", "m-1", raw, reason="rule_broken", detail="payerName: too long", at=NOW)
    assert (item.queue, item.message_id, item.reason, item.at) == ("payments", "m-1", "rule_broken", NOW)
    assert item.digest == hashlib.sha256(raw).hexdigest()
    assert len(item.text) <= 4000
