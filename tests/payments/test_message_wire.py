"""How a message may be encoded, and what is told of one that is invalid."""

import base64
import json
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.inbound import MOST_BYTES, InvalidMessage, to_store
from shared.payments.message import parse, stored
from tests.payments.test_message import GUID, refused
from tests.payments.world import body, message

PAYER, CARD = "Ada Canary Byron", "4111111111111111"


def verdict(raw):
    """Read, or the code of what is wrong, or the name of an error that should not be."""
    try:
        parse(raw)
    except InvalidMessage as invalid:
        return invalid.code
    except RecursionError:
        return "RecursionError"  # pytest would take minutes to show its traceback
    return "read"


def with_raw(name, raw):
    """A good message with one more field, as JSON text of its own."""
    return body(message())[:-1] + f', "{name}": {raw}}}'.encode()


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
    assert (invalid.code, invalid.biller, invalid.id) == ("not_json", None, None)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_else(raw):
    assert refused(raw).code in {"not_json", "rule_broken"}


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
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
def test_no_json_value_in_any_field_raises_anything_else(changes):
    raw = json.dumps(message() | changes).encode()
    assert verdict(raw) in {"read", "rule_broken", "newer_schema", "card_number"}
    if verdict(raw) == "read":
        assert stored(to_store(parse(raw))) == parse(raw)


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
    assert verdict(raw) in {"read", "not_json", "too_large", "rule_broken"}


def test_a_number_of_endless_digits_is_invalid():
    assert refused(with_raw("x", "9" * 10_000)).code == "not_json"


# what is told of an invalid message


@pytest.mark.parametrize(
    "changes",
    [
        {"payerName": f"{PAYER} {CARD}"},
        {"payerName": PAYER * 20, "amount": "0.00"},
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
    assert (invalid.biller, invalid.id) == ("2493", GUID)
