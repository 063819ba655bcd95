"""What is told of a step: one event, and a result where there is an outcome."""

from shared.ledger.entry import Entry, State
from shared.vocabulary import events


def tell(entry: Entry) -> None:
    """One event per step, named after the state it led to."""
    level = events.WARNING if entry.state in {State.HELD, State.UNKNOWN} else events.INFO
    fields = {
        "attempt": entry.attempt,
        "waited": _waited(entry),
        "reason": entry.reason,
        "receipt": entry.receipt_number,
    }
    present = {name: value for name, value in fields.items() if value}
    event = f"{entry.key.kind.noun}.{entry.state}"
    events.emit(event, level, biller=entry.key.biller, id=entry.key.id, **present)


def _waited(entry: Entry) -> float | None:
    """Seconds from its arrival to the send that got through."""
    if entry.state is not State.POSTED or entry.sent_at is None or not entry.attempt:
        return None
    return round((entry.sent_at - entry.received_at).total_seconds(), 1)


def answered(entry: Entry) -> bool:
    """Whether a send just ended with an answer, so that its slot may go to the next."""
    return entry.attempt > 0 and entry.state in {State.POSTED, State.HELD}
