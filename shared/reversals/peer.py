"""A city's cash receipting, as the ledger's algorithm sees it when a receipt is to be voided."""

from dataclasses import replace

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.answer import Answer
from shared.ledger.entry import Entry, Key, Kind
from shared.payments.evidence.absence import Absence
from shared.payments.evidence.facts import Sent
from shared.payments.evidence.shown import repeats
from shared.payments.peer import CityPeer
from shared.payments.post import Desk
from shared.payments.reading import Around, ReadReceipts, named, sent_of
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
        payment = await self._payment(entry)
        return payment is not None and await self._desk.receipting.reachable(self._biller, payment.customer_number)

    async def ask(self, entry: Entry) -> settle.Finding:
        """Read the receipts of the days in question: is this one void?"""
        payment = await self._payment(entry)
        if payment is None:
            return settle.NotProved("payment_missing")
        desk, attempt = self._desk, entry.sent_at or entry.received_at
        sent = replace(sent_of(payment), first_sent_at=attempt, last_sent_at=attempt)
        try:
            seen = await ReadReceipts(self._biller, desk.receipting, desk.ledger, desk.times).around(entry, sent)
        except Unavailable as error:
            return settle.NoAnswer(error.code, error.retry_after, error.throttled)
        undone = judge(entry, sent, seen)
        return seen.absent(entry) if undone is None else undone

    async def _payment(self, entry: Entry) -> Entry | None:
        return await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses or ""))


def judge(entry: Entry, sent: Sent, seen: Around) -> settle.Finding | None:
    """A receipt that is void was voided; one that is live in a list that goes on behind the attempt was not: None."""
    mine = [each for each in seen.reading.receipts if each.receipt_number == entry.receipt_number]
    if not mine:
        # It was posted, so the list is behind, or somebody removed it: neither says that the void was done.
        return settle.NotProved("receipt_not_shown")
    if len(mine) > 1:
        return settle.NotProved("list_repeats")
    if mine[0].voided:
        return settle.Found(mine[0].receipt_number)
    if not mine[0].live:
        return settle.Odd("receipt_closed", named(mine))
    return _still_live(sent, seen) if entry.ever_left else None


def _still_live(sent: Sent, seen: Around) -> settle.Finding | None:
    """Why it may all the same be voided by an attempt that left, or None."""
    if seen.reading.at < sent.last_sent_at + seen.known.wait or repeats(seen.reading.receipts):
        return settle.NotProved("too_early")
    return None if Absence(sent, seen.reading, seen.known).goes_on() else settle.NotProved("no_later_one_shown")
