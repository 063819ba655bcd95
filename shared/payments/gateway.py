"""The port to a city's cash receipting."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from shared.billers.model import Biller
from shared.ledger.answer import Answer
from shared.vocabulary.money import Money


@dataclass(frozen=True, slots=True)
class Share:
    """What one invoice gets."""

    invoice_number: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptOrder:
    """One receipt to be made; codes and numbers are text."""

    customer_number: str
    category_code: str
    distribution_code: str
    payment_code: str
    amount: Money
    receipt_date: date
    reference: str
    payer: str | None = field(default=None, repr=False)
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One receipt as the city's server shows it. ``voided``: or refunded; in a state we do not know, neither.

    What a list does not show is None. ``created_at`` is by the city's own clock.
    """

    receipt_number: str
    reference: str | None
    amount: Money
    live: bool
    voided: bool
    created_at: datetime
    dated: date | None = None
    memo: str | None = None
    user: str | None = None


class CashReceipting(Protocol):
    """A city's cash receipting."""

    async def create_receipt(self, biller: Biller, order: ReceiptOrder) -> Answer:
        """Make one receipt; every failure is an answer, only cancellation is raised."""
        ...

    async def void_receipt(self, biller: Biller, receipt_number: str, reason: str) -> Answer:
        """Void one receipt; ``Accepted`` where it was void already. Only cancellation is raised."""
        ...

    async def receipts(self, biller: Biller, first: date, last: date) -> list[Receipt]:
        """Every receipt dated from ``first`` to ``last``, all pages; from the day before, pages are of another size.

        Raises:
            Unavailable: no answer, or not a complete one.
        """
        ...

    async def receipt(self, biller: Biller, receipt_number: str) -> list[Receipt]:
        """Every receipt of this number.

        Raises:
            Unavailable: no answer, or not a complete one.
        """
        ...

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        """Whether a harmless read is answered."""
        ...
