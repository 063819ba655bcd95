"""What a message of the queue ``payments`` must look like."""

import base64
import json
import traceback
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.payments.message import MOST_BYTES, InvalidMessage, parse, stored, to_store
from shared.vocabulary.money import MOST_CENTS, Money
from tests.payments.world import body, message

SAMPLES = Path(__file__).parents[2] / "local" / "samples"
GUID = "2c1ffacc-6653-43b7-8fa0-9fa2647ec154"
PAYER, CARD = "Ada Canary Byron", "4111111111111111"


def refused(raw):
    with pytest.raises(InvalidMessage) as caught:
        parse(raw if isinstance(raw, bytes) else body(raw))
    return caught.value


def without_shares(**changes):
    return message(allocations=None, **changes)


def with_raw(name, raw):
    """A good message with one more field, as JSON text of its own."""
    return body(message())[:-1] + f', "{name}": {raw}}}'.encode()


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
    ["", " ", "x" * 65, "a/b", "a\\b", "a#b", "a?b", "a b", "a~b", "é", "１", "{abc}", f"{{{GUID}", "a\u0000", "a\nb"],
)
def test_an_id_of_other_characters_is_invalid(spelled):
    invalid = refused(message(paymentId=spelled))
    assert (invalid.code, invalid.biller, invalid.payment) == ("rule_broken", "2493", None)
    assert "paymentId" in invalid.detail


@pytest.mark.parametrize("spelled", ["", " 2493", "1234567890", "24a3", "-1", "２４９３", "1.5"])  # noqa: RUF001 - full-width digits
def test_a_biller_id_is_up_to_nine_ascii_digits(spelled):
    invalid = refused(message(billerId=spelled))
    assert (invalid.code, invalid.biller) == ("rule_broken", None)
    assert "billerId" in invalid.detail


@pytest.mark.parametrize("value", [None, True, 7, 1.5, ["a"], {"a": "b"}])
def test_an_id_that_is_no_text_is_never_reported(value):
    """A result under a made-up id could be taken for another payment's."""
    fields = message() | {"paymentId": value, "billerId": value}
    invalid = refused(fields)
    assert (invalid.biller, invalid.payment) == (None, None)


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
        *("0", "0.00", "-0.01", "-5", "+5", "1.234", "1e3", "1E2", "1,000.00", "1.000,00", "1 000", "$5", "5.", ".5"),
        *("1e9", "1000000000", "10000000.00", "NaN", "Infinity", "", " ", " 5", "5\n", "٥", "５", "0x10", "1_000"),  # noqa: RUF001 - digits of other scripts
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


@given(st.integers(1, MOST_CENTS))
def test_every_amount_of_cents_survives_the_wire_and_the_ledger(cents):
    read = parse(body(without_shares(amount=str(Money(cents)))))
    assert read.amount == stored(to_store(read)).amount == cents


@given(st.text(max_size=12))
def test_no_other_text_is_ever_an_amount(text):
    try:
        read = parse(body(without_shares(amount=text)))
    except InvalidMessage:
        return
    assert text.isascii()
    assert round(float(text) * 100) == read.amount > 0


def test_the_convenience_fee_may_be_nothing_and_is_not_part_of_the_amount():
    read = parse(body(message(convenienceFee="0.00")))
    assert (read.amount, read.convenience_fee) == (12540, 0)


@pytest.mark.parametrize("fee", ["-1.00", "1.234", 2.95])
def test_a_wrong_convenience_fee_is_invalid(fee):
    assert "convenienceFee" in refused(message(convenienceFee=fee)).detail


# dates


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T15:04:05-08:00",
        "2026-11-20T23:04:05Z",
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
    "value", ["0", "86400", "20261152000", "2026-13-01", "2026-02-30", "11/23/2026", 20261123, True]
)
def test_a_settlement_date_of_another_form_is_invalid(value):
    assert "settlementDate" in refused(message(settlementDate=value)).detail


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z"])
def test_an_instant_that_no_calendar_can_use_is_invalid(text):
    """Moved into the biller's zone it would overflow, at every delivery anew."""
    assert "paidAt" in refused(message(paidAt=text)).detail


def test_a_settlement_date_is_a_day():
    assert parse(body(message(settlementDate="2026-11-23"))).settlement_date == date(2026, 11, 23)


# allocations


@pytest.mark.parametrize(
    "allocations",
    [
        [],
        {},
        "all",
        [{"invoiceNumber": "1", "amount": "125.39"}],
        [{"invoiceNumber": "1", "amount": "125.40"}, {"invoiceNumber": "2", "amount": "0.00"}],
        [{"invoiceNumber": "1", "amount": "126.40"}, {"invoiceNumber": "2", "amount": "-1.00"}],
        [{"invoiceNumber": "1"}],
        [{"amount": "125.40"}],
        [{"invoiceNumber": "", "amount": "125.40"}],
        [{"invoiceNumber": 10023, "amount": "125.40"}],
        [{"invoiceNumber": "1", "amount": 125.40}],
        ["10023"],
    ],
)
def test_allocations_that_are_empty_or_do_not_add_up_are_invalid(allocations):
    assert refused(message() | {"allocations": allocations}).code == "rule_broken"


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=40))
def test_allocations_add_up_in_cents_not_in_fractions(cents):
    shares = [{"invoiceNumber": str(n), "amount": str(Money(each))} for n, each in enumerate(cents)]
    read = parse(body(message(amount=str(Money(sum(cents))), allocations=shares)))
    assert [each.amount for each in read.allocations] == cents
    assert refused(message(amount=str(Money(sum(cents) + 1)), allocations=shares)).code == "rule_broken"


# the other fields


@pytest.mark.parametrize(
    "name",
    [
        *("schemaVersion", "billerId", "paymentId", "confirmationNumber", "application"),
        *("customerNumber", "tender", "amount", "paidAt"),
    ],
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
        ("application", ""),
        ("application", "x" * 21),
        ("customerNumber", ""),
        ("customerNumber", "x" * 65),
        ("customerNumber", "é"),
        ("customerNumber", "1\r\n2"),
        ("customerNumber", 412),
        ("tender", "A CH"),
        ("payerName", "x" * 201),
        ("payerName", 5),
        ("payerName", "\ud800"),
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
    assert (invalid.code, invalid.biller, invalid.payment) == ("newer_schema", "2493", "p-1")


@pytest.mark.parametrize("version", [0, -1, "two", 1.5, None, "2"])
def test_a_schema_version_that_never_was_is_invalid(version):
    assert refused(message() | {"schemaVersion": version}).code in {"rule_broken", "newer_schema"}


# encodings


def _encodings():
    plain = body(message(payerName="Zoë Ñandú"))
    return {
        "plain": plain,
        "spaces": b" \r\n" + plain + b"\n",
        "base64": base64.b64encode(plain),
        "base64 line": base64.b64encode(plain) + b"\r\n",
        "utf-8": json.dumps(json.loads(plain), ensure_ascii=False).encode(),
        "byte order mark": b"\xef\xbb\xbf" + plain,
        "base64 of a byte order mark": base64.b64encode(b"\xef\xbb\xbf" + plain),
    }


@pytest.mark.parametrize("name", _encodings())
def test_plain_json_and_base64_are_read_alike(name):
    assert parse(_encodings()[name]).payer_name == "Zoë Ñandú"


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b" ", b"{", b"null", b"true", b"[]", b'"text"', b"12", b"<xml/>", b"\x00", b"\xff\xfe\xfd", b"e30"),
        *(b"{'a': 1}", b'{"a": 1,}', b'{"a": 1} {"b": 2}', b'{"a": "\xff"}', base64.b64encode(b"[1]")),
        base64.b64encode(base64.b64encode(b"{}")),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(raw):
    invalid = refused(raw)
    assert (invalid.code, invalid.biller, invalid.payment) == ("not_json", None, None)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_else(raw):
    assert refused(raw).code in {"not_json", "rule_broken"}


@given(
    st.dictionaries(
        st.sampled_from(sorted(message(payerName="", settlementDate="", environment=""))),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=300)
def test_no_json_value_in_any_field_raises_anything_else(changes):
    try:
        read = parse(json.dumps(message() | changes).encode())
    except InvalidMessage as invalid:
        assert invalid.code in {"rule_broken", "newer_schema", "card_number"}
    else:
        assert stored(to_store(read)) == read


def test_48_kib_fit_and_not_one_byte_more():
    padding = MOST_BYTES - len(with_raw("x", '""'))
    fits, over = (with_raw("x", json.dumps("y" * (padding + more))) for more in (0, 1))
    parse(fits)
    parse(base64.b64encode(fits))
    assert refused(over).code == refused(base64.b64encode(over)).code == "too_large"


@pytest.mark.parametrize("raw", ['"amount": "1.00"', '"amount": "125.40"', '"allocations": null'])
def test_a_field_that_is_there_twice_is_invalid(raw):
    assert refused(body(message())[:-1] + f", {raw}}}".encode()).code == "not_json"


def test_a_nested_field_that_is_there_twice_is_invalid():
    assert refused(with_raw("x", '{"a": 1, "a": 2}')).code == "not_json"


@pytest.mark.parametrize("depth", [500, 1_500, 5_000, 20_000])
@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_deep_nesting_is_read_or_invalid_but_no_accident(depth, opening, closing):
    """An error of any other kind would bring the message again for ever."""
    raw = with_raw("x", opening * depth + "1" + closing * depth)
    try:
        parse(raw)
    except InvalidMessage as invalid:
        assert invalid.code in {"not_json", "too_large", "rule_broken"}


def test_a_number_of_endless_digits_is_invalid():
    assert refused(with_raw("x", "9" * 10_000)).code == "not_json"


# what is told of an invalid message


@pytest.mark.parametrize(
    "changes",
    [
        {"payerName": f"{PAYER} {CARD}"},
        {"payerName": PAYER * 20},
        {"amount": PAYER},
        {"paidAt": PAYER},
        {"settlementDate": PAYER},
        {"environment": PAYER},
        {"tender": PAYER},
        {"schemaVersion": PAYER},
        {"billerId": PAYER},
        {"paymentId": PAYER},
        {"customerNumber": {"name": PAYER}},
        {"confirmationNumber": f"{PAYER} {CARD}"},
        {"allocations": {PAYER: CARD}},
        {"allocations": [{"invoiceNumber": "1", "amount": PAYER}]},
        {"allocations": [PAYER]},
        {"convenienceFee": PAYER},
        {PAYER: {"cvv": "123"}},
    ],
)
def test_no_value_of_a_message_is_in_its_error(changes):
    error = refused(message(payerName=PAYER) | changes)
    told = "".join([*traceback.format_exception(error), str(error), repr(error), repr(vars(error))])
    assert "Canary" not in told
    assert CARD not in told


def test_no_value_of_broken_json_is_in_its_error():
    error = refused(f'{{"payerName": "{PAYER}", "card": {CARD}, '.encode())
    told = "".join([*traceback.format_exception(error), repr(error)])
    assert "Canary" not in told
    assert CARD not in told


def test_a_payer_does_not_show_where_a_message_is_printed():
    assert "Canary" not in repr(parse(body(message(payerName=PAYER))))


def test_biller_and_id_are_reported_in_their_one_spelling():
    invalid = refused(message(paymentId=f"{{{GUID.upper()}}}", amount="0.00"))
    assert (invalid.biller, invalid.payment) == ("2493", GUID)


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
