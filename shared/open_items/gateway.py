"""The port to a city's accounts receivable."""

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from shared.billers.model import Biller
from shared.vocabulary.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice; ``balance`` is what is left of ``amount`` to be paid, below zero where it was overpaid."""

    number: str
    description: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer. ``carries_forward``: has one carried balance instead of open invoices."""

    number: str
    name: str = field(repr=False)
    balance: Money
    carries_forward: bool
    invoices: tuple[Invoice, ...]


class AccountsReceivable(Protocol):
    """A city's accounts receivable; every method raises ``Unanswered``, unknown customers included."""

    async def customer(self, biller: Biller, customer_number: str) -> Customer:
        """The customer, with all open invoices."""
        ...

    async def invoice(self, biller: Biller, customer_number: str, invoice_number: str) -> Invoice | None:
        """One invoice of the customer, open or not; None where the customer has none of that number."""
        ...
