"""Reading a message of Invoice Cloud: its size, its spelling, and what every kind of message has in common."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from shared.exchange.cards import card_field
from shared.exchange.lenient import Mended, Shown, mended
from shared.vocabulary import events
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import BillerId, biller_id, canonical_id
from shared.vocabulary.money import Amount, Money

KNOWN_SCHEMA: Final = 1
MOST_BYTES: Final = 48 * 1024
"""What fits into a queue message of 64 KiB after base64."""

_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT: Final = re.compile(
    _DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})", re.ASCII
)


class InvalidMessage(Malformed):
    """A message that never becomes valid; ``biller`` and ``id`` are known only where they are themselves valid."""

    def __init__(self, code: str, detail: str, biller: str | None = None, id: str | None = None) -> None:  # noqa: A002 - the field's name
        """Name the broken rule; ``detail`` never quotes the message."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.biller = biller
        self.id = id

    def named(self, message_id: str) -> dict[str, str]:
        """How events name it: by its message, and by biller and id where these are known."""
        known = {"biller": self.biller, "id": self.id, "message": message_id}
        return {name: each for name, each in known.items() if each is not None}


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
Instant = Annotated[AwareDatetime, _spelled(_INSTANT, "2026-11-20T15:04:05-08:00")]
Day = Annotated[date, _spelled(_DAY, "2026-11-23")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9_-]{1,20}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Record(BaseModel):
    """Frozen; camelCase on the wire; an error never quotes what was read."""

    # Built with the first message: a cold process pays only for the kinds that come.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel, defer_build=True)


class Message(Record):
    """What every message has."""

    schema_version: Annotated[int, Field(ge=1, le=KNOWN_SCHEMA)]
    biller_id: BillerId
    correlation_id: Shown = None


def read[MessageT: Message](model: type[MessageT], body: bytes, id_field: str) -> MessageT:
    """Read plain JSON or base64 of it; ``id_field`` is the wire name of the message's own id.

    Raises:
        InvalidMessage: with the broken rule; the message is for the quarantine.
    """
    fields = _decode(body)
    biller, id_ = _valid(fields.get("billerId"), biller_id), _valid(fields.get(id_field), canonical_id)
    version = fields.get("schemaVersion")
    if isinstance(version, int) and version > KNOWN_SCHEMA:
        raise InvalidMessage("newer_schema", f"schemaVersion is above {KNOWN_SCHEMA}", biller, id_)
    try:
        if (field := card_field(fields)) is not None:
            raise InvalidMessage("card_number", _declared(field, model), biller, id_)
        message = model.model_validate(_without_nulls(model, fields))
    except ValidationError as error:
        raise InvalidMessage("rule_broken", _first_rule(error), biller, id_) from None
    except RecursionError:
        raise InvalidMessage("rule_broken", "message: nested too deeply", biller, id_) from None
    _tell_mended(message, fields, id_)
    return message


def to_store(message: Message) -> bytes:
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


def _without_nulls(model: type[BaseModel], fields: Mapping[str, Any]) -> dict[str, Any]:
    """An optional field given as null is a field that is not given."""
    optional = {field.alias for field in model.model_fields.values() if not field.is_required()}
    return {name: value for name, value in fields.items() if value is not None or name not in optional}


def _tell_mended(message: Message, fields: Mapping[str, Any], id_: str | None) -> None:
    for field, how in mended(message, fields):
        biller = message.biller_id
        if how is Mended.DROPPED:
            events.emit("message.field_dropped", events.WARNING, biller=biller, id=id_, field=field)
        else:
            events.emit("message.field_mended", biller=biller, id=id_, field=field, how=how)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _valid(value: object, rule: Any) -> str | None:  # noqa: ANN401 - one of two functions of text
    """What can be said of an invalid message: its biller and id, where they are valid themselves."""
    try:
        return str(rule(value)) if isinstance(value, str) else None
    except Malformed:
        return None


def _declared(field: str, model: type[BaseModel]) -> str:
    """A name that the contract knows; one made up by the sender may itself be anything."""
    return field if field in set(_wire_names(model)) else "an undeclared field"


def _wire_names(model: type[BaseModel]) -> Iterator[str | None]:
    for field in model.model_fields.values():
        yield field.alias
        for inner in _models_in(field.annotation):
            yield from _wire_names(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - whatever stands in an annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _first_rule(error: ValidationError) -> str:
    """Where and what, never the value: it may be personal or secret."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{place}: {first['msg']}"
