"""A message of the queue ``payments``: what it must look like, and in which spelling it lives here."""

import base64
import binascii
import json
import re
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from shared.payments.cards import card_field
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import BillerId, PaymentId, biller_id, canonical_id
from shared.vocabulary.money import Amount, Money

KNOWN_SCHEMA: Final = 1
MOST_BYTES: Final = 48 * 1024
"""What fits into a queue message of 64 KiB after base64."""

_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT: Final = re.compile(
    _DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})", re.ASCII
)
_WORD = StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9_-]{1,20}$")


class InvalidMessage(Malformed):
    """A message that will never be posted; ``biller`` and ``id`` are known only where they are themselves valid."""

    def __init__(self, code: str, detail: str, biller: str | None = None, payment: str | None = None) -> None:
        """Name the broken rule; ``detail`` never quotes the message."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.biller = biller
        self.payment = payment


def _spelled(pattern: re.Pattern[str], example: str) -> BeforeValidator:
    """Pydantic alone would read bare digits as seconds since 1970."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"is text such as {example}, from 2000 to 2099")
        return value

    return BeforeValidator(check)


def _positive(amount: Money) -> Money:
    if amount <= 0:
        raise ValueError("a payment is above zero")
    return amount


PositiveAmount = Annotated[Amount, AfterValidator(_positive)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel)


class Allocation(_Message):
    """One invoice's share of a payment."""

    invoice_number: Text
    amount: PositiveAmount


class PaymentMessage(_Message):
    """One payment as Invoice Cloud enqueues it; ``amount`` is what the city gets, without the convenience fee."""

    schema_version: Annotated[int, Field(ge=1, le=KNOWN_SCHEMA)]
    environment: Literal["live", "test"] = "live"
    biller_id: BillerId
    payment_id: PaymentId
    confirmation_number: Reference
    application: Annotated[str, _WORD]
    customer_number: Text
    tender: Annotated[str, _WORD]
    amount: PositiveAmount
    convenience_fee: Amount | None = None
    paid_at: Annotated[AwareDatetime, _spelled(_INSTANT, "2026-11-20T15:04:05-08:00")]
    settlement_date: Annotated[date, _spelled(_DAY, "2026-11-23")] | None = None
    deposit_id: Note | None = None
    payer_name: Annotated[Note | None, Field(repr=False)] = None
    checkout_id: Note | None = None
    correlation_id: Note | None = None
    represents_payment_id: PaymentId | None = None
    allocations: Annotated[tuple[Allocation, ...], Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.allocations and sum(each.amount for each in self.allocations) != self.amount:
            raise ValueError("the allocations do not add up to the amount")
        return self


def parse(body: bytes) -> PaymentMessage:
    """Read plain JSON or base64 of it.

    Raises:
        InvalidMessage: with the broken rule; the message is for the quarantine.
    """
    fields = _decode(body)
    biller, payment = _names(fields)
    version = fields.get("schemaVersion")
    if isinstance(version, int) and version > KNOWN_SCHEMA:
        raise InvalidMessage("newer_schema", f"schemaVersion is above {KNOWN_SCHEMA}", biller, payment)
    try:
        if (field := card_field(fields)) is not None:
            raise InvalidMessage("card_number", _declared(field), biller, payment)
        return PaymentMessage.model_validate(fields)
    except ValidationError as error:
        raise InvalidMessage("rule_broken", _first_rule(error), biller, payment) from None
    except RecursionError:
        raise InvalidMessage("rule_broken", "message: nested too deeply", biller, payment) from None


def stored(message: bytes) -> PaymentMessage:
    """The message of a ledger entry, which was valid when it was written."""
    return PaymentMessage.model_validate_json(message)


def to_store(message: PaymentMessage) -> bytes:
    """The canonical form that the ledger keeps: UTF-8 JSON, unknown fields dropped."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


def decode_text(body: bytes) -> bytes:
    """The JSON bytes of a queue message, plain or base64."""
    plain = body.strip()
    if plain[:1] in {b"{", b"["}:
        return plain
    try:
        return base64.b64decode(b"".join(plain.split()), validate=True)
    except binascii.Error:
        return plain


def _decode(body: bytes) -> dict[str, Any]:
    plain = decode_text(body)
    if len(plain) > MOST_BYTES:
        raise InvalidMessage("too_large", f"more than {MOST_BYTES} bytes")
    try:
        fields = json.loads(plain, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise InvalidMessage("not_json", "neither a JSON object nor base64 of one") from None
    if not isinstance(fields, dict):
        raise InvalidMessage("not_json", "JSON, but no object")
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _names(fields: dict[str, Any]) -> tuple[str | None, str | None]:
    """What can be said of an invalid message: its biller and id, where they are valid themselves."""
    found: list[str | None] = []
    for name, rule in (("billerId", biller_id), ("paymentId", canonical_id)):
        value = fields.get(name)
        try:
            found.append(rule(value) if isinstance(value, str) else None)
        except Malformed:
            found.append(None)
    biller, payment = found
    return biller, payment


def _declared(field: str) -> str:
    """A name that the contract knows; one made up by the sender may itself be anything."""
    names = {each.alias for model in (PaymentMessage, Allocation) for each in model.model_fields.values()}
    return field if field in names else "an undeclared field"


def _first_rule(error: ValidationError) -> str:
    """Where and what, never the value: it may be personal or secret."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{place}: {first['msg']}"
