"""The city's open invoices over ar0: what ``Balances`` is at a stamp."""

from typing import TYPE_CHECKING, Final

from admin.invoices.balances import Owing
from shared.billers.model import Biller
from shared.open_items.gateway import AccountsReceivable
from shared.open_items.unanswered import Trouble, Unanswered

if TYPE_CHECKING:
    from admin.stamp import Stamp

_SECONDS: Final = 10.0
"""For one customer."""


class CaselleBalances:
    """One biller's accounts receivable."""

    def __init__(self, receivable: AccountsReceivable, biller: Biller) -> None:
        self._receivable = receivable
        self._biller = biller

    async def open_invoices(self, customer_number: str) -> Owing | None:
        """What the customer owes; None: Caselle has no such customer. Raises ``Unanswered``."""
        try:
            found = await self._receivable.customer(self._biller, customer_number)
        except Unanswered as error:
            if error.trouble is Trouble.NOT_FOUND:
                return None
            raise
        cents = {invoice.number: int(invoice.balance) for invoice in found.invoices}
        return Owing(cents, carries_forward=found.carries_forward)


def balances_of(stamp: "Stamp", biller: Biller) -> CaselleBalances:
    """Questions to the biller's city, with the token that serves its payments."""
    return CaselleBalances(stamp.caselle.receivable(_SECONDS), biller)
