"""What a message of the queue ``payments`` must look like."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.inbound import InvalidMessage, to_store
from shared.payments.message import parse, stored
from shared.vocabulary.money import MOST_CENTS, Money
from tests.payments.world import body, message

SAMPLES = Path(__file__).parents[2] / "local" / "samples"
GUID = "2c1ffacc-6653-43b7-8fa0-9fa2647ec154"


def refused(raw):
    with pytest.raises(InvalidMessage) as caught:
        parse(raw if isinstance(raw, bytes) else body(raw))
    return caught.value


def without_shares(**changes):
    return message(allocations=None, **changes)


# ids


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        (GUID, GUID),
        (GUID.upper(), GUID),
        (f"{{{GUID}}}", GUID),
        (f" {{{GUID.upper()}}}\t", GUID),
        ("  Pay-1 ", "pay-1"),
        ("A._-9", "a._-9"),
        ("x" * 64, "x" * 64),
    ],
)
def test_an_id_has_one_spelling(spelled, canonical):
    assert parse(body(message(paymentId=spelled))).payment_id == canonical


@pytest.mark.parametrize(
    "spelled",
    [
        *("", " ", "a b", "a\nb", "a\u0000", "x" * 65, f"{{{GUID}"),
        *("a/b", "a\\b", "a#b", "a?b", "a~b", "é", "\uff11", "{abc}"),
    ],
)
def test_an_id_of_other_characters_is_invalid(spelled):
    invalid = refused(message(paymentId=spelled))
    assert (invalid.code, invalid.biller, invalid.id) == ("rule_broken", "2493", None)
    assert "paymentId" in invalid.detail


@pytest.mark.parametrize("spelled", ["", " 2493", "1234567890", "24a3", "-1", "\uff12\uff14", "1.5"])
def test_a_biller_id_is_up_to_nine_ascii_digits(spelled):
    invalid = refused(message(billerId=spelled))
    assert (invalid.code, invalid.biller) == ("rule_broken", None)
    assert "billerId" in invalid.detail


@pytest.mark.parametrize("value", [None, True, 7, 1.5, ["a"], {"a": "b"}])
def test_an_id_that_is_no_text_is_never_reported(value):
    """A result under a made-up id could be taken for another payment's."""
    fields = message() | {"paymentId": value, "billerId": value}
    invalid = refused(fields)
    assert (invalid.biller, invalid.id) == (None, None)


def test_leading_zeros_are_kept():
    read = parse(body(message(billerId="0024", customerNumber=" 000412 ")))
    assert (read.biller_id, read.customer_number) == ("0024", "000412")


# amounts


@pytest.mark.parametrize(
    ("text", "cents"),
    [("0.01", 1), ("1", 100), ("1.5", 150), ("125.40", 12540), ("9999999.99", MOST_CENTS), ("0000001", 100)],
)
def test_an_amount_is_read_to_the_cent(text, cents):
    assert parse(body(without_shares(amount=text))).amount == cents


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", " 5", "5\n", "1 000"),
        *("0", "0.00", "-0.01", "-5", "+5", "$5", "5.", ".5", "1.234", "1,000.00", "1.000,00", "1_000"),
        *("1e3", "1E2", "1e9", "0x10", "1000000000", "10000000.00", "NaN", "Infinity", "\u0665", "\uff15"),
        *(5, 5.0, True, None, [], {}, ["5"]),
    ],
)
def test_anything_but_a_plain_positive_amount_is_invalid(value):
    invalid = refused(without_shares() | {"amount": value})
    assert invalid.code == "rule_broken"
    assert "amount" in invalid.detail


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1e400", "125.40"])
def test_a_bare_number_is_no_amount(raw):
    text = json.dumps(without_shares()).replace('"125.40"', raw)
    assert refused(text.encode()).code == "rule_broken"


@settings(deadline=None)
@given(st.integers(1, MOST_CENTS))
def test_every_amount_of_cents_survives_the_wire_and_the_ledger(cents):
    read = parse(body(without_shares(amount=str(Money(cents)))))
    assert read.amount == stored(to_store(read)).amount == cents


@settings(deadline=None)
@given(st.text(max_size=12))
def test_no_other_text_is_ever_an_amount(text):
    try:
        read = parse(body(without_shares(amount=text)))
    except InvalidMessage:
        return
    assert text.isascii()
    assert round(float(text) * 100) == read.amount > 0


@pytest.mark.parametrize("fee", ["-1.00", "1.234", 2.95])
def test_the_fee_may_be_nothing_but_not_wrong(fee):
    assert parse(body(message(convenienceFee="0.00"))).amount == 12540
    assert "convenienceFee" in refused(message(convenienceFee=fee)).detail


# dates


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T15:04:05-08:00",
        "2026-11-21T09:04:05+10:00",
        "2026-11-20T23:04:05.1234567Z",
        "2026-11-20T23:04Z",
    ],
)
def test_paid_at_is_an_instant(text):
    paid = parse(body(message(paidAt=text))).paid_at
    assert abs(paid - datetime(2026, 11, 20, 23, 4, 5, tzinfo=UTC)) < timedelta(seconds=6)


@pytest.mark.parametrize(
    "value",
    [
        *("", "2026-11-20", "2026-11-20T15:04:05", "11/20/2026 15:04", "2026-02-30T00:00:00Z", "2026-11-20T25:00:00Z"),
        *("1795000000", "20261120", "1795000000000", "-1", "0", "tomorrow", 1795000000, 1795000000.5, True, None, []),
    ],
)
def test_paid_at_without_a_zone_or_of_another_form_is_invalid(value):
    """Digits alone would be read as seconds since 1970, and post the money to that year."""
    assert "paidAt" in refused(message() | {"paidAt": value}).detail


@pytest.mark.parametrize(
    "value", ["0", "86400", "20261152000", "2026-13-01", "11/23/2026", "0001-01-01", "9999-12-31", 20261123]
)
def test_a_settlement_date_is_a_day_and_nothing_else(value):
    assert parse(body(message(settlementDate="2026-11-23"))).settlement_date == date(2026, 11, 23)
    assert "settlementDate" in refused(message(settlementDate=value)).detail


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z"])
def test_an_instant_that_no_calendar_can_use_is_invalid(text):
    """Moved into the biller's zone it would overflow, at every delivery anew."""
    assert "paidAt" in refused(message(paidAt=text)).detail


# allocations


@pytest.mark.parametrize(
    "allocations",
    [
        [],
        {},
        [{"invoiceNumber": "1", "amount": "125.39"}],
        [{"invoiceNumber": "1", "amount": "125.40"}, {"invoiceNumber": "2", "amount": "0.00"}],
        [{"invoiceNumber": "1", "amount": "126.40"}, {"invoiceNumber": "2", "amount": "-1.00"}],
        [{"invoiceNumber": "1"}],
        [{"invoiceNumber": "", "amount": "125.40"}],
        [{"invoiceNumber": 10023, "amount": "125.40"}],
        [{"invoiceNumber": "1", "amount": 125.40}],
        ["10023"],
    ],
)
def test_allocations_that_are_empty_or_do_not_add_up_are_invalid(allocations):
    assert refused(message() | {"allocations": allocations}).code == "rule_broken"


@settings(deadline=None)
@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=40))
def test_allocations_add_up_in_cents_not_in_fractions(cents):
    shares = [{"invoiceNumber": str(n), "amount": str(Money(each))} for n, each in enumerate(cents)]
    read = parse(body(message(amount=str(Money(sum(cents))), allocations=shares)))
    assert [each.amount for each in read.allocations] == cents
    assert refused(message(amount=str(Money(sum(cents) + 1)), allocations=shares)).code == "rule_broken"


# the other fields


@pytest.mark.parametrize(
    "name",
    sorted(message(allocations=None)),
)
def test_what_is_required_is_named_when_missing(name):
    invalid = refused({key: value for key, value in message().items() if key != name})
    assert (invalid.code, invalid.detail) == ("rule_broken", f"{name}: Field required")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "prod"),
        ("environment", "LIVE"),
        ("confirmationNumber", "IC 1"),
        ("confirmationNumber", "IC~1"),
        ("confirmationNumber", "x" * 65),
        ("confirmationNumber", 88213045),
        ("application", "x" * 21),
        ("customerNumber", "x" * 65),
        ("customerNumber", "é"),
        ("customerNumber", "1\r\n2"),
        ("customerNumber", 412),
        ("tender", "A CH"),
        ("customerNumber", ""),
        ("customerNumber", "\ud800"),
        ("representsPaymentId", "a/b"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(name, value):
    invalid = refused(message() | {name: value})
    assert invalid.code == "rule_broken"
    assert invalid.detail.startswith(f"{name}: ")


def test_words_are_read_in_any_letter_case():
    read = parse(body(message(tender=" ach ", application="ar")))
    assert (read.tender, read.application, read.environment) == ("ACH", "AR", "live")


def test_unknown_fields_are_ignored_and_not_kept():
    read = parse(body(message(paymentMethodHint="x", nested={"a": [1, None]})))
    assert b"paymentMethodHint" not in to_store(read)


def test_the_wire_has_one_spelling_of_a_name():
    fields = message()
    assert refused(fields | {"biller_id": fields.pop("billerId")}).detail == "billerId: Field required"


@pytest.mark.parametrize("version", [2, 3, 10**9])
def test_a_newer_schema_is_invalid_whatever_else_it_holds(version):
    fields = {"schemaVersion": version, "billerId": "2493", "paymentId": "P-1", "amount": 5}
    invalid = refused(fields)
    assert (invalid.code, invalid.biller, invalid.id) == ("newer_schema", "2493", "p-1")


@pytest.mark.parametrize("version", [0, -1, "two", 1.5, None, "2"])
def test_a_schema_version_that_never_was_is_invalid(version):
    assert refused(message() | {"schemaVersion": version}).code in {"rule_broken", "newer_schema"}


# what the ledger keeps


def test_the_stored_form_is_the_same_message():
    read = parse(body(message(paidAt="2026-11-20T15:04:05.123456-08:00", settlementDate="2026-11-23", payerName="Zoë")))
    assert stored(to_store(read)) == read
    assert parse(to_store(read)) == read


def test_the_samples_are_judged_as_expected():
    lines = (SAMPLES / "payments.jsonl").read_bytes().splitlines()
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["lines"]
    wrong = {each["line"]: each["why"] for each in expected if each["outcome"] == "invalid"}
    assert len(lines) == len(expected) == 500
    found = {}
    for number, line in enumerate(lines, start=1):
        try:
            parse(line)
        except InvalidMessage as invalid:
            found[number] = invalid.code
    assert found.keys() == wrong.keys()
    special = {"not JSON": "not_json", "newer schema": "newer_schema", "card number in free text": "card_number"}
    assert found == {number: special.get(why, "rule_broken") for number, why in wrong.items()}
