"""The page of one payment, or of what undoes one: how it stands, what to do, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry
from shared.console.one_biller import Call, calls_of
from shared.exchange.result import ReasonText, result_of
from shared.ledger.entry import Entry, Key, State
from shared.ledger.reading import Reader
from shared.ledger.store import LedgerStore
from shared.repair.find import fields_of
from shared.repair.history import History, history_of
from shared.repair.ways_out import Way, ways_out


@dataclass(frozen=True, slots=True)
class EntryView:
    """All of one entry's page; nothing of who paid but the customer's number."""

    at: datetime
    biller: Biller | None
    history: History
    reason: ReasonText | None
    calls: Sequence[Call]
    ways: Sequence[Way]
    tender: str
    deposit: str
    confirmation: str

    @property
    def entry(self) -> Entry:
        """As it stands now."""
        return self.history.entry


async def view_entry(store: LedgerStore, registry: BillerRegistry, key: Key) -> EntryView | None:
    """One entry's page, or None where the ledger does not know it.

    Raises:
        Unavailable: a store does not answer.
    """
    reader = Reader(store)
    found = [entry async for entry in reader.each([key])]
    if not found:
        return None
    entry, now = found[0], store.now()
    history = await history_of(entry, reader)
    biller, message = await registry.get(key.biller), fields_of(entry)
    reason = result_of(entry, now).reason
    acts = reason.action if reason and entry.state is State.HELD else ""
    return EntryView(
        at=now,
        biller=biller,
        history=history,
        reason=reason,
        calls=calls_of(acts, biller.contacts) if biller else [],
        ways=ways_out(entry, now),
        tender=str(message.get("tender") or ""),
        deposit=str(message.get("depositId") or ""),
        confirmation=str(message.get("confirmationNumber") or ""),
    )
