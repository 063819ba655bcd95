"""What a portal is told: Caselle's balances, and what of them is already on its way."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.ledger.entry import State
from shared.open_items.gateway import Customer, Invoice
from shared.open_items.pending import Pending, PendingById
from shared.vocabulary.money import Amount, Money, SignedAmount


class StatementType(StrEnum):
    """How the city bills the customer."""

    OPEN_ITEM = "openItem"
    BALANCE_FORWARD = "balanceForward"


class InvoiceState(StrEnum):
    """Whether an invoice is still to be paid."""

    OPEN = "open"
    CLOSED = "closed"
    NOT_FOUND = "not_found"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel, populate_by_name=True)


class PendingPayment(_Record):
    """A payment that was taken and is not in Caselle yet; ``amount`` is its part in what it stands under."""

    payment_id: str
    state: State
    since: AwareDatetime
    amount: Amount


class _Asked(_Record):
    """About whom, and the moment from which on the answer holds."""

    biller_id: str
    customer_number: str
    as_of: AwareDatetime


class _Owed(_Record):
    """``collectable`` is ``balance`` without what is pending, never below zero."""

    balance: SignedAmount
    pending_amount: Amount
    pending_payments: tuple[PendingPayment, ...]
    collectable: Amount


class OpenItem(_Owed):
    """One invoice."""

    invoice_number: str
    description: str | None
    invoice_date: date | None
    due_date: date | None
    amount: SignedAmount


class OpenItems(_Owed, _Asked):
    """One customer, with all that is open. ``carried_balance`` only of a balance-forward customer, who has no items.

    What is pending here are all the customer's payments, those without allocations included.
    """

    customer_name: Annotated[str, Field(repr=False)]
    statement_type: StatementType
    carried_balance: SignedAmount | None
    open_items: tuple[OpenItem, ...]


class InvoiceAnswer(_Asked):
    """One invoice; ``item`` only where it is open."""

    invoice_number: str
    status: InvoiceState
    item: OpenItem | None


def open_items(biller: str, customer: Customer, pending: PendingById, as_of: AwareDatetime) -> OpenItems:
    """The customer, with every open invoice."""
    forward = customer.carries_forward
    return OpenItems(
        biller_id=biller,
        customer_number=customer.number,
        customer_name=customer.name,
        statement_type=StatementType.BALANCE_FORWARD if forward else StatementType.OPEN_ITEM,
        carried_balance=customer.balance if forward else None,
        # The carried balance holds a balance-forward customer's invoices already.
        open_items=() if forward else tuple(_item(each, pending) for each in customer.invoices if each.balance > 0),
        as_of=as_of,
        **_owed(customer.balance, [(each, each.amount) for each in pending.values()]),
    )


def one_invoice(invoice: Invoice | None, pending: PendingById) -> tuple[InvoiceState, OpenItem | None]:
    """How one invoice stands, and what is to be paid of it where it is open."""
    if invoice is None:
        return InvoiceState.NOT_FOUND, None
    return (InvoiceState.OPEN, _item(invoice, pending)) if invoice.balance > 0 else (InvoiceState.CLOSED, None)


def _item(invoice: Invoice, pending: PendingById) -> OpenItem:
    shares = [(each, each.shares[invoice.number]) for each in pending.values() if invoice.number in each.shares]
    return OpenItem(
        invoice_number=invoice.number,
        description=invoice.description,
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        amount=invoice.amount,
        **_owed(invoice.balance, shares),
    )


def _owed(balance: Money, pending: Iterable[tuple[Pending, Money]]) -> dict[str, Any]:
    """The fields of ``_Owed``; ``pending`` are payments, each with its part in this balance."""
    parts = list(pending)
    on_its_way = sum(part for _, part in parts)
    return {
        "balance": balance,
        "pending_amount": Money(on_its_way),
        "pending_payments": tuple(
            PendingPayment(payment_id=each.payment_id, state=each.state, since=each.since, amount=part)
            for each, part in parts
        ),
        "collectable": Money(max(0, balance - on_its_way)),
    }
