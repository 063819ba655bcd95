"""Removes what is older than it must be kept, from every table that holds it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.ledger.retention import Retention
from shared.reconciliation.control_totals import ControlTotals
from shared.vocabulary.clock import Clock

_YEAR: Final = 365.25
_MOST: Final = 1000
"""Of messages in quarantine, and of control totals, in one run."""

type RemoveQuarantined = Callable[[datetime, int], Awaitable[int]]
"""Removes messages that were set aside before an instant, at most so many."""


class Retain:
    """One run."""

    def __init__(
        self, ledger: Retention, quarantine: RemoveQuarantined, totals: ControlTotals, clock: Clock, years: int
    ) -> None:
        """``years``: how long state and events are kept."""
        self._ledger = ledger
        self._quarantine = quarantine
        self._totals = totals
        self._clock = clock
        self._years = years

    async def run(self, budget: float) -> None:
        """Remove for ``budget`` seconds.

        Raises:
            Unavailable: a store does not answer; the next run goes on.
        """
        before = self.before()
        await self._ledger.run(before, budget)
        await self._quarantine(datetime.combine(before, time(), UTC), _MOST)
        await self._totals.remove_before(before, _MOST)

    def before(self) -> date:
        """The first day that is still kept."""
        return (self._clock.now() - timedelta(days=_YEAR * self._years)).date()
