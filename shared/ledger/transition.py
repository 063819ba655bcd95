"""One state change is one transaction; which rows it touches follows from the entry before and after."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.store import ANY, NO_VALUES, Change, Delete, Insert, Replace, Value, Values

S = State
FIRST: Final = 1
"""Version of an entry that just began; of a payment that a void forestalled it is the void's event."""

MERGED: Final = "merged"
"""Property of an event that is no step of its own home's."""

TRANSITIONS: Final[Mapping[State | None, frozenset[State]]] = MappingProxyType(
    {
        None: frozenset({S.RECEIVED, S.WAITING, S.SENDING, S.UNKNOWN, S.HELD, S.SKIPPED, S.NOT_POSTED}),
        S.WAITING: frozenset({S.WAITING, S.RECEIVED, S.SENDING, S.POSTED, S.HELD, S.NOT_POSTED}),
        S.RECEIVED: frozenset({S.RECEIVED, S.WAITING, S.SENDING, S.UNKNOWN, S.HELD, S.POSTED, S.NOT_POSTED, S.SKIPPED}),
        S.SENDING: frozenset({S.RECEIVED, S.POSTED, S.UNKNOWN, S.HELD}),
        S.UNKNOWN: frozenset({S.UNKNOWN, S.POSTED, S.RECEIVED, S.HELD, S.NOT_POSTED}),
        S.HELD: frozenset({S.RECEIVED, S.POSTED, S.NOT_POSTED, S.HELD}),
        S.POSTED: frozenset({S.REVERSED, S.POSTED, S.RECEIVED, S.HELD}),
        S.REVERSED: frozenset({S.REVERSED}),
        S.NOT_POSTED: frozenset({S.HELD}),
        S.SKIPPED: frozenset({S.HELD}),
    }
)
"""What may follow what.

``received`` and ``held`` become ``posted`` by a person, by evidence, or by a late answer to the attempt. What leaves
long after its absence was proved is asked about once more, and ``unknown`` where nothing is concluded. A payment that a
lost ledger may have posted begins as ``unknown``. ``posted`` becomes ``received`` by a person, where the peer lost it.
What a person ended wrongly is held again by a person, and what shadow mode skipped if it was paid after going live.
"""


def changes(before: Entry | None, after: Entry, at: datetime, note: Values = NO_VALUES) -> list[Change]:
    """The transaction that leads from ``before`` (None: not there yet) to ``after``; ``note`` is kept with its event.

    The state row comes first, so that a repeated first message fails on it and on nothing else.

    Raises:
        ValueError: a transition that the table does not allow.
    """
    if after.state not in TRANSITIONS[before.state if before else None]:
        raise ValueError(f"{before and before.state} -> {after.state} is no transition")
    event = Insert(rows.event_key(after.key, after.version), {**_event(before, after, at), **note})
    return [_state(before, after), event, *_moved(before, after), *_bound(before, after, at, by_person="by" in note)]


def forestalls(void: Entry, at: datetime) -> Insert:
    """Takes the first event of a payment that has not come yet, so that it cannot begin as if there were no void."""
    payment = Key(void.key.biller, Kind.PAYMENT, void.reverses or "")
    first = {"was": "", "state": "", "forestalled_by": void.key.id, "at": at.isoformat(timespec="milliseconds")}
    return Insert(rows.event_key(payment, FIRST), first)


def tidied(before: Entry, after: Entry) -> list[Change]:
    """The transaction that drops or moves an open row and changes nothing that is reported."""
    return [_state(before, after), *_moved(before, after)]


def moved_in(entry: Entry) -> list[Change]:
    """The transaction that brings an entry from another table: its state row, its day, and its open or held row."""
    return [_state(None, entry), *_booked(entry), *_moved(None, entry)]


def merging(before: Entry, after: Entry, at: datetime) -> Insert:
    """The event by which an entry of the old home takes the place of what the new home made of its message."""
    note: Values = {MERGED: True, "by": "biller move", "why": "the old home knew more of it"}
    return Insert(rows.event_key(after.key, after.version), {**_event(before, after, at), **note})


def _state(before: Entry | None, after: Entry) -> Change:
    key = rows.state_key(after.key)
    values = rows.entry_values(after)
    return Replace(key, values, before.etag) if before else Insert(key, values)


def _moved(before: Entry | None, after: Entry) -> list[Change]:
    """Deletes what no longer holds, inserts what now does: open row, held row, slot; the state row guards them."""
    old = _positions(before) if before else {}
    new = _positions(after) | (_closed_slot(before, after) if before else {})
    gone = [Delete(key) for key in old if key not in new]
    kept = [Replace(key, values, ANY) for key, values in new.items() if key in old and old[key] != values]
    come = [Insert(key, values) for key, values in new.items() if key not in old]
    return [*gone, *kept, *come]


def _closed_slot(before: Entry, after: Entry) -> dict[str, Values]:
    """A send that ended unknown leaves its slot closed; the gate opens it."""
    if before.slot is None or not after.in_doubt:
        return {}
    return {rows.slot_key(before.lane, before.slot): {"biller": before.key.biller, rows.CLOSED: True}}


def _positions(entry: Entry) -> dict[str, Values]:
    named = _named(entry.key)
    found: dict[str, Values] = {}
    # By the customer, what is still to be posted is found without an index of its own.
    listed = {**named, "customer": entry.customer_number}
    if entry.due is not None:
        queue = rows.queue_of(entry.lane, entry.state)
        received_at = entry.received_at.isoformat(timespec="milliseconds")
        found[rows.open_key(entry.due, entry.key)] = {
            **listed,
            "version": entry.version,
            "queue": queue,
            "received_at": received_at,
        }
    if entry.held_at is not None:
        held: Values = {**listed, "reason": entry.reason or "", "cents": entry.cents}
        found[rows.held_key(entry.held_at, entry.key)] = held
    if entry.slot is not None:
        found[rows.slot_key(entry.lane, entry.slot)] = named
    if entry.subject is not None and entry.state in {S.SENDING, S.UNKNOWN}:
        # One that may still land must not land on top of a newer one.
        found[rows.subject_key(entry.key, entry.subject)] = named
    return found


def _bound(before: Entry | None, after: Entry, at: datetime, *, by_person: bool) -> list[Change]:
    """What belongs to one entry for ever: its reference, its receipt, its day, and when money moved."""
    named = {"key": str(after.key)}
    bound: list[Change] = []
    if before is None and after.reference:
        bound.append(Insert(rows.reference_key(after.key.biller, after.reference), named))
    if before is None:
        bound += _booked(after)
    if after.state is not State.POSTED or (before is not None and before.state is State.POSTED):
        return bound
    if after.receipt_number and after.reverses is None:
        bound.append(Insert(rows.receipt_key(after.key.biller, after.receipt_number), named))
    if after.cents:
        moved: Values = {**_named(after.key), "cents": after.cents, **_vouching(after, by_person=by_person)}
        bound.append(Insert(rows.posted_key(at, after.key), moved))
    return bound


def _vouching(after: Entry, *, by_person: bool) -> dict[str, Value]:
    """What lets a payment vouch for others: what a person resolved may be in the list without its reference."""
    if by_person or after.key.kind is not Kind.PAYMENT or not after.channel:
        return {}
    sent_at = after.sent_at or after.received_at
    return {
        "channel": after.channel,
        "reference": after.reference,
        "dated": after.posting_date,
        "receipt_number": after.receipt_number or "",
        "sent_at": sent_at.isoformat(timespec="milliseconds"),
        "first_sent_at": (after.first_sent_at or sent_at).isoformat(timespec="milliseconds"),
        "attempts": after.attempt,
    }


def _booked(entry: Entry) -> list[Change]:
    """The row in its day's list; what was reduced long ago has none any more."""
    if not entry.booked_on:
        return []
    received_at = entry.received_at.isoformat(timespec="milliseconds")
    return [Insert(rows.day_key(entry.booked_on, entry.key), {**_named(entry.key), "received_at": received_at})]


def _named(key: Key) -> dict[str, str]:
    return {"biller": key.biller, "kind": str(key.kind), "id": key.id}


def _event(before: Entry | None, after: Entry, at: datetime) -> Values:
    values: dict[str, str | int] = {
        "was": str(before.state) if before else "",
        "state": str(after.state),
        "attempt": after.attempt,
        "nonce": after.nonce,
        "at": at.isoformat(timespec="milliseconds"),
    }
    optional = {"reason": after.reason, "receipt_number": after.receipt_number}
    return values | {name: value for name, value in optional.items() if value}
