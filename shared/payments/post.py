"""Post a new payment: what the queue ``payments`` brings."""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime

from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.ledger import settle
from shared.ledger.book import Known, Ledger, Moved, ReferenceTaken
from shared.ledger.chain import Chain
from shared.ledger.due import due_of
from shared.ledger.entry import SETTLED, Draft, Entry, Key, Kind, State
from shared.ledger.send_once import SendOnce
from shared.ledger.times import Times
from shared.payments.fingerprint import fingerprint, same
from shared.payments.gateway import CashReceipting
from shared.payments.message import InvalidMessage, PaymentMessage, parse, to_store
from shared.payments.peer import PaymentPeer
from shared.payments.quarantine import Quarantine, quarantined
from shared.payments.result import Handled, conflict_of, invalid_of, result_of
from shared.payments.rules import hold_reason, paused, posting_date
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError, Unavailable

QUEUE = "payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every use case on payments works with."""

    billers: BillerRegistry
    ledger: Ledger
    send_once: SendOnce
    chain: Chain
    receipting: CashReceipting
    quarantine: Quarantine
    times: Times
    regions: Container[str]

    def peer(self, biller: Biller) -> PaymentPeer:
        """The biller's server, for the ledger's algorithm."""
        return PaymentPeer(biller, self.receipting, self.ledger, self.times)


class PostPayment:
    """Takes one message: invalid, known, held, or sent."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk

    async def accept(self, body: bytes, message_id: str) -> Handled:
        """Handle one message of the queue.

        Raises:
            Unavailable: a store does not answer. Nothing was sent that the ledger does not know; the message must
                come again.
        """
        try:
            message = parse(body)
        except InvalidMessage as invalid:
            return await self._set_aside(body, message_id, invalid)
        biller = await self._desk.billers.get(message.biller_id)
        entry = self._desk.ledger.fresh(self._draft(message, message_id, biller))
        try:
            return await self._told(await self._begin(entry, message, biller))
        except Known as known:
            return await self._repeated(known.found, message, message_id)
        except Moved as moved:
            return await self._repeated(moved.found, message, message_id)

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
        entry = self._desk.ledger.fresh(self._draft(message, message_id, biller))
        try:
            return await self._told(await self._begin_unsent(entry, message, biller, "poison"))
        except Known as known:
            return await self._repeated(known.found, message, message_id)

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
        )

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
                return await self._desk.ledger.begin(replace(entry, state=State.SKIPPED))
            return await self._desk.send_once.shelve(entry, waits_for)
        except ReferenceTaken:
            return await self._begin_held(entry, "confirmation_reused")

    def _may_send(self, message: PaymentMessage, biller: Biller) -> bool:
        waits = biller.mode is Mode.SHADOW or paused(biller, self._desk.ledger.now())
        return not waits and self._hold_reason(message, biller) is None

    def _hold_reason(self, message: PaymentMessage, biller: Biller | None) -> str | None:
        return hold_reason(message, biller, self._desk.regions, self._desk.ledger.now())

    async def _begin_held(self, entry: Entry, reason: str) -> Entry:
        """A reference that another payment uses is not this one's to claim."""
        claimed = "" if reason == "confirmation_reused" else entry.reference
        held = settle.held(entry, reason, self._desk.ledger.now())
        return await self._desk.ledger.begin(replace(held, reference=claimed))

    async def _told(self, entry: Entry) -> Handled:
        """Report what is settled, drive what can go on at once, and let the next one take a free slot."""
        now = self._now()
        tell(entry)
        results = [result_of(entry, now)] if entry.state in SETTLED else []
        at_once = [due_of(entry)] if entry.state is State.RECEIVED and entry.due and entry.due <= now else []
        following = await self._desk.chain.after_new(entry.key.biller) if answered(entry) else []
        return Handled(results, [*at_once, *following])

    async def _repeated(self, found: Entry, message: PaymentMessage, message_id: str) -> Handled:
        now = self._now()
        if not same(found.fingerprint, fingerprint(message)):
            return await self._conflicting(found, message, message_id)
        redelivered = found.message_id == message_id
        biller, payment = found.key.biller, found.key.id
        events.emit("payment.repeated", biller=biller, id=payment, redelivered=redelivered, state=found.state)
        if redelivered and found.state is State.SENDING:
            found = await expired(self._desk, found)
        if redelivered and found.state not in SETTLED:
            return Handled()
        return Handled([result_of(found, now, message_id=message_id)])

    async def _conflicting(self, found: Entry, message: PaymentMessage, message_id: str) -> Handled:
        """The first message stands; this one is kept as evidence, without anything personal."""
        digest = fingerprint(message)
        now = self._now()
        values: dict[str, str | int] = {
            "messageId": message_id,
            "fingerprint": digest,
            "cents": int(message.amount),
            "customer_number": message.customer_number,
            "at": now.isoformat(),
        }
        await self._desk.ledger.record_conflict(found.key, digest, values)
        events.emit("payment.conflict", events.ERROR, biller=found.key.biller, id=found.key.id, message=message_id)
        return Handled([conflict_of(found, message, message_id, now)])

    async def _set_aside(self, body: bytes, message_id: str, invalid: InvalidMessage) -> Handled:
        now = self._now()
        item = quarantined(QUEUE, message_id, body, reason=invalid.code, detail=invalid.detail, at=now)
        await self._desk.quarantine.keep(item)
        events.emit("payment.invalid", events.WARNING, message=message_id, code=invalid.code, detail=invalid.detail)
        return Handled([invalid_of(invalid, message_id, now)])

    def _now(self) -> datetime:
        return self._desk.ledger.now()


async def expired(desk: Desk, entry: Entry) -> Entry:
    """What becomes of a send whose message came again.

    Raises:
        Unavailable: its lease still runs. The delivery that sends it may yet die before it reports, and this message
            would be the only one to notice; so it must come once more.
    """
    biller = await desk.billers.get(entry.key.biller)
    if biller is None or entry.leased(desk.ledger.now()):
        raise Unavailable("the payment is being sent by another delivery of its message")
    try:
        return await desk.send_once.expire(entry, desk.peer(biller))
    except Moved:
        raise Unavailable("the payment changed at this moment") from None


def answered(entry: Entry) -> bool:
    """Whether a send just ended with an answer, so that its slot may go to the next."""
    return entry.attempt > 0 and entry.state in {State.POSTED, State.HELD}


def tell(entry: Entry) -> None:
    """One event per step, named after the state it led to."""
    level = events.WARNING if entry.state in {State.HELD, State.UNKNOWN} else events.INFO
    fields = {"attempt": entry.attempt, "reason": entry.reason, "receipt": entry.receipt_number}
    present = {name: value for name, value in fields.items() if value}
    events.emit(f"payment.{entry.state}", level, biller=entry.key.biller, id=entry.key.id, **present)
