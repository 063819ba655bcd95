"""The next version of an entry that is sent, or left to wait. Decides only; writes nothing."""

import random
from datetime import date, datetime, timedelta
from typing import Final

from shared.ledger.entry import Entry, State, Wait
from shared.ledger.gate import Gate
from shared.ledger.times import Times, nth

_PASSING: Final = frozenset({"breaker_open", "probe_first", "throttled"})
"""Why a gate is closed that opens by itself."""


def claimed(entry: Entry, slot: int, now: datetime, times: Times) -> Entry:
    """As it is while it is sent: one more attempt, under a lease."""
    until = now + timedelta(seconds=times.lease)
    sending = entry._replace(state=State.SENDING, attempt=entry.attempt + 1, sent_at=now, slot=slot, held_at=None)
    sending = sending._replace(lease_until=until, due=until, wait=Wait.LEASE, reason=None, detail=None)
    return _dated(sending._replace(refused_with=None, first_sent_at=entry.first_sent_at or now), now.date())


def waiting(entry: Entry, now: datetime, times: Times) -> Entry:
    """As it waits for a slot."""
    due = now + timedelta(seconds=times.slot_retry)
    return entry._replace(state=State.RECEIVED, due=due, wait=Wait.SLOT)


def deferred(entry: Entry, gate: Gate, now: datetime, times: Times) -> Entry:
    """As it waits for the gate: as long as its breaker says, with jitter, otherwise as backoff says."""
    closed_by = gate.closed_for(entry.channel, entry.posting_date, now)
    if closed_by is not None and closed_by not in _PASSING:
        return backed_off(entry, closed_by, now, times)
    due = now
    if closed_by is not None:
        jitter = times.backoff[0] if gate.is_open else times.gate_cache
        due = gate.closed_until(now) + timedelta(seconds=random.uniform(0, jitter))
    return entry._replace(state=State.RECEIVED, due=due, wait=Wait.BACKOFF, reason=closed_by or "probe_first")


def backed_off(entry: Entry, reason: str, now: datetime, times: Times) -> Entry:
    """As it waits after a failure that sent nothing, longer each time."""
    due = now + timedelta(seconds=nth(times.backoff, entry.backoffs) * random.uniform(0.8, 1.2))
    back = entry._replace(state=State.RECEIVED, slot=None, lease_until=None, backoffs=entry.backoffs + 1)
    return back._replace(due=due, wait=Wait.BACKOFF, reason=reason)


def recalled(entry: Entry) -> Entry:
    """As one whose latest attempt certainly had no effect; what was shown of earlier ones still stands."""
    return entry._replace(recalled=entry.recalled + 1)


def never_left(entry: Entry) -> Entry:
    """As one whose latest attempt did not begin: where no other came before it, none has."""
    return entry._replace(first_sent_at=None) if entry.first_sent_at == entry.sent_at else entry


def _dated(entry: Entry, made: date) -> Entry:
    """With all days that an attempt was made or dated on; days of UTC, which are read with one to spare."""
    days = sorted(day for day in (entry.first_day, entry.last_day, entry.posting_date, made.isoformat()) if day)
    dated = min(day for day in (entry.first_dated, entry.posting_date) if day) if entry.posting_date else ""
    return entry._replace(first_day=days[0], last_day=days[-1], first_dated=dated)
