"""Tells one city that is down from all of them: when most breakers open together, the relay is what fails."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.entry import UPDATES
from shared.ledger.gates import Gates
from shared.vocabulary import events

FEWEST: Final = 3
"""Fewer open breakers are cities, each with an event of its own."""
TOGETHER: Final = timedelta(minutes=15)
"""What one cause opens opens within this; a city that is down since Friday says nothing about the others."""


class Outage:
    """Remembers whether it was told: an outage is one event, and its end another."""

    def __init__(self, gates: Gates) -> None:
        """Keep what it reads; nothing is down yet."""
        self._gates = gates
        self._since: datetime | None = None

    async def watch(self, busy: Collection[str], now: datetime) -> None:
        """Look at every biller's breaker, unless all is quiet; ``busy`` are the billers for whom something is due.

        Raises:
            Unavailable: the store does not answer.
        """
        if len(busy) < FEWEST and self._since is None:
            return
        opened = {lane: at for lane, at in (await self._gates.open_breakers()).items() if _takes_payments(lane)}
        tried = set(busy) | set(filter(_takes_payments, self._gates.answered_lately())) | set(opened)
        together = _most_together(opened.values())
        down = together >= FEWEST and together * 2 > len(tried)
        if down and self._since is None:
            events.emit("relay.down", events.ERROR, breakers=len(opened), of=len(tried))
        if not down and self._since is not None:
            events.emit("relay.up", minutes=round((now - self._since).total_seconds() / 60))
        self._since = (self._since or now) if down else None


def _takes_payments(lane: str) -> bool:
    """A city's other lane says nothing that this one does not."""
    return not lane.endswith(UPDATES)


def _most_together(opened: Collection[datetime]) -> int:
    return max((sum(first <= each <= first + TOGETHER for each in opened) for first in opened), default=0)
