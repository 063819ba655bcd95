"""What Invoice Cloud was told before a ledger was lost, read from a file of its results: the second witness.

The file has one JSON object a line, each a result as the queue ``posting-results`` carried it, in any order, repeated
or not. Of one message the highest version counts; ``conflict`` and ``invalid`` speak of another message under its id.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Key, Kind, State
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import biller_id, canonical_id

_STATES: Final[Mapping[Outcome, State]] = MappingProxyType(
    {
        Outcome.POSTED: State.POSTED,
        Outcome.REVERSED: State.POSTED,
        Outcome.NOT_POSTED: State.NOT_POSTED,
        Outcome.SKIPPED: State.SKIPPED,
    }
)
_OF_THE_MESSAGE: Final = frozenset({Outcome.CONFLICT, Outcome.INVALID})
_MOST_BYTES: Final = 64 * 1024
"""Of one line: a queue message has no more."""
_MOST_WRONG: Final = 20
"""Lines that are named; a file that is no such file has many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last word about one message: ``state`` is the one that it stands for, None where another was to follow."""

    key: Key
    state: State | None
    version: int
    message_id: str
    cents: int
    confirmation: str
    receipt_number: str | None
    posting_date: str
    correlation_id: str | None
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Witness:
    """All that a file says: the last words, and what is wrong with which lines."""

    told: Mapping[Key, Told]
    wrong: Sequence[str]
    beside: int
    """Lines that speak of no payment, reject or reversal of ours: conflicts, invalid ones and customer updates."""

    def final(self) -> Iterator[Told]:
        """What was told to be final; a payment whose whole receipt was undone is told as reversed with it."""
        undone = self._undone()
        for told in self.told.values():
            if told.state is State.POSTED and told.key.kind is Kind.PAYMENT and _receipt(told) in undone:
                yield replace(told, state=State.REVERSED)
            elif told.state is not None:
                yield told

    def open(self) -> Sequence[Told]:
        """What had no final result yet."""
        return [told for told in self.told.values() if told.state is None]

    def _undone(self) -> frozenset[tuple[str, str | None, int]]:
        """Receipts that a reject or reversal undid, unless two payments have the number: then nobody knows which."""
        posted = [told for told in self.told.values() if told.state is State.POSTED and told.receipt_number]
        payments = Counter(_receipt(told) for told in posted if told.key.kind is Kind.PAYMENT)
        undone = {_receipt(told) for told in posted if told.key.kind is not Kind.PAYMENT}
        return frozenset(receipt for receipt in undone if payments[receipt] == 1)


def read(lines: Iterable[bytes]) -> Witness:
    """The last words in a file; lines that are no results are named, and nothing in them is quoted."""
    told: dict[Key, Told] = {}
    wrong, beside = list[str](), 0
    for number, line in enumerate(lines, start=1):
        if not (plain := line.removeprefix(b"\xef\xbb\xbf").strip()):
            continue
        try:
            found = _told(plain)
            if found is None:
                beside += 1
                continue
            told[found.key] = _last(told.get(found.key), found)
        except Malformed as error:
            wrong.append(f"Line {number}: {error}.")
            if len(wrong) == _MOST_WRONG:
                break
    return Witness(told, wrong, beside)


def _told(line: bytes) -> Told | None:
    result = _result(line)
    if result.outcome in _OF_THE_MESSAGE or result.kind.is_update:
        return None
    if result.biller_id is None or result.id is None:
        raise Malformed("a result without billerId or id")
    state = _STATES.get(result.outcome)
    if result.final and state is None:
        raise Malformed(f"{result.outcome} is never final")
    if result.final and state is State.POSTED and result.kind is Kind.PAYMENT and result.outcome is Outcome.POSTED:
        _whole(result)
    return Told(
        key=Key(biller_id(result.biller_id), result.kind, canonical_id(result.id)),
        state=_final(result, state),
        version=result.version,
        message_id=result.message_id,
        cents=int(result.amount or 0),
        confirmation=result.confirmation_number or "",
        receipt_number=result.receipt_number,
        posting_date=result.posting_date.isoformat() if result.posting_date else "",
        correlation_id=result.correlation_id,
        attempts=result.attempts,
        at=result.at,
    )


def _result(line: bytes) -> PostingResult:
    if len(line) > _MOST_BYTES:
        raise Malformed("longer than any result")
    try:
        return PostingResult.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise Malformed(f"no result: {place}: {first['msg']}") from None


def _final(result: PostingResult, state: State | None) -> State | None:
    if not result.final:
        return None
    return State.REVERSED if result.kind is Kind.PAYMENT and result.outcome is Outcome.REVERSED else state


def _whole(result: PostingResult) -> None:
    if not result.amount or not result.confirmation_number:
        raise Malformed("a payment that was posted has an amount and a confirmation number")


def _last(before: Told | None, found: Told) -> Told:
    """The higher version; two results of one version say the same, whichever message each answered."""
    if before is None or found.version > before.version:
        return found
    if found.version == before.version and _said(found) != _said(before):
        raise Malformed(f"another result of {found.key.kind} {found.key.id} has the same version and says otherwise")
    return before


def _said(told: Told) -> tuple[State | None, int, str, str | None]:
    return told.state, told.cents, told.confirmation, told.receipt_number


def _receipt(told: Told) -> tuple[str, str | None, int]:
    return told.key.biller, told.receipt_number, told.cents
