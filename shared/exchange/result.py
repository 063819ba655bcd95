"""What Invoice Cloud is told: one outcome per message of the queue ``posting-results``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.exchange import nacha, reasons
from shared.exchange.inbound import InvalidMessage
from shared.ledger.due import Due
from shared.ledger.entry import SETTLED, Entry, Kind, State
from shared.vocabulary.money import Amount, Money


class Outcome(StrEnum):
    """What became of a message."""

    POSTED = "posted"
    REVERSED = "reversed"
    APPLIED = "applied"
    HELD = "held"
    NOT_POSTED = "not_posted"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    INVALID = "invalid"
    PENDING = "pending"
    """Not settled yet; told only to one who asks or repeats."""


_BY_STATE: Final = {
    State.POSTED: Outcome.POSTED,
    State.REVERSED: Outcome.REVERSED,
    State.HELD: Outcome.HELD,
    State.NOT_POSTED: Outcome.NOT_POSTED,
    State.SKIPPED: Outcome.SKIPPED,
}


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,  # built with the first result, when its payment is safe in the ledger
    )


class ReasonText(_Record):
    """Why, and what to do about it; ``code`` is from a closed list."""

    code: str
    message: str
    action: str


class PostingResult(_Record):
    """One outcome. ``id`` is the message's own: a payment's, a reject's, a reversal's or an update's.

    Its identity is kind, billerId, id, version and messageId; a lower version is stale.
    """

    schema_version: Literal[1] = 1
    kind: Kind
    biller_id: str | None
    id: str | None
    message_id: str
    outcome: Outcome
    duplicate: bool = False
    version: int
    final: bool
    receipt_number: str | None = None
    confirmation_number: str | None = None
    amount: Amount | None = None
    posting_date: date | None = None
    reason: ReasonText | None = None
    correlation_id: str | None = None
    at: AwareDatetime
    attempts: int


class _Shown(BaseModel):
    """Of a stored message, what its result repeats."""

    model_config = ConfigDict(hide_input_in_errors=True, alias_generator=to_camel, defer_build=True)  # as _Record

    confirmation_number: str | None = None
    correlation_id: str | None = None
    return_code: str | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """What one step leaves to be sent: results to Invoice Cloud, steps to ourselves."""

    results: Sequence[PostingResult] = ()
    due: Sequence[Due] = ()


def result_of(entry: Entry, at: datetime, *, message_id: str | None = None) -> PostingResult:
    """The outcome of an entry; for ``message_id`` where a message other than its first one asks."""
    message = _Shown.model_validate_json(entry.message)
    return PostingResult(
        kind=entry.key.kind,
        biller_id=entry.key.biller,
        id=entry.key.id,
        message_id=message_id or entry.message_id,
        outcome=_outcome(entry),
        duplicate=message_id is not None and message_id != entry.message_id,
        version=entry.version_base + entry.version,
        final=entry.state in SETTLED - {State.HELD},
        receipt_number=entry.receipt_number,
        confirmation_number=message.confirmation_number,
        amount=Money(entry.cents) if entry.cents else None,
        posting_date=date.fromisoformat(entry.posting_date) if entry.posting_date else None,
        reason=_reason(entry, message.return_code),
        correlation_id=message.correlation_id,
        at=at,
        attempts=entry.attempt,
    )


def conflict_of(found: Entry, other: Entry, at: datetime) -> PostingResult:
    """The answer to another message under a known id; the entry it met is untouched."""
    message = _Shown.model_validate_json(other.message)
    return PostingResult(
        kind=found.key.kind,
        biller_id=found.key.biller,
        id=found.key.id,
        message_id=other.message_id,
        outcome=Outcome.CONFLICT,
        version=found.version_base + found.version,
        final=True,
        confirmation_number=message.confirmation_number,
        amount=Money(other.cents) if other.cents else None,
        reason=_explained("conflict"),
        correlation_id=message.correlation_id,
        at=at,
        attempts=0,
    )


def invalid_of(kind: Kind, invalid: InvalidMessage, message_id: str, at: datetime) -> PostingResult:
    """The answer to a message that never becomes valid."""
    return PostingResult(
        kind=kind,
        biller_id=invalid.biller,
        id=invalid.id,
        message_id=message_id,
        outcome=Outcome.INVALID,
        version=0,
        final=True,
        reason=_explained(invalid.code, invalid.detail),
        at=at,
        attempts=0,
    )


def _outcome(entry: Entry) -> Outcome:
    """Of what is no payment, ``posted`` means that it is done in Caselle."""
    if entry.state is State.POSTED and entry.key.kind is not Kind.PAYMENT:
        return Outcome.APPLIED if entry.key.kind.is_update else Outcome.REVERSED
    return _BY_STATE.get(entry.state, Outcome.PENDING)


def _reason(entry: Entry, return_code: str | None) -> ReasonText | None:
    """Why it stands as it does; of a reject, also what the bank said and what the payer must do."""
    code = "returned" if return_code and entry.state is State.POSTED else entry.reason
    if code is None:
        return None
    to_do = {State.HELD: entry.by_hand, State.POSTED: entry.afterwards}.get(entry.state)
    why = _explained(code, entry.detail, to_do)
    if return_code is None or entry.state not in {State.HELD, State.POSTED, State.SKIPPED}:
        return why
    bank = nacha.explained(return_code)
    message = f"{why.message} The bank's code is {return_code}: {bank.meaning}."
    return ReasonText(code=why.code, message=message, action=f"{why.action} {bank.payer}")


def _explained(code: str, detail: str | None = None, to_do: str | None = None) -> ReasonText:
    shown = reasons.listed(code)
    words = reasons.REASONS[shown]
    message = f"{words.message} ({detail})" if detail else words.message
    action = f"{words.action} {to_do}" if to_do else words.action
    return ReasonText(code=shown, message=message, action=action)
