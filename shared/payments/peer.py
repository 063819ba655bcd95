"""A city's cash receipting, as the ledger's algorithm sees it."""

from datetime import date
from typing import Final

from shared.billers import capabilities
from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.answer import Accepted, Answer
from shared.ledger.book import Ledger
from shared.ledger.entry import SETTLED, Entry, State
from shared.ledger.times import Times
from shared.payments.gateway import CashReceipting, ReceiptOrder, Share
from shared.payments.message import PaymentMessage, stored
from shared.payments.reading import ReadReceipts
from shared.payments.rules import perhaps_sent, unasked_since_loss
from shared.vocabulary import events
from shared.vocabulary.money import Money

FINAL: Final = SETTLED - {State.HELD}


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

    def after_loss(self, entry: Entry) -> Entry:
        """The entry as it is."""
        return entry


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
        reading = ReadReceipts(self._biller, self._receipting, self._ledger, self._times)
        return await reading.about(self.after_loss(entry))

    def after_loss(self, entry: Entry) -> Entry:
        """The entry as the ledger that was lost may have left it, where that is not known of it yet."""
        # Of what is final the message may be gone.
        if entry.state in FINAL:
            return entry
        message = stored(entry.message)
        return perhaps_sent(entry, message, self._biller) if unasked_since_loss(entry, message, self._biller) else entry


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
