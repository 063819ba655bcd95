"""A city's cash receipting, as the ledger's algorithm sees it."""

from datetime import date, datetime, timedelta

from shared.billers import capabilities
from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.answer import Accepted, Answer
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry
from shared.ledger.times import Times
from shared.payments import evidence
from shared.payments.gateway import CashReceipting, Receipt, ReceiptOrder, Share
from shared.payments.message import PaymentMessage, stored
from shared.vocabulary import events
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money


class CityPeer:
    """What a city's release of Caselle allows, for every kind that is sent to its cash receipting."""

    def __init__(self, biller: Biller) -> None:
        """One per invocation; cheap."""
        self._biller = biller

    @property
    def slots(self) -> int:
        """Most sends on their way at once, of all kinds together."""
        return capabilities.slots(self._biller)

    @property
    def can_be_asked(self) -> bool:
        """Whether this release has the ``receipt`` query."""
        return capabilities.can_query_receipts(self._biller)


class PaymentPeer(CityPeer):
    """Implements ``shared.ledger.send_once.Peer`` for payments of one biller."""

    def __init__(self, biller: Biller, receipting: CashReceipting, ledger: Ledger, times: Times) -> None:
        """One per invocation; cheap."""
        super().__init__(biller)
        self._receipting = receipting
        self._ledger = ledger
        self._times = times

    async def send(self, entry: Entry) -> Answer:
        """Create the receipt."""
        order = order_of(stored(entry.message), self._biller, date.fromisoformat(entry.posting_date))
        answer = await self._receipting.create_receipt(self._biller, order)
        if isinstance(answer, Accepted) and answer.beside:
            named = {"biller": entry.key.biller, "id": entry.key.id}
            events.emit("caselle.accepted_with_errors", events.WARNING, **named, codes=answer.beside)
        return answer

    async def probe(self, entry: Entry) -> bool:
        """Read the payment's customer."""
        return await self._receipting.reachable(self._biller, entry.customer_number)

    async def ask(self, entry: Entry) -> settle.Finding:
        """Read every receipt of the days in question and judge."""
        first, last = evidence.date_range(entry, self._biller, self._now())
        try:
            receipts = await self._receipting.receipts(self._biller, first, last)
            reference = stored(entry.message).confirmation_number
            foreign = await self._foreign(entry, receipts, reference)
        except Unavailable:
            return settle.NoAnswer()
        return evidence.judge(receipts, reference, entry, foreign, timedelta(seconds=self._times.control_margin))

    async def _foreign(self, entry: Entry, receipts: list[Receipt], reference: str) -> frozenset[str]:
        """Of the receipts with this reference, those bound to another payment."""
        candidates = [each.receipt_number for each in receipts if evidence.same(each.reference, reference)]
        owners = {number: await self._ledger.receipt_owner(entry.key.biller, number) for number in candidates}
        return frozenset(number for number, owner in owners.items() if owner not in {None, str(entry.key)})

    def _now(self) -> datetime:
        return self._ledger.now()


def order_of(message: PaymentMessage, biller: Biller, posting_date: date) -> ReceiptOrder:
    """The receipt to be made. The biller's codes were there when the payment was admitted.

    Raises:
        KeyError: they are gone since.
    """
    codes = biller.applications[message.application]
    payment_code = codes.payment_code(message.tender)
    if payment_code is None:
        raise KeyError(message.tender)
    shares = tuple(Share(each.invoice_number, Money(each.amount)) for each in message.allocations or ())
    return ReceiptOrder(
        customer_number=message.customer_number,
        category_code=codes.category_code,
        distribution_code=codes.distribution_code,
        payment_code=payment_code,
        amount=message.amount,
        receipt_date=posting_date,
        reference=message.confirmation_number,
        payer=message.payer_name,
        shares=shares,
    )
