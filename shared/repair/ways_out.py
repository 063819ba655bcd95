"""The commands that a person has for an entry which has not ended, and what each of them asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.ledger.entry import Entry, Kind, State
from shared.repair.resolve import may_resolve
from shared.reversals import message as reversals
from shared.vocabulary.money import Money

_RETRIED: Final = frozenset({State.HELD, State.UNKNOWN})

_BY_HAND: Final = "whether somebody entered it by hand since it was told as held"
_LIST: Final = "Caselle's list, which can only refuse: what may be it is never passed over"
_TWICE: Final = (
    "15 minutes after the attempt, that Caselle shows twice, ten minutes apart and the second "
    "time an hour or more after it, that it is not there; or your word for that (--override)"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One command as it is typed, but for the reason, and what it asks before anything is changed."""

    command: str
    asks: str


def ways_out(entry: Entry, now: datetime) -> list[Way]:
    """Every command for the entry as it stands; none where it has ended, or is on its way by itself."""
    ends = [*_done(entry), _not_posted(entry)] if may_resolve(entry, now) else []
    return [*_retry(entry), *ends]


def _retry(entry: Entry) -> Iterator[Way]:
    if entry.state not in _RETRIED or not _does_something(entry):
        return
    if entry.key.kind.is_update:
        yield Way(f"retry {_named(entry)}", "nothing: what was set once may be set again")
        return
    asked = [_BY_HAND] if entry.told_held_at else []
    asked += [_LIST, *([_TWICE] if entry.perhaps_there else [])]
    yield Way(f"retry {_named(entry)}", "; ".join(asked))


def _done(entry: Entry) -> Iterator[Way]:
    if entry.key.kind is Kind.PAYMENT:
        asks = f"Caselle, for a live receipt of {Money(entry.cents)} without another payment's confirmation number"
        word = "your word for it, where Caselle cannot be asked (--override)"
        yield Way(f"resolve {_named(entry)} --posted RECEIPT", f"{asks}; or {word}")
    elif entry.key.kind.is_update:
        yield Way(f"resolve {_named(entry)} --done", "that Caselle has it")
    elif _does_something(entry):
        yield Way(f"resolve {_named(entry)} --done", "that the receipt is undone, or adjusted, in Caselle")


def _not_posted(entry: Entry) -> Way:
    word = "that it is not in Caselle and never will be" if entry.key.kind is Kind.PAYMENT else "that nothing follows"
    settled = "; not within 15 minutes of the attempt" if entry.perhaps_there else ""
    return Way(f"resolve {_named(entry)} --not-posted", f"{word}{settled}")


def _does_something(entry: Entry) -> bool:
    """Whether anything can follow from it at Caselle: a dishonoured return never undoes anything."""
    return entry.key.kind not in reversals.QUEUES or reversals.stored(entry.key.kind, entry.message).may_undo


def _named(entry: Entry) -> str:
    kind = "" if entry.key.kind is Kind.PAYMENT else f" --kind {entry.key.kind}"
    return f"{entry.key.biller} {entry.key.id}{kind}"
