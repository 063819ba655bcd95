"""What becomes of an unknown outcome, given what the peer shows when it is asked. Decides only; asks nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.entry import Entry, State, Wait
from shared.ledger.times import Times, nth

MOST_RESENDS: Final = 2
"""A message that vanished without a trace after three attempts is for a person."""


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one live receipt with our reference and our cents, bound to no other entry."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class Odd:
    """Something with our reference is there, but it is not what was sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """All pages were read and nothing has our reference. ``controlled``: a later receipt was visible in them."""

    controlled: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The peer did not answer, or not completely: this shows nothing at all."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """Nobody need be asked: the peer makes no difference between once and twice."""


type Finding = Found | Odd | Absent | NoAnswer | Repeatable


def conclude(entry: Entry, finding: Finding, now: datetime, times: Times) -> Entry:
    """The entry that follows from a finding; the entry given is ``unknown``."""
    match finding:
        case Found(receipt_number):
            return posted(entry, receipt_number)
        case Odd(reason):
            return held(entry, reason, now)
        case NoAnswer():
            later = entry._replace(backoffs=entry.backoffs + 1, answered_at=None)
            return _ask_again(later, now + timedelta(seconds=nth(times.backoff, entry.backoffs)))
        case Repeatable():
            return _repeated(entry, now, times)
        case Absent(controlled=False):
            return _unproved(entry, now, times)
        case Absent():
            return _absent(entry, now, times)


def posted(entry: Entry, receipt_number: str | None, remark: str | None = None) -> Entry:
    """The entry as posted, if need be with a remark; whatever else was open is closed."""
    return _closed(entry)._replace(state=State.POSTED, receipt_number=receipt_number, reason=remark, detail=None)


def skipped(entry: Entry, reason: str) -> Entry:
    """The entry as deliberately never sent, for ever."""
    return _closed(entry)._replace(state=State.SKIPPED, reason=reason, detail=None)


def held(entry: Entry, reason: str, now: datetime, detail: str | None = None) -> Entry:
    """The entry as held for a person."""
    return _closed(entry)._replace(state=State.HELD, held_at=now, reason=reason, detail=detail)


def not_posted(entry: Entry, reason: str) -> Entry:
    """The entry as ended without being posted; whatever else was open is closed."""
    return _closed(entry)._replace(state=State.NOT_POSTED, reason=reason, detail=None)


def unknown(entry: Entry, reason: str, times: Times, detail: str | None = None) -> Entry:
    """The entry as unknown after the attempt it names, to be asked about for the first time."""
    sent_at = entry.sent_at or entry.received_at
    doubtful = _closed(entry)._replace(state=State.UNKNOWN, reason=reason, detail=detail, backoffs=0)
    doubtful = doubtful._replace(absent_at=None, answered_at=None, unproved_seconds=0)
    return _ask_again(doubtful, sent_at + timedelta(seconds=times.asks[0]))


def _closed(entry: Entry) -> Entry:
    return entry._replace(due=None, wait=None, slot=None, lease_until=None, held_at=None)


def _ask_again(entry: Entry, due: datetime) -> Entry:
    return entry._replace(due=due, wait=Wait.ASK)


def _next_ask(entry: Entry, now: datetime, times: Times) -> datetime:
    sent_at = entry.sent_at or entry.received_at
    planned = (sent_at + timedelta(seconds=seconds) for seconds in times.asks)
    return next((due for due in planned if due > now), now + timedelta(seconds=times.ask_every))


def _unproved(entry: Entry, now: datetime, times: Times) -> Entry:
    """Only time between two answered questions counts: a city that is down loses none of its hours."""
    gained = (now - entry.answered_at).total_seconds() if entry.answered_at else 0
    unproved = entry.unproved_seconds + gained
    if unproved >= times.give_up:
        return held(entry, "absence_not_provable", now)
    asked = entry._replace(backoffs=0, answered_at=now, unproved_seconds=unproved)
    return _ask_again(asked, _next_ask(entry, now, times))


def _absent(entry: Entry, now: datetime, times: Times) -> Entry:
    asked = entry._replace(backoffs=0, answered_at=now, unproved_seconds=0)
    gap = timedelta(seconds=times.absence_gap)
    if now - (entry.sent_at or entry.received_at) < timedelta(seconds=times.settle):
        return _ask_again(asked, _next_ask(entry, now, times))
    if entry.absent_at is None:
        # Hours after the attempt the plan has hours between two questions; the second needs to wait only for the gap.
        soon = min(_next_ask(entry, now, times), now + 1.1 * gap)
        return _ask_again(asked._replace(absent_at=now), max(soon, now + gap))
    if now - entry.absent_at < gap:
        return _ask_again(asked, entry.absent_at + gap)
    return _again(asked, "attempts_exhausted", now)


def _repeated(entry: Entry, now: datetime, times: Times) -> Entry:
    """Not before the attempt is sure not to land any more: it could land on top of a newer message."""
    settled = (entry.sent_at or entry.received_at) + timedelta(seconds=times.settle)
    return _ask_again(entry, settled) if now < settled else _again(entry, "update_unanswered", now)


def _again(entry: Entry, exhausted: str, now: datetime) -> Entry:
    if entry.resends >= MOST_RESENDS:
        return held(entry, exhausted, now)
    again = _closed(entry)._replace(state=State.RECEIVED, resends=entry.resends + 1, absent_at=None)
    return again._replace(due=now, wait=Wait.BACKOFF)
