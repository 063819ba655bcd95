"""Drive a payment that is ``received``: hold it, postpone it, or send it."""

from shared.billers.model import Biller, Mode
from shared.ledger import settle
from shared.ledger.entry import Entry
from shared.payments.message import stored
from shared.payments.peer import PaymentPeer
from shared.payments.post import Desk
from shared.payments.rules import hold_reason, paused, perhaps_sent, posting_date, unasked_since_loss
from shared.vocabulary.errors import Unavailable


class PaymentDriver:
    """Implements ``shared.exchange.drive.Driver``."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk

    async def peer(self, entry: Entry) -> PaymentPeer | None:
        """The biller's server; None where the biller's record is gone."""
        biller = await self._desk.billers.get(entry.key.biller)
        return self._desk.peer(biller) if biller else None

    async def go_on(self, entry: Entry) -> Entry:
        """Look again at what the biller allows: it may have changed while the payment waited."""
        biller = await self._biller(entry)
        desk, now, message = self._desk, self._desk.ledger.now(), stored(entry.message)
        if paused(biller, now) or biller.mode is Mode.SHADOW:
            return await desk.send_once.postpone(entry, "paused")
        reason = hold_reason(message, biller, desk.regions, now)
        if reason is not None:
            return await desk.ledger.move(entry, settle.held(entry, reason, now))
        if unasked_since_loss(entry, message, biller):
            lost = settle.unknown(perhaps_sent(entry, message, biller), "ledger_lost", desk.times)
            return await desk.ledger.move(entry, lost)
        dated = posting_date(message, biller, now).isoformat()
        return await desk.send_once.again(entry._replace(posting_date=dated), desk.peer(biller))

    async def _biller(self, entry: Entry) -> Biller:
        biller = await self._desk.billers.get(entry.key.biller)
        if biller is None:
            raise Unavailable("the biller's record is gone")
        return biller
