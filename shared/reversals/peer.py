"""A city's cash receipting, as the ledger's algorithm sees it when a receipt is to be voided."""

from collections.abc import Sequence
from datetime import timedelta

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.answer import Answer
from shared.ledger.entry import Entry, Key, Kind
from shared.payments import evidence
from shared.payments.gateway import Receipt
from shared.payments.peer import CityPeer
from shared.payments.post import Desk
from shared.reversals.message import stored
from shared.vocabulary.errors import Unavailable


class VoidPeer(CityPeer):
    """Implements ``shared.ledger.send_once.Peer`` for rejects and reversals of one biller."""

    def __init__(self, biller: Biller, desk: Desk) -> None:
        """One per invocation; cheap."""
        super().__init__(biller)
        self._desk = desk

    async def send(self, entry: Entry) -> Answer:
        """Void the payment's receipt."""
        cause = stored(entry.key.kind, entry.message).cause
        return await self._desk.receipting.void_receipt(self._biller, entry.receipt_number or "", cause)

    async def probe(self, entry: Entry) -> bool:
        """Read the payment's customer."""
        payment = await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses or ""))
        return payment is not None and await self._desk.receipting.reachable(self._biller, payment.customer_number)

    async def ask(self, entry: Entry) -> settle.Finding:
        """Read the receipts of the days in question: is this one void?"""
        first, last = evidence.date_range(entry, self._biller, self._desk.ledger.now())
        try:
            receipts = await self._desk.receipting.receipts(self._biller, first, last)
        except Unavailable:
            return settle.NoAnswer()
        return judge(receipts, entry, timedelta(seconds=self._desk.times.control_margin))


def judge(receipts: Sequence[Receipt], entry: Entry, margin: timedelta) -> settle.Finding:
    """A receipt that is void was voided; one that is live, beside one made after the attempt, was not."""
    mine = [each for each in receipts if each.receipt_number == entry.receipt_number]
    if not mine:
        # It was posted, so the list is behind, or somebody removed it: neither says that the void was done.
        return settle.Absent(controlled=False)
    if len(mine) > 1:
        return settle.Odd("several_receipts")
    if mine[0].voided:
        return settle.Found(mine[0].receipt_number)
    if not mine[0].live:
        return settle.Odd("receipt_closed")
    attempt = entry.sent_at or entry.received_at
    return settle.Absent(controlled=any(each.created_at > attempt + margin for each in receipts))
