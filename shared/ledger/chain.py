"""Keeps a biller's waiting entries moving at the rate of its slots, not of the sweeper."""

from typing import Final

from shared.ledger.book import Ledger
from shared.ledger.due import Due, due_of_row
from shared.ledger.rows import key_of
from shared.ledger.slots import LocalSlots

_CANDIDATES: Final = 8


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
        """The biller's longest waiting entry that is not yet on its way, if any."""
        waiting = {key_of(row): row for row in await self._ledger.waiting(biller, _CANDIDATES)}
        chosen = self._slots.chain(list(waiting))
        return [due_of_row(waiting[chosen])] if chosen else []
