"""Two readings of one list: whether the second still shows what the first one did."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from shared.ledger.look import Look
from shared.payments.evidence.shown import Reading, day_of
from shared.payments.gateway import Receipt

_MARGIN = timedelta(minutes=2)
"""Receipts made in the last moments of a reading may not be in it."""


def look_at(reading: Reading, attempt: int, lag: timedelta) -> Look:
    """What of a reading must be the same in the next: everything older than the list's lag, by its own clock."""
    newest = max((each.created_at for each in reading.receipts), default=reading.at)
    until = newest - lag - _MARGIN
    return Look(
        at=reading.at,
        attempt=attempt,
        first=reading.first,
        until=until,
        digest=_digest(reading.receipts, reading.first, until),
    )


def agrees(look: Look, reading: Reading) -> bool:
    """Whether a reading that begins no later shows the same."""
    return _digest(reading.receipts, look.first, look.until) == look.digest


def _digest(receipts: Iterable[Receipt], first: date, until: datetime) -> str:
    """Of the receipts in any order."""
    lines = sorted(
        f"{each.receipt_number}|{each.reference}|{int(each.amount)}|{each.live}"
        for each in receipts
        if day_of(each) >= first and each.created_at <= until
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
