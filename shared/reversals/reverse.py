"""Take a new reject or reversal: what the queues ``ach-rejects`` and ``reversals`` bring."""

from contextlib import suppress

from shared.billers.model import Biller
from shared.exchange.inbound import InvalidMessage, to_store
from shared.exchange.result import Handled
from shared.ledger import settle
from shared.ledger.entry import Draft, Entry, Key, Kind, State, Wait
from shared.ledger.errors import Contended, Known, ReferenceTaken
from shared.ledger.loss import version_base
from shared.ledger.peer import Peer
from shared.payments.post import Desk
from shared.reversals.by_hand import kept
from shared.reversals.message import (
    NOTIFICATION_OF_CHANGE,
    QUEUES,
    Undoing,
    fingerprint,
    is_void,
    own_reference,
    parse,
    reference,
)
from shared.reversals.peer import VoidPeer
from shared.vocabulary.errors import CaselleError


class ReversePayment:
    """Takes one message: invalid, known, held, or waiting for its payment; the queue ``due`` goes on with it."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk
        self._intake = desk.intake()

    async def accept(self, kind: Kind, body: bytes, message_id: str) -> Handled:
        """Handle one message of the kind's queue.

        Raises:
            Unavailable: a store does not answer; nothing was sent, and the message must come again.
        """
        try:
            message = parse(kind, body)
        except InvalidMessage as invalid:
            return await self._set_aside(kind, body, message_id, invalid)
        biller = await self._desk.billers.get(message.biller_id)
        lost_at = biller.recover_before if biller else None
        entry = self._desk.ledger.fresh(_draft(kind, message, message_id))._replace(version_base=version_base(lost_at))
        try:
            return await self._intake.told(await self._begin(entry, message, biller))
        except Known as known:
            return await self._intake.repeated(known.found, entry, self._peer(biller))

    async def shelve(self, kind: Kind, body: bytes, message_id: str) -> Handled:
        """Make a message durable that ended as poison; whatever made it so must not keep it circling."""
        try:
            return await self.accept(kind, body, message_id)
        except CaselleError:
            raise
        except Exception as error:  # noqa: BLE001 - as said above
            return await self._set_aside(kind, body, message_id, InvalidMessage("poison", type(error).__name__))

    async def _begin(self, entry: Entry, message: Undoing, biller: Biller | None) -> Entry:
        now = self._desk.ledger.now()
        if message.stands == NOTIFICATION_OF_CHANGE:
            return await self._desk.ledger.begin(settle.skipped(entry, NOTIFICATION_OF_CHANGE))
        try:
            if biller is None:
                return await self._desk.ledger.begin(settle.held(entry, "unknown_biller", now))
            if biller.region is not None and biller.region not in self._desk.regions:
                return await self._desk.ledger.begin(settle.held(entry, "wrong_region", now))
            if message.stands is not None:
                return await self._desk.ledger.begin(await self._standing(entry, message, message.stands))
            waiting = entry._replace(state=State.WAITING, due=now, wait=Wait.PAYMENT)
            return await self._begin_waiting(waiting, message)
        except ReferenceTaken:
            # Whether it is one too many shows when its payment is looked at: both may give back a part.
            waiting = entry._replace(state=State.WAITING, due=now, wait=Wait.PAYMENT)
            return await self._desk.ledger.begin(waiting._replace(reference=own_reference(message)))

    async def _standing(self, entry: Entry, message: Undoing, why: str) -> Entry:
        """Held for a person, with the receipt that stays, where the payment has one."""
        payment = await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, message.payment_id))
        known = kept(entry, payment) if payment and payment.receipt_number else entry
        return settle.held(known, why, self._desk.ledger.now(), detail=f"payment {message.payment_id}")

    async def _begin_waiting(self, entry: Entry, message: Undoing) -> Entry:
        """A void may come before its payment, which then must not be sent."""
        if is_void(message):
            with suppress(Contended):  # the usual case: the payment is here
                return await self._desk.ledger.begin_forestalling(entry)
        return await self._desk.ledger.begin(entry)

    async def _set_aside(self, kind: Kind, body: bytes, message_id: str, invalid: InvalidMessage) -> Handled:
        return await self._intake.set_aside(kind, QUEUES[kind], message_id, body, invalid)

    def _peer(self, biller: Biller | None) -> Peer | None:
        return VoidPeer(biller, self._desk) if biller else None


def _draft(kind: Kind, message: Undoing, message_id: str) -> Draft:
    return Draft(
        key=Key(message.biller_id, kind, message.id),
        fingerprint=fingerprint(message),
        cents=int(message.amount),
        customer_number="",
        reference=reference(message),
        posting_date=message.day.isoformat(),
        message_id=message_id,
        message=to_store(message),
        reverses=message.payment_id if message.may_undo else None,
        booked_on=message.day.isoformat(),
    )
