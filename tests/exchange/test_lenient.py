"""What is only shown never makes a message invalid, and whoever looks is told what became of it."""

import json
import logging

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.contracts import documents
from shared.customers.message import AutopayChange, Registration
from shared.exchange.inbound import InvalidMessage, read, to_store
from shared.ledger.entry import Kind
from shared.payments.message import PaymentMessage, parse, stored
from shared.reconciliation.control_totals import ControlTotal
from shared.reversals.message import AchReject, Reversal
from shared.reversals.message import parse as parse_undoing
from tests.payments.world import body, message, reject, reversal

LONG = "Ada " * 100
SHOWN = ["payerName", "checkoutId", "correlationId"]


def told(caplog):
    return [json.loads(record.message) for record in caplog.records if "message.field_" in record.message]


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize(
    ("value", "kept", "how"),
    [
        ("x" * 201, "x" * 200, "cut"),
        ("Ada \ud800 Byron", "Ada \ufffd Byron", "replaced"),
        ("\udfff" * 201, "\ufffd" * 200, "cut"),
        (12345, "12345", None),
        (" Zoë \U0001f600 ", "Zoë \U0001f600", None),
        ("", "", None),
    ],
)
def test_a_field_that_is_only_shown_is_kept_as_far_as_it_goes(caplog, name, value, kept, how):
    caplog.set_level(logging.INFO, "caselle")
    fields = message() | {name: value}
    read_ = stored(to_store(parse(body(fields))))
    assert json.loads(read_.model_dump_json(by_alias=True))[name] == kept
    events = told(caplog)
    expected = {"event": "message.field_mended", "biller": "2493", "id": fields["paymentId"], "field": name, "how": how}
    assert events == ([expected] if how else [])


@pytest.mark.parametrize("name", [*SHOWN, "depositId"])
@pytest.mark.parametrize("value", [{"first": "Ada"}, ["Ada"], True])
def test_what_is_no_text_is_dropped_and_told(caplog, name, value):
    assert name.encode() not in to_store(parse(body(message() | {name: value})))
    assert [(each["event"], each["field"]) for each in told(caplog)] == [("message.field_dropped", name)]


@pytest.mark.parametrize("value", ["d" * 201, "2026\ud800"])
def test_a_deposit_that_cannot_be_named_whole_is_dropped_and_told(caplog, value):
    """A part of its name would be another deposit's."""
    assert parse(body(message(depositId=value))).deposit_id is None
    [event] = told(caplog)
    assert (event["event"], event["field"]) == ("message.field_dropped", "depositId")
    assert parse(body(message(depositId="d" * 200))).deposit_id == "d" * 200


def test_no_value_is_in_what_is_told(caplog):
    caplog.set_level(logging.DEBUG)
    parse(body(message(payerName=LONG, checkoutId=LONG, correlationId=LONG, depositId=LONG)))
    assert len(told(caplog)) == 4
    assert "Ada" not in caplog.text


@example("\ud83d\ude00"[:1])
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_at_all_is_taken_and_comes_back(text):
    fields = message() | dict.fromkeys([*SHOWN, "depositId"], text)
    taken = parse(json.dumps(fields).encode())
    assert parse(to_store(taken)) == taken == stored(to_store(taken))


def test_so_it_is_with_every_message():
    for fields in (reject(message()), reversal(message(), "refund", reason=LONG)):
        kind = Kind.ACH_REJECT if "rejectId" in fields else Kind.REVERSAL
        taken = parse_undoing(kind, body(fields | {"correlationId": LONG}))
        assert len(taken.correlation_id) == 200
    assert len(parse_undoing(Kind.REVERSAL, body(reversal(message(), reason=LONG))).reason) == 200


def test_a_card_number_is_refused_wherever_it_stands():
    with pytest.raises(InvalidMessage, match="card_number"):
        parse(body(message(payerName="Ada 4111111111111111")))


OTHER = {
    ControlTotal: {
        "application": "AR",
        "tender": "ACH",
        "day": "2026-11-23",
        "depositId": "d",
        "count": 0,
        "amount": "0",
    },
    AutopayChange: {"changeId": "c", "customerNumber": "1", "change": "enrolled", "changedAt": "2026-11-20T15:04:05Z"}
    | {"effectiveOn": "2026-11-20"},
    Registration: {"eventId": "e", "customerNumber": "1", "email": "a@b.c", "registeredAt": "2026-11-20T15:04:05Z"},
}
GOOD = {
    PaymentMessage: message(),
    AchReject: reject(message()),
    Reversal: reversal(message()),
    **{model: {"schemaVersion": 1, "billerId": "2493"} | fields for model, fields in OTHER.items()},
}
SCHEMAS = {
    PaymentMessage: "payments",
    AchReject: "ach-rejects",
    Reversal: "reversals",
    ControlTotal: "control-totals",
    AutopayChange: "autopay-changes",
    Registration: "registrations",
}


def optional(model):
    return [field.alias for field in model.model_fields.values() if not field.is_required()]


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in GOOD for name in optional(model)], ids=lambda each: str(each)[-40:]
)
def test_an_optional_field_that_is_null_is_one_that_is_left_out(model, name):
    fields = {key: value for key, value in GOOD[model].items() if key != name}
    own = next(
        key for key in ("paymentId", "rejectId", "reversalId", "depositId", "changeId", "eventId") if key in fields
    )
    left_out, null = (read(model, body(each), own) for each in (fields, fields | {name: None}))
    assert null == left_out
    schema = json.loads(documents()[f"{SCHEMAS[model]}.schema.json"])
    jsonschema_rs.validator_for(schema).validate(fields | {name: None})


@pytest.mark.parametrize("name", ["amount", "paidAt", "tender"])
def test_a_required_field_that_is_null_is_missing(name):
    with pytest.raises(InvalidMessage, match=name):
        parse(body(message() | {name: None}))
