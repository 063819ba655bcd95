"""A city's cash receipting, as the ledger's algorithm sees it when a receipt is to be voided."""

from dataclasses import replace
from datetime import date, timedelta

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.answer import Answer
from shared.ledger.entry import Entry, Key, Kind
from shared.payments.evidence.absence import Absence
from shared.payments.evidence.shown import repeats
from shared.payments.peer import CityPeer
from shared.payments.post import Desk
from shared.payments.reading import Around, ReadReceipts, named, sent_of
from shared.reversals.message import stored
from shared.reversals.standing import Live, NotShown, Standing, Undone, Unlike, standing
from shared.vocabulary.errors import Unavailable


class VoidPeer(CityPeer):
    """Implements ``shared.ledger.send_once.Peer`` for rejects and reversals of one biller."""

    def __init__(self, biller: Biller, desk: Desk) -> None:
        """One per invocation; cheap."""
        super().__init__(biller)
        self._desk = desk
        self._readings = ReadReceipts(biller, desk.receipting, desk.ledger, desk.times)

    async def send(self, entry: Entry) -> Answer:
        """Void the payment's receipt."""
        cause = stored(entry.key.kind, entry.message).cause
        return await self._desk.receipting.void_receipt(self._biller, entry.receipt_number or "", cause)

    async def probe(self, entry: Entry) -> bool:
        """Read the payment's customer."""
        payment = await self._payment(entry)
        return payment is not None and await self._desk.receipting.reachable(self._biller, payment.customer_number)

    async def ask(self, entry: Entry) -> settle.Finding:
        """Whether the receipt is void: after a void whose answer was lost."""
        payment = await self._payment(entry)
        if payment is None:
            return settle.NotProved("payment_missing")
        try:
            seen = await self._around(entry, payment)
        except Unavailable as error:
            return settle.NoAnswer(error.code, error.retry_after, error.throttled)
        return self._finding(entry, payment, seen)

    async def look(self, payment: Entry) -> Standing:
        """How the receipt stands before anything is done to it.

        Raises:
            Unavailable: no complete answer.
        """
        number, sent = payment.receipt_number or "", sent_of(payment)
        by_number = await self._desk.receipting.receipt(self._biller, number)
        form = await self._readings.form()
        found = standing(sent, number, by_number, form, ())
        if isinstance(found, Live):
            return found
        # It is not as it should be: whatever else has its reference or its cents since is to be seen.
        seen = await self._around(payment, payment)
        return standing(sent, number, seen.reading.receipts, seen.known.form, seen.unbound(sent))

    async def undone(self, payment: Entry) -> str | None:
        """The number of a payment's receipt that is void, with nothing in its place; it has none in the ledger.

        Raises:
            Unavailable: no complete answer.
        """
        if not self.can_be_asked:
            return None
        sent, seen = sent_of(payment), await self._around(payment, payment)
        if seen.known.collides:
            return None
        found = standing(sent, "", seen.reading.receipts, seen.known.form, seen.unbound(sent))
        return found.receipt_number if isinstance(found, Undone) else None

    def settled_since(self, payment: Entry) -> bool:
        """Whether a list that lags must show the payment by now."""
        posted_at = payment.changed_at or payment.received_at
        return self._desk.ledger.now() - posted_at > timedelta(seconds=self._desk.times.settle)

    async def _around(self, entry: Entry, payment: Entry) -> Around:
        attempt = entry.sent_at or entry.received_at
        sent = replace(sent_of(payment), first_sent_at=attempt, last_sent_at=attempt)
        days = entry._replace(first_day=min(_days(payment)).isoformat())
        return await self._readings.around(days, sent)

    async def _payment(self, entry: Entry) -> Entry | None:
        return await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses or ""))

    def _finding(self, entry: Entry, payment: Entry, seen: Around) -> settle.Finding:
        """A receipt that is void was voided; one that counts in a list that goes on behind the attempt was not."""
        attempt = entry.sent_at or entry.received_at
        sent = replace(sent_of(payment), first_sent_at=attempt, last_sent_at=attempt)
        number, receipts = entry.receipt_number or "", seen.reading.receipts
        match standing(sent, number, receipts, seen.known.form, seen.unbound(sent)):
            case Undone(receipt_number):
                return settle.Found(receipt_number)
            case Unlike(reason, others):
                return settle.Odd(reason, named(others))
            case NotShown():
                # It was posted, so the list is behind, or somebody removed it: neither says that the void was done.
                return settle.NotProved("receipt_not_shown")
        if not entry.ever_left:
            return seen.absent(entry)
        if seen.reading.at < attempt + seen.known.wait or repeats(receipts):
            return settle.NotProved("too_early")
        goes_on = Absence(sent, seen.reading, seen.known).goes_on()
        return seen.absent(entry) if goes_on else settle.NotProved("no_later_one_shown")


def _days(payment: Entry) -> list[date]:
    named_days = (payment.first_day, payment.posting_date)
    return [date.fromisoformat(day) for day in named_days if day] or [payment.received_at.date()]
