"""What becomes of an unknown outcome, given what the peer shows when it is asked. Decides only; asks nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, Kind, State, Wait
from shared.ledger.look import Look
from shared.ledger.times import Times, nth

MOST_RESENDS: Final = 3
"""A message that vanished without a trace after so many more attempts is for a person."""

SEVERAL: Final = "several_receipts"

_SOON: Final = timedelta(minutes=1)

NUMBER_BEGUN_AGAIN: Final = "number_begun_again"
"""Remark beside a receipt number that an earlier entry has, too."""


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one live receipt with our whole reference and our cents."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class Odd:
    """Something is there that may be ours, but it is not what was sent. ``detail`` names it."""

    reason: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """A reading that proved itself does not show it. ``same_list``: it agrees with the first look, if there was one."""

    look: Look
    same_list: bool = True


@dataclass(frozen=True, slots=True)
class NotProved:
    """The peer answered, and its list proves neither; ``why`` in a word.

    ``alike`` names what may be it that somebody entered by hand since a person was told of it.
    """

    why: str
    alike: str | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The peer did not answer, or not completely: this shows nothing at all. ``why`` in a word.

    ``retry_after`` and ``throttled`` as in ``shared.ledger.answer.Ambiguous``.
    """

    why: str = "no_answer"
    retry_after: float | None = None
    throttled: bool = False


@dataclass(frozen=True, slots=True)
class Repeatable:
    """Nobody need be asked: the peer makes no difference between once and twice."""


type Finding = Found | Odd | Absent | NotProved | NoAnswer | Repeatable


def conclude(entry: Entry, finding: Finding, now: datetime, times: Times) -> Entry:
    """The entry that follows from a finding; the entry given is ``unknown``."""
    match finding:
        case Found(receipt_number):
            return posted(entry, receipt_number)
        case Odd(reason, detail):
            return held(entry, reason, now, detail)
        case NoAnswer(why):
            later = entry._replace(backoffs=entry.backoffs + 1, detail=why)
            pause = timedelta(seconds=nth(times.backoff, entry.backoffs))
            return _given_up(later, now, times) or _ask_again(later, now + pause)
        case Repeatable():
            return _repeated(entry, now, times)
        case NotProved(why):
            asked = entry._replace(backoffs=0, detail=why)
            return _given_up(asked, now, times) or _ask_again(asked, _next_ask(entry, now, times))
        case Absent():
            return _absent(entry._replace(backoffs=0, detail=None), finding, now, times)


def conclude_held(entry: Entry, finding: Finding, now: datetime, times: Times) -> Entry:
    """The entry that follows from a finding about one that a person was told of: only presence ends it."""
    match finding:
        case Found(receipt_number):
            return posted(entry, receipt_number)
        case Absent() if proves(entry, finding, now, times):
            return proved(entry, now)._replace(due=None, wait=None, detail="shown twice not to be there")
        case Absent():
            return _first_look(entry, finding, now, times)
        case _:
            return ask_held(entry, now, times)


def proves(entry: Entry, absent: Absent, now: datetime, times: Times) -> bool:
    """Whether this absence is the second of the same attempt, long enough after it and the first, in the same list."""
    look = look_of(entry)
    return look is not None and absent.same_list and now >= proves_from(entry, look, times)


def proves_from(entry: Entry, look: Look, times: Times) -> datetime:
    """When a second absence proves it, at the earliest."""
    after_first = look.at + timedelta(seconds=times.absence_gap)
    shown = timedelta(seconds=times.settle + times.unseen_lag)
    return max(after_first, entry.sent_at + shown) if entry.sent_at else after_first


def look_of(entry: Entry) -> Look | None:
    """The first look that showed the latest attempt absent, or None."""
    look = Look.read(entry.look) if entry.look else None
    return look if look is not None and look.attempt == entry.attempt else None


def proved(entry: Entry, now: datetime) -> Entry:
    """The entry with the proof that nothing of it is at the peer."""
    return entry._replace(proved_at=now, look=None)


def looked(entry: Entry, absent: Absent) -> Entry:
    """The entry with this absence as its first look, unless an earlier one still stands."""
    stands = absent.same_list and look_of(entry) is not None
    return entry if stands else entry._replace(look=absent.look.written())


def is_fresh(entry: Entry, now: datetime, times: Times) -> bool:
    """Whether the proof, or a person's word, that it is not at the peer is still good."""
    return entry.proved_at is not None and now - entry.proved_at <= timedelta(seconds=times.proof)


def posted(entry: Entry, receipt_number: str | None, remark: str | None = None) -> Entry:
    """The entry as posted, if need be with a remark; whatever else was open is closed."""
    done = _closed(entry)._replace(state=State.POSTED, receipt_number=receipt_number, reason=remark, detail=None)
    return done._replace(look=None, doubt_at=None, refused_with=None, backoffs=0)


def skipped(entry: Entry, reason: str) -> Entry:
    """The entry as deliberately never sent, for ever."""
    return _closed(entry)._replace(state=State.SKIPPED, reason=reason, detail=None)


def held(entry: Entry, reason: str, now: datetime, detail: str | None = None) -> Entry:
    """The entry as held for a person; where it may be at the peer, that is asked about all the same."""
    told = entry.told_held_at or now
    kept = _closed(entry)._replace(state=State.HELD, held_at=now, told_held_at=told, reason=reason, detail=detail)
    return _ask_again(kept._replace(backoffs=0), now + _SOON) if kept.perhaps_there else kept


def ask_held(entry: Entry, now: datetime, times: Times) -> Entry:
    """A held entry with the time of the next question about it, or with none where it was asked about long enough."""
    asked_for = now - (entry.held_at or now)
    if not entry.perhaps_there or asked_for > timedelta(seconds=times.ask_held_for):
        return entry._replace(due=None, wait=None)
    planned = _planned(entry, times)
    due = next((due for due in planned if due > now), now + timedelta(seconds=times.ask_held_every))
    return _ask_again(entry, due)


def reported(entry: Entry, now: datetime, times: Times) -> Entry:
    """An entry whose outcome was told: what is still to be asked about it is due again."""
    closed = entry._replace(due=None, wait=None)
    if entry.state is State.HELD:
        return ask_held(closed, now, times) if entry.perhaps_there else closed
    return looked_at_next(closed, now, times)


def looked_at_next(entry: Entry, now: datetime, times: Times) -> Entry:
    """A posted entry with the time at which a second receipt of it is looked for, or with none."""
    if looked_enough(entry, times):
        return entry._replace(due=None, wait=None)
    before = times.second_looks[entry.backoffs - 1] if entry.backoffs else 0.0
    pause = timedelta(seconds=times.second_looks[entry.backoffs] - before)
    return entry._replace(due=now + pause, wait=Wait.SECOND)


def looked_enough(entry: Entry, times: Times) -> bool:
    """Whether no second receipt of an entry need be looked for any more; ``backoffs`` counts the looks."""
    once = entry.attempt - entry.recalled <= 1 or entry.key.kind is not Kind.PAYMENT
    return once or entry.state not in {State.POSTED, State.REVERSED} or entry.backoffs >= len(times.second_looks)


def not_posted(entry: Entry, reason: str) -> Entry:
    """The entry as ended without being posted; whatever else was open is closed."""
    return _closed(entry)._replace(state=State.NOT_POSTED, reason=reason, detail=None)


def unknown(entry: Entry, reason: str, times: Times, detail: str | None = None) -> Entry:
    """The entry as unknown after the attempt it names, to be asked about for the first time."""
    sent_at = entry.sent_at or entry.received_at
    doubtful = doubted(_closed(entry), sent_at)._replace(state=State.UNKNOWN, reason=reason, detail=detail, backoffs=0)
    return _ask_again(doubtful, sent_at + timedelta(seconds=times.asks[0]))


def doubted(entry: Entry, since: datetime) -> Entry:
    """The entry as one whose latest attempt may be at the peer, whatever was shown before it."""
    return entry._replace(proved_at=None, look=None, doubt_at=since)


def unknown_again(entry: Entry, finding: Finding, now: datetime, times: Times) -> Entry:
    """One that was about to leave, and that the peer could not be asked about once more: unknown from now on."""
    why = finding.why if isinstance(finding, NotProved | NoAnswer) else None
    again = _closed(entry)._replace(state=State.UNKNOWN, proved_at=None, look=None, doubt_at=now, backoffs=0)
    return _ask_again(again._replace(reason=entry.reason or OUTCOME_UNKNOWN, detail=why), now + _minute(times))


def _minute(times: Times) -> timedelta:
    return timedelta(seconds=times.asks[0])


def _closed(entry: Entry) -> Entry:
    return entry._replace(due=None, wait=None, slot=None, lease_until=None, held_at=None)


def _ask_again(entry: Entry, due: datetime) -> Entry:
    return entry._replace(due=due, wait=Wait.ASK)


def _planned(entry: Entry, times: Times) -> list[datetime]:
    since = entry.doubt_at or entry.sent_at or entry.received_at
    return [since + timedelta(seconds=seconds) for seconds in times.asks]


def _next_ask(entry: Entry, now: datetime, times: Times) -> datetime:
    planned = _planned(entry, times)
    return next((due for due in planned if due > now), now + timedelta(seconds=times.ask_every))


def _given_up(entry: Entry, now: datetime, times: Times) -> Entry | None:
    """The entry as held where nothing was concluded for too long, or None."""
    since = entry.doubt_at or entry.sent_at or entry.received_at
    if now - since < timedelta(seconds=times.give_up):
        return None
    return held(entry, "absence_not_provable", now, entry.detail)


def _absent(entry: Entry, absent: Absent, now: datetime, times: Times) -> Entry:
    if proves(entry, absent, now, times):
        return _again(proved(entry, now), "attempts_exhausted", now)
    return _given_up(looked(entry, absent), now, times) or _first_look(entry, absent, now, times)


def _first_look(entry: Entry, absent: Absent, now: datetime, times: Times) -> Entry:
    """Hours after the attempt the plan has hours between two questions; the second needs to wait only for the gap."""
    seen = looked(entry, absent)
    look = look_of(seen)
    gap = timedelta(seconds=times.absence_gap)
    soon = min(_next_ask(entry, now, times), now + 1.1 * gap)
    return _ask_again(seen, max(soon, (look.at if look else now) + gap))


def _repeated(entry: Entry, now: datetime, times: Times) -> Entry:
    """Not before the attempt is sure not to land any more: it could land on top of a newer message."""
    settled = (entry.sent_at or entry.received_at) + timedelta(seconds=times.settle)
    return _ask_again(entry, settled) if now < settled else _again(entry, "update_unanswered", now)


def _again(entry: Entry, exhausted: str, now: datetime) -> Entry:
    if entry.resends >= MOST_RESENDS:
        return held(entry, exhausted, now)
    again = _closed(entry)._replace(state=State.RECEIVED, resends=entry.resends + 1, doubt_at=None)
    return again._replace(due=now, wait=Wait.BACKOFF)
