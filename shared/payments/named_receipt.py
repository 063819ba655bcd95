"""Whether a receipt that a person names can be a payment's, as far as Caselle can be asked."""

from shared.billers import capabilities
from shared.billers.registry import BillerRegistry
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry
from shared.payments.evidence.shown import Shown
from shared.payments.gateway import CashReceipting, Receipt
from shared.vocabulary.errors import Unavailable


class NamedReceipt:
    """Asks for one number."""

    def __init__(self, billers: BillerRegistry, receipting: CashReceipting, ledger: Ledger) -> None:
        """Keep what it reads."""
        self._billers = billers
        self._receipting = receipting
        self._ledger = ledger

    async def objection(self, entry: Entry, number: str) -> str | None:
        """Why it cannot be this payment's, in words, or None.

        Raises:
            Unavailable: Caselle cannot be asked here, or not now.
        """
        biller = await self._billers.get(entry.key.biller)
        if biller is None or not capabilities.can_query_receipts(biller):
            raise Unavailable("Caselle cannot be asked here")
        shown = await self._receipting.receipt(biller, number)
        live = [each for each in shown if each.live]
        if not live:
            return f"Caselle shows receipt {number} as void." if shown else f"Caselle shows no receipt {number}."
        if all(int(each.amount) != entry.cents for each in live):
            return f"Receipt {number} is of {live[0].amount}."
        return await self._of_another(entry, live[0])

    async def _of_another(self, entry: Entry, receipt: Receipt) -> str | None:
        text, _ = await self._ledger.posted.readings(entry.key.biller)
        form = Shown.read(text).form
        shown = form.text(receipt)
        if shown is None or form.shows(receipt, entry.reference):
            return None
        begun = await self._ledger.posted.references(entry.key.biller, shown, 1)
        named = [key for reference, key in begun.items() if shown in form.texts(reference)]
        return f"Receipt {receipt.receipt_number} has the confirmation number of {named[0]}." if named else None
