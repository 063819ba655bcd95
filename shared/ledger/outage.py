"""Tells one city that is down from all of them: when most breakers open together, the relay is what fails."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.entry import UPDATES
from shared.ledger.gate import Gate
from shared.ledger.gates import RELAY, Gates
from shared.vocabulary import events

FEWEST: Final = 3
"""Fewer open breakers are cities, each with an event of its own."""
TOGETHER: Final = timedelta(minutes=15)
"""What one cause opens opens within this; a city that is down since Friday says nothing about the others."""


class Outage:
    """An outage is one event, and its end another, however often the app starts anew meanwhile."""

    def __init__(self, gates: Gates) -> None:
        """Keep what it reads."""
        self._gates = gates

    async def watch(self, busy: Collection[str], now: datetime) -> None:
        """Look at every biller's breaker; ``busy`` are the billers for whom something is due.

        Raises:
            Unavailable: the store does not answer.
        """
        gates = {lane: gate for lane, gate in (await self._gates.tell_all()).items() if _takes_payments(lane)}
        relay = gates.pop(RELAY, Gate())
        opened = {biller: gate.opened_at for biller, gate in gates.items() if gate.opened_at is not None}
        tried = set(busy) | set(filter(_takes_payments, self._gates.answered_lately())) | set(opened)
        together = _most_together(opened.values())
        down, since = together >= FEWEST and together * 2 > len(tried), relay.opened_at
        if down and since is None:
            events.emit("relay.down", events.ERROR, breakers=len(opened), of=len(tried))
            await self._gates.remember_outage(relay, now)
        if not down and since is not None:
            events.emit("relay.up", minutes=round((now - since).total_seconds() / 60))
            await self._gates.remember_outage(relay, None)


def _takes_payments(lane: str) -> bool:
    """A city's other lane says nothing that this one does not."""
    return not lane.endswith(UPDATES)


def _most_together(opened: Collection[datetime]) -> int:
    return max((sum(first <= each <= first + TOGETHER for each in opened) for first in opened), default=0)
