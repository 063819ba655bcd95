"""One sheet of questions for a city, about what only its registers can tell; and its answers."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.exchange.spreadsheet import plain
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, Key, Kind
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import biller_id, canonical_id
from shared.vocabulary.money import Money

REASONS: Final = frozenset(
    {
        OUTCOME_UNKNOWN,
        "absence_not_provable",
        "attempts_exhausted",
        "several_receipts",
        "receipt_voided",
        "amount_differs",
        "before_go_live",
        "shadow_overlap",
    }
)
"""Why a payment is held that may already be at Caselle."""

COLUMNS: Final = (
    "biller",
    "payment id",
    "confirmation number",
    "customer",
    "amount",
    "posting date",
    "sent",
    "register to open",
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


@dataclass(frozen=True, slots=True)
class Answer:
    """One line that was answered."""

    line: int
    key: Key
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
    return entry.key.kind is Kind.PAYMENT and entry.reason in REASONS


def sheet(entries: Iterable[Entry]) -> str:
    """The questions as CSV, for a spreadsheet; the last two columns are the city's to fill in."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_question(entry) for entry in entries)
    return text.getvalue()


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
    return Answers(answers, unanswered, wrong)


def _question(entry: Entry) -> list[str]:
    sent = entry.sent_at.date().isoformat() if entry.sent_at else ""
    days = sorted({day for day in (entry.posting_date, sent) if day})
    register = f"Receipt Register, {' to '.join(days)}, all users"
    facts = (entry.key.biller, entry.key.id, entry.reference, entry.customer_number, str(Money(entry.cents)))
    return [*(plain(fact) for fact in facts), entry.posting_date, sent, register, "", ""]


def _answer(number: int, line: dict[str, str]) -> Answer:
    said = line["answer"].strip().casefold()
    if said not in set(Found):
        raise Malformed(f"the answer is one of {', '.join(Found)}")
    receipt = (line["receipt number"] or "").strip().removeprefix("'")
    if (said == Found.POSTED) != bool(receipt):
        raise Malformed("a receipt number goes with the answer posted, and only with that")
    key = Key(biller_id(line["biller"].strip()), Kind.PAYMENT, canonical_id(line["payment id"].removeprefix("'")))
    return Answer(number, key, Found(said), receipt)
