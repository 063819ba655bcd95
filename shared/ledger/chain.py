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

    def ended(self, due: Due) -> None:
        """A step is done: its entry is no longer on its way."""
        self._slots.ended(due.key)

    async def after_new(self, biller: str) -> list[Due]:
        """Who follows a message that came fresh from its queue: nobody, unless some were deferred lately."""
        return await self.after_waiting(biller) if self._slots.deferred_lately(biller) else []

    async def after_waiting(self, biller: str) -> list[Due]:
        """Of the biller's longest waiting entries one that is not yet on its way, or as many as its slots can take.

        Which ones is left to chance: another process frees its slot at the same moment and chooses among the same.
        """
        asked = self._slots.now()
        rows = await self._ledger.waiting(biller, _CANDIDATES)
        if not rows:
            self._slots.forget_deferral(biller, asked)
        waiting = {step.key: step for row in rows if (step := readable_step(row))}
        return [waiting[key] for key in self._slots.chain(biller, random.sample(list(waiting), len(waiting)))]
