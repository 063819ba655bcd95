"""A city's cash receipting over cr0; implements ``shared.payments.gateway.CashReceipting``."""

from datetime import date
from typing import Any, Final

from shared.billers.model import Biller
from shared.caselle import create_receipt, customer, receipt, void_receipt
from shared.caselle.client import CaselleClient
from shared.ledger.answer import Answer
from shared.payments.evidence.shown import is_same_number
from shared.payments.gateway import Receipt, ReceiptOrder
from shared.vocabulary.errors import Unavailable

MOST_PAGES: Final = 500
"""Of one question: 100,000 receipts in a few days are no city's, but a cursor that goes in circles."""


class CaselleCashReceipting:
    """Creates, voids and reads receipts."""

    def __init__(self, client: CaselleClient) -> None:
        """Keep what carries the calls."""
        self._client = client

    async def create_receipt(self, biller: Biller, order: ReceiptOrder) -> Answer:
        """Make one receipt; every failure is an answer, only cancellation is raised."""
        given = create_receipt.variables(order)
        return await self._client.write(biller, create_receipt.OPERATION, given, create_receipt.answer)

    async def void_receipt(self, biller: Biller, receipt_number: str, reason: str) -> Answer:
        """Void one receipt; every failure is an answer, only cancellation is raised."""
        given = void_receipt.variables(receipt_number, reason)
        return await self._client.write(
            biller, void_receipt.OPERATION, given, lambda reply: void_receipt.answer(reply, receipt_number)
        )

    async def receipts(self, biller: Biller, first: date, last: date) -> list[Receipt]:
        """Every receipt dated from ``first`` to ``last``, all pages; from the day before, pages are of another size.

        Raises:
            Unavailable: no answer, or not a complete one.
        """
        size = receipt.PAGE_SIZES[first.toordinal() % 2]
        return await self._all(biller, receipt.of_days(first, last), size)

    async def receipt(self, biller: Biller, receipt_number: str) -> list[Receipt]:
        """Every receipt of this number, in whatever form; others that a server may show beside it are left out.

        Raises:
            Unavailable: no answer, or not a complete one.
        """
        found = await self._all(biller, receipt.of_number(receipt_number), receipt.MOST_IN_PAGE)
        return [each for each in found if is_same_number(each.receipt_number, receipt_number)]

    async def _all(self, biller: Biller, wanted: dict[str, Any], size: int) -> list[Receipt]:
        found: list[Receipt] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            reply = await self._client.call(biller, receipt.OPERATION, receipt.variables(wanted, after, size))
            page, after = receipt.page(reply)
            found += page
            if after is None:
                return found
        raise Unavailable("the receipt query does not end")

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        """Whether the city's server answers a harmless read."""
        try:
            reply = await self._client.call(biller, customer.OPERATION, customer.variables(customer_number))
        except Unavailable:
            return False
        return customer.answered(reply)
