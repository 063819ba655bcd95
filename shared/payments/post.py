"""Post a new payment: what the queue ``payments`` brings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.billers.model import Biller, Mode
from shared.exchange import desk
from shared.exchange.inbound import InvalidMessage, to_store
from shared.exchange.result import Handled
from shared.ledger import settle
from shared.ledger.book import after_forestalling
from shared.ledger.entry import Draft, Entry, Key, Kind, State
from shared.ledger.errors import Forestalled, Known, Moved, ReferenceTaken
from shared.payments import voided
from shared.payments.fingerprint import fingerprint
from shared.payments.gateway import CashReceipting
from shared.payments.message import PaymentMessage, parse
from shared.payments.peer import PaymentPeer
from shared.payments.rules import deposit_day, hold_reason, paused, posting_date, recovering
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError

QUEUE = "payments"

TAKEN_LATE: Final = timedelta(seconds=30)
"""A message that lies longer in its queue is told: the platform scales up within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(desk.Desk):
    """What every use case on payments works with."""

    receipting: CashReceipting

    def peer(self, biller: Biller) -> PaymentPeer:
        """The biller's server, for the ledger's algorithm."""
        return PaymentPeer(biller, self.receipting, self.ledger, self.times)


class PostPayment:
    """Takes one message: invalid, known, held, or sent."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk
        self._intake = desk.intake()

    async def accept(self, body: bytes, message_id: str, enqueued_at: datetime | None = None) -> Handled:
        """Handle one message of the queue, which came there at ``enqueued_at``.

        Raises:
            Unavailable: a store does not answer. Nothing was sent that the ledger does not know; the message must
                come again.
        """
        try:
            message = parse(body)
        except InvalidMessage as invalid:
            return await self._set_aside(body, message_id, invalid)
        biller = await self._desk.billers.get(message.biller_id)
        entry = self._fresh(message, message_id, biller)
        try:
            begun = await self._unless_voided(entry, lambda each: self._begin(each, message, biller))
            self._watch_queue(begun, enqueued_at)
            return await self._intake.told(begun)
        except (Known, Moved) as known:
            return await self._intake.repeated(known.found, entry, self._desk.peer(biller) if biller else None)

    async def shelve(self, body: bytes, message_id: str) -> Handled:
        """Make a message durable without sending it; the sweeper goes on with it. For what ended as poison."""
        try:
            return await self._shelve(body, message_id)
        except InvalidMessage as invalid:
            return await self._set_aside(body, message_id, invalid)
        except CaselleError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever made it poison must not keep it circling until it expires
            return await self._set_aside(body, message_id, InvalidMessage("poison", type(error).__name__))

    async def _shelve(self, body: bytes, message_id: str) -> Handled:
        message = parse(body)
        biller = await self._desk.billers.get(message.biller_id)
        entry = self._fresh(message, message_id, biller)
        try:
            begun = await self._unless_voided(entry, lambda each: self._begin_unsent(each, message, biller, "poison"))
            return await self._intake.told(begun)
        except Known as known:
            return await self._intake.repeated(known.found, entry, self._desk.peer(biller) if biller else None)

    def _watch_queue(self, begun: Entry, enqueued_at: datetime | None) -> None:
        """The ledger counts from here on; what a payment waited before belongs to the figure of the service, too."""
        queued = begun.received_at - enqueued_at if enqueued_at else timedelta()
        if queued > TAKEN_LATE:
            seconds = round(queued.total_seconds(), 1)
            events.emit("payment.taken_late", biller=begun.key.biller, id=begun.key.id, queued=seconds)

    async def _set_aside(self, body: bytes, message_id: str, invalid: InvalidMessage) -> Handled:
        return await self._intake.set_aside(Kind.PAYMENT, QUEUE, message_id, body, invalid)

    def _fresh(self, message: PaymentMessage, message_id: str, biller: Biller | None) -> Entry:
        entry = self._desk.ledger.fresh(self._draft(message, message_id, biller))
        if biller is not None and recovering(message, biller):
            # Whatever becomes of it: the ledger that was lost may have sent it until then.
            return entry._replace(sent_at=biller.recover_before)
        return entry

    def _draft(self, message: PaymentMessage, message_id: str, biller: Biller | None) -> Draft:
        dated = posting_date(message, biller, self._desk.ledger.now()) if biller else message.paid_at.date()
        return Draft(
            key=Key(message.biller_id, Kind.PAYMENT, message.payment_id),
            fingerprint=fingerprint(message),
            cents=int(message.amount),
            customer_number=message.customer_number,
            reference=message.confirmation_number,
            posting_date=dated.isoformat(),
            message_id=message_id,
            message=to_store(message),
            booked_on=deposit_day(message, biller).isoformat(),
        )

    async def _unless_voided(self, entry: Entry, begin: Callable[[Entry], Awaitable[Entry]]) -> Entry:
        """Nothing is sent of a payment whose void came first; a void over another amount waits for it."""
        try:
            return await begin(entry)
        except Forestalled:
            ended = await voided.end_forestalled(self._desk.ledger, entry)
            return ended or await begin(after_forestalling(entry))

    async def _begin(self, entry: Entry, message: PaymentMessage, biller: Biller | None) -> Entry:
        if biller is None or not self._may_send(message, biller):
            return await self._begin_unsent(entry, message, biller, "paused")
        try:
            return await self._desk.send_once.first(entry, self._desk.peer(biller))
        except ReferenceTaken:
            return await self._begin_held(entry, "confirmation_reused")

    async def _begin_unsent(
        self, entry: Entry, message: PaymentMessage, biller: Biller | None, waits_for: str
    ) -> Entry:
        reason = self._hold_reason(message, biller)
        try:
            if reason is not None:
                return await self._begin_held(entry, reason)
            if biller is not None and biller.mode is Mode.SHADOW:
                return await self._desk.ledger.begin(entry._replace(state=State.SKIPPED))
            if biller is not None and recovering(message, biller):
                return await self._desk.ledger.begin(self._perhaps_sent(entry, message, biller))
            return await self._desk.send_once.shelve(entry, waits_for)
        except ReferenceTaken:
            return await self._begin_held(entry, "confirmation_reused")

    def _perhaps_sent(self, entry: Entry, message: PaymentMessage, biller: Biller) -> Entry:
        """As after a send without an answer, made between the payment and the loss of the ledger."""
        dated = message.paid_at.astimezone(biller.zone).date().isoformat()
        return settle.unknown(entry._replace(posting_date=dated), "ledger_lost", self._desk.times)

    def _may_send(self, message: PaymentMessage, biller: Biller) -> bool:
        waits = biller.mode is Mode.SHADOW or paused(biller, self._desk.ledger.now()) or recovering(message, biller)
        return not waits and self._hold_reason(message, biller) is None

    def _hold_reason(self, message: PaymentMessage, biller: Biller | None) -> str | None:
        return hold_reason(message, biller, self._desk.regions, self._desk.ledger.now())

    async def _begin_held(self, entry: Entry, reason: str) -> Entry:
        """A reference that another payment uses is not this one's to claim."""
        claimed = "" if reason == "confirmation_reused" else entry.reference
        held = settle.held(entry, reason, self._desk.ledger.now())
        return await self._desk.ledger.begin(held._replace(reference=claimed))
