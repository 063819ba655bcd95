"""Take a new customer update: what the queues ``autopay-changes`` and ``registrations`` bring."""

from functools import partial

from shared.billers.model import Biller
from shared.customers.desk import Desk
from shared.customers.message import QUEUES, Update, fingerprint, order, parse
from shared.customers.peer import CustomerPeer
from shared.customers.rules import hold_reason, skip_reason
from shared.exchange.inbound import InvalidMessage, to_store
from shared.exchange.result import Handled
from shared.ledger import settle
from shared.ledger.entry import Draft, Entry, Key, Kind, Wait
from shared.ledger.errors import Known
from shared.ledger.loss import version_base


class UpdateCustomer:
    """Takes one message: invalid, known, held, skipped, or to be sent; the queue ``due`` goes on with it."""

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
            return await self._intake.set_aside(kind, QUEUES[kind], message_id, body, invalid)
        biller = await self._desk.billers.get(message.biller_id)
        lost_at = biller.recover_before if biller else None
        entry = self._desk.ledger.fresh(_draft(kind, message, message_id))._replace(version_base=version_base(lost_at))
        try:
            return await self._intake.told(await self._begin(entry, message, biller))
        except Known as known:
            peer = CustomerPeer(biller, self._desk.records) if biller else None
            return await self._intake.repeated(known.found, entry, peer)

    async def shelve(self, kind: Kind, body: bytes, message_id: str) -> Handled:
        """Make a message durable that ended as poison; accepting sends nothing."""
        return await self._intake.shelved(kind, QUEUES[kind], message_id, body, partial(self.accept, kind))

    async def _begin(self, entry: Entry, message: Update, biller: Biller | None) -> Entry:
        now = self._desk.ledger.now()
        reason = hold_reason(message, biller, self._desk.regions, now)
        if biller is None or reason is not None:
            return await self._desk.ledger.begin(settle.held(entry, reason or "unknown_biller", now))
        never = skip_reason(biller, self._desk.records.remote(entry.key.kind))
        waiting = entry._replace(due=now, wait=Wait.BACKOFF)
        return await self._desk.newest.begin(settle.skipped(entry, never) if never else waiting)


def _draft(kind: Kind, message: Update, message_id: str) -> Draft:
    return Draft(
        key=Key(message.biller_id, kind, message.id),
        fingerprint=fingerprint(message),
        cents=0,
        customer_number=message.customer_number,
        reference="",
        posting_date="",
        message_id=message_id,
        message=to_store(message),
        subject=message.customer_number,
        order=order(message),
        booked_on=message.set_at.date().isoformat(),
    )
