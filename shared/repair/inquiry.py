"""One sheet of questions for a city, about what only its registers can tell; and its answers."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.exchange.spreadsheet import plain
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, Key, Kind, State
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import biller_id, canonical_id
from shared.vocabulary.money import Money

REASONS: Final = frozenset(
    {
        OUTCOME_UNKNOWN,
        "absence_not_provable",
        "attempts_exhausted",
        "several_receipts",
        "sent_at_both_homes",
        "receipt_voided",
        "amount_differs",
        "before_go_live",
        "shadow_overlap",
    }
)
"""Why a payment is held that may already be at Caselle."""

FRESH: Final = timedelta(hours=24)
"""How long after a sheet was written its "not there" may let a payment go."""

_SKEW: Final = timedelta(minutes=5)
_HOUR: Final = "%Y-%m-%dT%H:00Z"

COLUMNS: Final = (
    "biller",
    "payment id",
    "confirmation number",
    "customer",
    "amount",
    "posting date",
    "sent",
    "register to open",
    "attempt",
    "written",
    "answer",
    "receipt number",
)


class Found(StrEnum):
    """What a city may answer."""

    POSTED = "posted"
    """It is there; the receipt's number stands beside."""
    NOT_THERE = "not there"
    """It is not there and is to be posted."""
    NEVER = "never"
    """It is not there and is never to be posted from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line that was answered, with what it says of the question; ``written`` is the hour of the sheet."""

    line: int
    key: Key
    confirmation: str
    amount: Money
    attempt: int
    written: datetime
    found: Found
    receipt_number: str


@dataclass(frozen=True, slots=True)
class Answers:
    """A sheet that came back: what was answered, how many lines were not, and what is wrong with others."""

    answers: Sequence[Answer]
    open: int
    wrong: Sequence[str]


def is_question(entry: Entry) -> bool:
    """Whether only the city's registers tell if a held payment is there."""
    return entry.key.kind is Kind.PAYMENT and entry.state is State.HELD and entry.reason in REASONS


def can_be_answered(entry: Entry, now: datetime, settle: float) -> bool:
    """Whether a city that looks now sees what the latest attempt left on its way; ``settle`` in seconds."""
    return entry.sent_at is None or now - entry.sent_at >= timedelta(seconds=settle)


def sheet(entries: Iterable[Entry], now: datetime) -> str:
    """The questions as CSV, for a spreadsheet; the last two columns are the city's to fill in."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_question(entry, now) for entry in entries)
    return text.getvalue()


def idle(answer: Answer, entry: Entry | None, biller: str, now: datetime) -> str | None:
    """Why a line changes nothing, or None: it answers, of this biller, the very question that is open now.

    Args:
        answer: the line.
        entry: what the ledger has of its payment.
        biller: whose sheet it is.
        now: the ledger's clock.
    """
    if answer.key.biller != biller:
        return f"it is of biller {answer.key.biller}"
    if entry is None:
        return f"the ledger knows no payment {answer.key.id}"
    if not is_question(entry):
        return f"the payment is {entry.state}: nothing is asked about it now"
    return _other_question(answer, entry) or _out_of_time(answer, now)


def _other_question(answer: Answer, entry: Entry) -> str | None:
    if answer.confirmation.casefold() != entry.reference.casefold():
        return "the payment has another confirmation number"
    if answer.amount != entry.cents:
        return f"the payment is over {Money(entry.cents)}"
    if answer.attempt != entry.attempt:
        return f"it answers for attempt {answer.attempt}, and the payment is at attempt {entry.attempt}: ask anew"
    return None


def _out_of_time(answer: Answer, now: datetime) -> str | None:
    if answer.written > now + _SKEW:
        return "its sheet was written at an hour that has not come yet"
    if answer.found is Found.NOT_THERE and now - answer.written > FRESH:
        return "what was not there more than a day ago may be there now: ask anew"
    return None


def read(text: str) -> Answers:
    """A sheet that came back.

    Raises:
        Malformed: it is not such a sheet.
    """
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = set(COLUMNS) - set(lines.fieldnames or ())
    if missing:
        raise Malformed(f"the sheet has no column {', '.join(sorted(missing))}")
    answers, wrong, unanswered = list[Answer](), list[str](), 0
    for number, line in enumerate(lines, start=2):
        if not (line["answer"] or "").strip():
            unanswered += 1
            continue
        try:
            answers.append(_answer(number, line))
        except Malformed as error:
            wrong.append(f"Line {number}: {error}.")
    lines_of = Counter(answer.key for answer in answers)
    wrong += [
        f"Line {each.line}: payment {each.key.id} is answered twice." for each in answers if lines_of[each.key] > 1
    ]
    return Answers(answers, unanswered, wrong)


def _question(entry: Entry, now: datetime) -> list[str]:
    sent = entry.sent_at.date().isoformat() if entry.sent_at else ""
    days = sorted({day for day in (entry.posting_date, sent) if day})
    register = f"Receipt Register, {' to '.join(days)}, all users"
    facts = (entry.key.biller, entry.key.id, entry.reference, entry.customer_number, str(Money(entry.cents)))
    asked = [entry.posting_date, sent, register, str(entry.attempt), now.astimezone(UTC).strftime(_HOUR)]
    return [*(plain(fact) for fact in facts), *asked, "", ""]


def _answer(number: int, line: dict[str, str]) -> Answer:
    said = line["answer"].strip().casefold()
    if said not in set(Found):
        raise Malformed(f"the answer is one of {', '.join(Found)}")
    receipt = (line["receipt number"] or "").strip().removeprefix("'")
    if (said == Found.POSTED) != bool(receipt):
        raise Malformed("a receipt number goes with the answer posted, and only with that")
    key = Key(biller_id(line["biller"].strip()), Kind.PAYMENT, canonical_id(line["payment id"].removeprefix("'")))
    return Answer(
        line=number,
        key=key,
        confirmation=line["confirmation number"].strip().removeprefix("'"),
        amount=Money.parse(line["amount"].strip().removeprefix("'")),
        attempt=_number(line["attempt"]),
        written=_hour(line["written"]),
        found=Found(said),
        receipt_number=receipt,
    )


def _number(text: str | None) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", (text or "").strip(), re.ASCII):
        raise Malformed("the attempt is not the number that stood there")
    return int((text or "").strip())


def _hour(text: str | None) -> datetime:
    try:
        return datetime.strptime((text or "").strip(), _HOUR).replace(tzinfo=UTC)
    except ValueError:
        raise Malformed("the hour of writing is not as it stood there, for example 2026-11-20T15:00Z") from None
