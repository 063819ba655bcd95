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
from shared.ledger.loss import version_base
from shared.ledger.store import NO_VALUES, Values
from shared.payments import lost, overlap, voided
from shared.payments.completed import COMPLETED, completed, completes
from shared.payments.fingerprint import fingerprint
from shared.payments.gateway import CashReceipting
from shared.payments.message import PaymentMessage, parse
from shared.payments.peer import PaymentPeer
from shared.payments.rules import deposit_day, hold_reason, paused, perhaps_sent, posting_date, recovering
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError

QUEUE = "payments"

TAKEN_LATE: Final = timedelta(seconds=30)
"""A message that lies longer in its queue is told: the platform scales up within seconds."""
_PERHAPS_POSTED = frozenset({"unknown_biller", "wrong_region", "before_go_live", "shadow_overlap"})
"""Why a payment is held that another stamp, or the old data pump, may have posted."""


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
            begun = await self._unless_voided(entry, message, biller, lambda each: self._begin(each, message, biller))
            self._watch_queue(begun, enqueued_at)
            return await self._intake.told(begun)
        except (Known, Moved) as known:
            return await self._repeated(known.found, entry, biller)

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
            begun = await self._unless_voided(
                entry, message, biller, lambda each: self._begin_unsent(each, message, biller, "poison")
            )
            return await self._intake.told(begun)
        except Known as known:
            return await self._repeated(known.found, entry, biller)

    async def _repeated(self, found: Entry, new: Entry, biller: Biller | None) -> Handled:
        """A message whose id is known; one that brings the invoices for which the first one is held completes it."""
        now = self._desk.ledger.now()
        try:
            if completes(new, found):
                return await self._moved(found, completed(found, new, now), COMPLETED)
            if biller is not None and overlap.overlaps(found, biller):
                return await self._moved(found, overlap.held(found._replace(message_id=new.message_id), now))
            if biller is not None and found.state is State.HELD:
                found = await self._asked_since_loss(found, biller)
        except Moved as moved:
            found = moved.found
        return await self._intake.repeated(found, new, self._desk.peer(biller) if biller else None)

    async def _asked_since_loss(self, found: Entry, biller: Biller) -> Entry:
        """What a copy that lags shows as held may have been let go, and sent, by the ledger that was lost."""
        stands = self._desk.peer(biller).after_loss(found)
        return found if stands is found else await lost.begin_asking(self._desk.ledger, self._desk.times, found, stands)

    async def _moved(self, found: Entry, after: Entry, note: Values = NO_VALUES) -> Handled:
        return await self._intake.told(await self._desk.ledger.move(found, after, note=note))

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
            return perhaps_sent(entry, message, biller)
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
            channel=f"{message.application}/{message.tender}",
            version_base=version_base(biller.recover_before if biller else None),
        )

    async def _unless_voided(
        self,
        entry: Entry,
        message: PaymentMessage,
        biller: Biller | None,
        begin: Callable[[Entry], Awaitable[Entry]],
    ) -> Entry:
        """Nothing is sent of a payment whose void came first; what somebody else may have posted is asked about."""
        try:
            return await begin(entry)
        except Forestalled:
            elsewhere = entry.ever_left or self._hold_reason(message, biller) in _PERHAPS_POSTED
            ended = None if elsewhere else await voided.end_forestalled(self._desk.ledger, entry)
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
                return await self._begin_in_shadow(entry)
            if biller is not None and recovering(message, biller):
                return await self._desk.ledger.begin(settle.unknown(entry, "ledger_lost", self._desk.times))
            return await self._desk.send_once.shelve(entry, waits_for)
        except ReferenceTaken:
            return await self._begin_held(entry, "confirmation_reused")

    async def _begin_in_shadow(self, entry: Entry) -> Entry:
        """Skipped for good, unless the biller went live since its record was last read: the sweeper looks again."""
        latest = await self._desk.billers.latest(entry.key.biller)
        if latest is not None and latest.mode is not Mode.SHADOW:
            return await self._desk.send_once.shelve(entry, "waiting")
        return await self._desk.ledger.begin(entry._replace(state=State.SKIPPED))

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
