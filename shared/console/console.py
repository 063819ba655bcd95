"""The console's three pages: whoever looks is recorded, what is shown is read, and the page is rendered."""

from dataclasses import dataclass
from datetime import date

from shared.billers.registry import BillerRegistry
from shared.console.access import Person
from shared.console.biller_page import biller_page
from shared.console.entry_page import entry_page
from shared.console.one_biller import view_biller
from shared.console.one_entry import view_entry
from shared.console.stamp import Tokens, view_stamp
from shared.console.stamp_page import stamp_page
from shared.console.views import Recorder
from shared.ledger.entry import Key
from shared.ledger.store import LedgerStore


@dataclass(frozen=True, slots=True)
class Console:
    """Pages as HTML.

    Every method raises ``Unavailable`` where a store does not answer or the look could not be recorded, and
    ``Misconfigured`` where a biller's record breaks the rules.
    """

    store: LedgerStore
    registry: BillerRegistry
    tokens: Tokens
    record: Recorder

    async def stamp(self, person: Person) -> str:
        """All billers."""
        await self.record(person, "stamp")
        return stamp_page(await view_stamp(self.store, self.registry, self.tokens), person)

    async def biller(self, person: Person, biller_id: str, day: date | None) -> str | None:
        """One biller on one of its days (None: the present one), or None where there is none of this id."""
        await self.record(person, biller_id)
        view = await view_biller(self.store, self.registry, self.tokens, biller_id, day)
        return biller_page(view, person) if view else None

    async def entry(self, person: Person, key: Key) -> str | None:
        """One payment, or what undoes one; None where the ledger does not know it."""
        await self.record(person, str(key))
        view = await view_entry(self.store, self.registry, key)
        return entry_page(view, person) if view else None
