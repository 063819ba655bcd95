"""One day of one biller, per tender: what was posted, what went back, and what that leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.billers.model import Biller
from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.reading import Reader
from shared.ledger.store import LedgerStore, Row
from shared.reconciliation.day_report import Total
from shared.repair.find import fields_of

MOST_READ: Final = 1000
"""Entries read for one day: where there were more, the figures say "at least"."""

_WERE_POSTED: Final = frozenset({State.POSTED, State.REVERSED})


@dataclass(slots=True)
class Tender:
    """One tender's figures."""

    posted: Total = field(default_factory=Total)
    went_back: Total = field(default_factory=Total)

    @property
    def net(self) -> int:
        """Cents."""
        return self.posted.cents - self.went_back.cents


@dataclass(frozen=True, slots=True)
class DayFigures:
    """By tender. ``at_least``: there was more than could be read."""

    tenders: Mapping[str, Tender]
    at_least: bool


async def tender_figures(store: LedgerStore, biller: Biller, posted: Sequence[Row]) -> DayFigures:
    """The figures of what came to be at Caselle on one day.

    Raises:
        Unavailable: the store does not answer.
    """
    reader = Reader(store)
    entries = [entry async for entry in reader.each([rows.key_in(row.key) for row in posted[:MOST_READ]])]
    undone = [Key(biller.biller_id, Kind.PAYMENT, entry.reverses) for entry in entries if entry.reverses]
    payments = {entry.key.id: entry async for entry in reader.each(undone)}
    tenders: dict[str, Tender] = {}
    for entry in entries:
        _take(tenders, entry, payments)
    return DayFigures(dict(sorted(tenders.items())), at_least=len(posted) > MOST_READ)


def _take(tenders: dict[str, Tender], entry: Entry, payments: Mapping[str, Entry]) -> None:
    if entry.key.kind is Kind.PAYMENT:
        tenders.setdefault(tender_of(entry), Tender()).posted.add(entry.cents)
        return
    payment = payments.get(entry.reverses or "")
    # A void that came before its payment was sent moved no money.
    if payment is not None and payment.state in _WERE_POSTED:
        won = fields_of(entry).get("type") == "chargeback_won"
        tenders.setdefault(tender_of(payment), Tender()).went_back.add(-entry.cents if won else entry.cents)


def tender_of(payment: Entry) -> str:
    """How it was paid; of one so old that its message is gone, nothing."""
    return str(fields_of(payment).get("tender") or "")
