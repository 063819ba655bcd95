"""Whether a biller that is normally busy has gone silent."""

from collections import Counter
from datetime import date, timedelta
from typing import Final

from shared.billers.model import Biller
from shared.ledger.entry import Kind
from shared.ledger.reading import Reader

WEEKS: Final = 4
BUSY: Final = 5
"""Payments on the same weekday of each of the weeks before: fewer are no habit."""
_BEFORE: Final = timedelta(days=2)
_BEHIND: Final = timedelta(days=7)
"""A payment's deposit follows within days of the day it came, over weekends and holidays; seldom it came later."""
_DAY: Final = timedelta(days=1)


async def silent(reader: Reader, biller: Biller, day: date) -> bool:
    """Whether nothing came on this day, and several payments on this weekday of each of the weeks before.

    Raises:
        Unavailable: the store does not answer.
    """
    if await _came(reader, biller, day):
        return False
    weeks = [await _came(reader, biller, day - timedelta(weeks=number)) for number in range(1, WEEKS + 1)]
    return min(weeks) >= BUSY


async def _came(reader: Reader, biller: Biller, day: date) -> int:
    """Payments that were received on a day of the biller's calendar."""
    counted: Counter[date] = Counter()
    booked = day - _BEFORE
    while booked <= day + _BEHIND:
        for row in await reader.booked(biller.biller_id, booked):
            counted[row.received_at.astimezone(biller.zone).date()] += row.key.kind is Kind.PAYMENT
        booked += _DAY
    return counted[day]
