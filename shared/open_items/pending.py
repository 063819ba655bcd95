"""Payments of a customer whose money was taken and that are not in Caselle yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.ledger.entry import SETTLED, Entry, Kind, State
from shared.ledger.unfinished import Unfinished
from shared.payments.message import stored
from shared.vocabulary.money import Money

APPLICATION: Final = "AR"
"""The one that is asked about; utility customers have numbers of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One such payment; ``shares`` by invoice number, empty where it names no invoices."""

    payment_id: str
    state: State
    since: datetime
    amount: Money
    shares: Mapping[str, Money]


type PendingById = Mapping[str, Pending]


async def pending_of(unfinished: Unfinished, biller: str, customer_number: str) -> PendingById:
    """A customer's pending payments by id, longest waiting first.

    Raises:
        Unavailable: the ledger does not answer.
    """
    entries = await unfinished.of(biller, Kind.PAYMENT, customer_number)
    return {each.payment_id: each for each in _pending(entries)}


def _pending(entries: Iterable[Entry]) -> Iterable[Pending]:
    for entry in sorted(entries, key=lambda each: each.received_at):
        message = stored(entry.message)
        finished = entry.state in SETTLED - {State.HELD}
        if finished or message.application != APPLICATION:
            continue
        yield Pending(
            payment_id=entry.key.id,
            state=entry.state,
            since=entry.received_at,
            amount=Money(entry.cents),
            shares=_shares((each.invoice_number, each.amount) for each in message.allocations or ()),
        )


def _shares(allocations: Iterable[tuple[str, Money]]) -> Mapping[str, Money]:
    """One invoice may stand in two lines."""
    shares: dict[str, Money] = {}
    for invoice, amount in allocations:
        shares[invoice] = Money(shares.get(invoice, 0) + amount)
    return shares
