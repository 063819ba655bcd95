"""Entries as rows and records that people and scripts read."""

from typing import Any, Final

from shared.exchange.quarantine import Quarantined
from shared.exchange.reasons import REASONS, listed
from shared.ledger.entry import Entry, State, Wait
from shared.repair.find import Cause, fields_of
from shared.repair.history import History, Step
from shared.vocabulary.money import Money

WIDTHS: Final = {
    "biller": 9,
    "kind": 9,
    "id": 36,
    "state": 10,
    "amount": 12,
    "day": 10,
    "customer": 12,
    "confirmation": 14,
    "receipt": 14,
    "cause": 22,
}


def line(entry: Entry) -> dict[str, Any]:
    """One row of a list."""
    return {
        "biller": entry.key.biller,
        "kind": str(entry.key.kind),
        "id": entry.key.id,
        "state": str(entry.state),
        "amount": str(Money(entry.cents)),
        "day": entry.booked_on,
        "customer": entry.customer_number,
        "confirmation": fields_of(entry).get("confirmationNumber"),
        "receipt": entry.receipt_number,
        "cause": entry.reason,
    }


def record(entry: Entry) -> dict[str, Any]:
    """Everything of one entry but who paid."""
    shown = REASONS.get(listed(entry.reason)) if entry.reason else None
    fields = fields_of(entry)
    return line(entry) | {
        "why": shown.message if shown else None,
        "whatToDo": (entry.by_hand or shown.action) if shown and entry.state is State.HELD else entry.afterwards,
        "saidByCaselle": entry.detail,
        "asked": _asked(entry),
        "tender": fields.get("tender"),
        "deposit": fields.get("depositId"),
        "postingDate": entry.posting_date,
        "receivedAt": entry.received_at.isoformat(),
        "attempts": entry.attempt,
        "sentAt": entry.sent_at.isoformat() if entry.sent_at else None,
        "undoes": entry.reverses,
        "messageId": entry.message_id,
        "version": entry.version,
    }


def _asked(entry: Entry) -> str | None:
    """Whether it may be at Caselle, and when that is asked next; None where nobody asks."""
    if entry.wait is Wait.SECOND and entry.due:
        return f"looked at for a second receipt at {entry.due:%Y-%m-%d %H:%M} UTC"
    if not entry.perhaps_there or entry.state is State.POSTED:
        return f"shown not to be there at {entry.proved_at:%Y-%m-%d %H:%M} UTC" if entry.proved_at else None
    return f"asked again at {entry.due:%Y-%m-%d %H:%M} UTC" if entry.wait is Wait.ASK and entry.due else "not asked"


def step(one: Step) -> dict[str, Any]:
    """One event of a history."""
    return {
        "at": one.at.isoformat(timespec="seconds"),
        "was": one.was,
        "became": one.state,
        "attempt": one.attempt,
        "cause": one.reason,
        "receipt": one.receipt_number,
        "by": one.by,
        "why": one.why,
    }


def history(found: History) -> dict[str, Any]:
    """One entry with its history."""
    return record(found.entry) | {
        "undoneBy": [str(key) for key in found.undone_by],
        "events": [step(each) for each in found.steps],
        "conflicts": [_conflict(dict(row.values)) for row in found.conflicts],
    }


def cause(found: Cause) -> dict[str, Any]:
    """Everything held for one reason."""
    words = REASONS[listed(found.reason)]
    return {
        "cause": found.reason,
        "held": found.count,
        "amount": str(Money(found.cents)),
        "oldest": found.oldest.isoformat(timespec="minutes"),
        "billers": sorted(found.billers),
        "why": words.message,
        "whatToDo": words.action,
    }


def quarantined(item: Quarantined) -> dict[str, Any]:
    """One message that was set aside."""
    return {
        "queue": item.queue,
        "messageId": item.message_id,
        "at": item.at.isoformat(timespec="seconds"),
        "cause": item.reason,
        "detail": item.detail,
        "message": item.text,
    }


def _conflict(values: dict[str, Any]) -> dict[str, Any]:
    return {"messageId": values.get("messageId"), "amount": str(Money(values["cents"])), "at": values.get("at")}
