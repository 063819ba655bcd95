"""What the ledger keeps of one customer: handed out, and erased. Ids, amounts and fingerprints stay."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.exchange.quarantine import Quarantined, readable
from shared.ledger.book import Ledger
from shared.ledger.entry import SETTLED, Entry, State
from shared.ledger.errors import Moved
from shared.ledger.reading import Reader
from shared.ledger.rows import entry_values
from shared.repair.decision import NotAllowed
from shared.repair.find import fields_of
from shared.repair.replay import Shelf

ERASED: Final = "erased"
"""Stands where a customer's number was."""

_KEPT: Final = frozenset(
    {
        *("schemaVersion", "environment", "billerId", "application", "tender", "amount", "convenienceFee"),
        *("paymentId", "rejectId", "reversalId", "changeId", "eventId", "representsPaymentId", "confirmationNumber"),
        *("paidAt", "settlementDate", "depositId", "returnCode", "returnedOn", "type", "occurredOn"),
        *("change", "changedAt", "effectiveOn", "registeredAt"),
    }
)
"""Fields of a message that say what was paid, not by whom."""


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What must be settled before a customer can be erased."""

    entries: Sequence[Entry]
    quarantined: Sequence[Quarantined]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.entries or self.quarantined)


class PersonalData:
    """Everything of one customer of one biller. Every method raises ``Unavailable`` where the store does not answer."""

    def __init__(self, ledger: Ledger, reader: Reader, shelf: Shelf) -> None:
        """Keep what it reads and writes."""
        self._ledger = ledger
        self._reader = reader
        self._shelf = shelf

    async def export(self, biller: str, customer: str) -> list[dict[str, Any]]:
        """Every entry as JSON: its state row, message, events, and other messages under its id."""
        found = []
        for entry in await self._entries(biller, customer):
            kept = {name: value for name, value in entry_values(entry).items() if name != "message"}
            steps = [dict(row.values) for row in await self._reader.events_of(entry.key)]
            conflicts = [dict(row.values) for row in await self._reader.conflicts_of(entry.key)]
            found.append({**kept, "message": fields_of(entry), "events": steps, "conflicts": conflicts})
        return found

    async def obstacles(self, biller: str, customer: str) -> Obstacles:
        """What is not settled yet.

        A masked message in quarantine does not tell whose it is, so each of the biller's counts, and each that names
        no biller.
        """
        open_ = [each for each in await self._entries(biller, customer) if not _settled(each)]
        quarantined = [
            item async for item in self._shelf.unresolved() if readable(item.text).get("billerId", biller) == biller
        ]
        return Obstacles(open_, quarantined)

    async def erase(self, biller: str, customer: str) -> int:
        """Erase the customer; how many entries it were.

        Raises:
            NotAllowed: something is not settled yet, or an entry changed meanwhile; what was erased stays erased.
        """
        if await self.obstacles(biller, customer):
            raise NotAllowed("Something of this customer is not settled yet.")
        entries = await self._entries(biller, customer)
        for entry in entries:
            await self._erase(entry)
        return len(entries)

    async def _entries(self, biller: str, customer: str) -> list[Entry]:
        """The customer's own, and what undoes them."""
        own = [each async for each in self._reader.entries(biller, {"customer_number": customer})]
        ids = {each.key.id for each in own}
        undoing = [each async for each in self._reader.entries(biller) if ids and each.reverses in ids]
        return [*own, *undoing]

    async def _erase(self, entry: Entry) -> None:
        """Conflicts first: once the entry itself is erased, nobody finds them by the customer any more."""
        for row in await self._reader.conflicts_of(entry.key):
            await self._ledger.reword_conflict(entry.key.biller, row, {**row.values, "customer_number": ERASED})
        try:
            await self._ledger.tidy(entry, without_person(entry))
        except Moved:
            raise NotAllowed(f"{entry.key.kind} {entry.key.id} changed meanwhile; do it again.") from None


def without_person(entry: Entry) -> Entry:
    """The entry with nothing that tells whose it was; its message can still be read."""
    fields = fields_of(entry)
    kept = {name: value for name, value in fields.items() if name in _KEPT}
    if "customerNumber" in fields:
        kept["customerNumber"] = ERASED
    customer = ERASED if entry.customer_number else ""
    nobody = entry._replace(customer_number=customer, subject=None, message=json.dumps(kept).encode())
    return nobody._replace(detail=None, by_hand=None, afterwards=None)


def _settled(entry: Entry) -> bool:
    return entry.state in SETTLED - {State.HELD}
