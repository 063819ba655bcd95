"""Keeps a biller's waiting entries moving at the rate of its slots, not of the sweeper."""

import random
from typing import Final

from shared.ledger.book import Ledger
from shared.ledger.due import Due, readable_step
from shared.ledger.slots import LocalSlots

_CANDIDATES: Final = 16


class Chain:
    """Finds who goes next when a slot has come free."""

    def __init__(self, ledger: Ledger, slots: LocalSlots) -> None:
        """Keep what it asks."""
        self._ledger = ledger
        self._slots = slots

    def arrived(self, due: Due) -> None:
        """A step came in: its entry is no longer on its way."""
        self._slots.arrived(due.key)

    async def after_new(self, biller: str) -> list[Due]:
        """Who follows a message that came fresh from its queue: nobody, unless some were deferred lately."""
        return await self.after_waiting(biller) if self._slots.deferred_lately(biller) else []

    async def after_waiting(self, biller: str) -> list[Due]:
        """One of the biller's longest waiting entries that is not yet on its way, if any.

        Which one is left to chance: another process frees its slot at the same moment and chooses among the same.
        """
        rows = await self._ledger.waiting(biller, _CANDIDATES)
        waiting = {step.key: step for row in rows if (step := readable_step(row))}
        chosen = self._slots.chain(random.sample(list(waiting), len(waiting)))
        return [waiting[chosen]] if chosen else []
