"""Drive a reject or reversal: wait for its payment, undo it where that can be done here, or hand it to a person."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from shared.billers import capabilities
from shared.billers.model import Biller, Mode, RejectStrategy
from shared.ledger import settle
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.errors import Contended, Moved
from shared.ledger.store import Change
from shared.ledger.times import nth
from shared.payments import lost, voided
from shared.payments.post import Desk
from shared.payments.reading import named
from shared.payments.rules import paused
from shared.reversals.by_hand import informed, kept, looked_up
from shared.reversals.message import Undoing, is_void, stored
from shared.reversals.others import Others, claimed, others
from shared.reversals.peer import VoidPeer
from shared.reversals.standing import Live, NotShown, Undone, Unlike
from shared.vocabulary.errors import Unavailable


class ReversalDriver:
    """Implements ``shared.exchange.drive.Driver``."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk

    async def peer(self, entry: Entry) -> VoidPeer | None:
        """The biller's server; None where the biller's record is gone."""
        biller = await self._desk.billers.get(entry.key.biller)
        return VoidPeer(biller, self._desk) if biller else None

    async def go_on(self, entry: Entry) -> Entry:
        """Do what the payment's state asks for.

        Raises:
            Moved: somebody else changed the entry first.
            Unavailable: a store does not answer, or the payment changed at this moment.
        """
        message = stored(entry.key.kind, entry.message)
        payment = await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, message.payment_id))
        if message.stands is not None:
            known = kept(entry, payment) if payment and payment.receipt_number else entry
            return await self._hold(known, message.stands)
        if payment is None:
            return await self._wait(entry, self._desk.times.patience)
        return await self._by_payment(entry, payment, message)

    async def _by_payment(self, entry: Entry, payment: Entry, message: Undoing) -> Entry:
        beside = await others(self._desk.ledger, entry, payment)
        excess = beside.excess(entry, payment)
        if excess is not None:
            known = looked_up(entry, payment) if payment.receipt_number else entry
            return await self._hold(known, excess, beside.words(entry, payment))
        match payment.state:
            case State.POSTED:
                return await self._undo(entry, payment, beside)
            case State.REVERSED:
                return await self._second(entry, payment)
            case State.NOT_POSTED | State.SKIPPED:
                return await self._hold(entry, "payment_not_posted")
            case _:
                return await self._before_posted(entry, payment, message)

    async def _before_posted(self, entry: Entry, payment: Entry, message: Undoing) -> Entry:
        if _may_be_void(entry, payment, message) and (joined := await self._join_voided(entry, payment)):
            return joined
        if is_void(message) and voided.may_end(entry, payment):
            return await self._end_unposted(entry, payment)
        return await self._wait(entry, self._desk.times.backoff)

    async def _undo(self, entry: Entry, payment: Entry, beside: Others) -> Entry:
        biller = await self._biller(entry)
        claim = await claimed(self._desk.ledger, entry, payment)
        by_hand = self._not_here(biller) or await self._by_hand(entry, payment, biller)
        known = informed(entry, payment, biller)
        if by_hand is not None or claim is None:
            return await self._hold(known, by_hand or "reversal_by_hand", beside.words(entry, payment))
        if paused(biller, self._desk.ledger.now()):
            return await self._desk.send_once.postpone(entry, "paused")
        if self._may_still_land(biller):
            return await self._desk.send_once.postpone(entry, "ledger_lost")
        return await self._void(known, payment, VoidPeer(biller, self._desk), claim)

    async def _void(self, entry: Entry, payment: Entry, peer: VoidPeer, claim: Sequence[Change]) -> Entry:
        """Void the receipt that counts, after the list showed that it is this payment's."""
        try:
            found = await peer.look(payment)
        except Unavailable as error:
            return await self._desk.send_once.postpone(entry, error.code)
        match found:
            case Live():
                return await self._send_void(entry, peer, claim)
            case Undone(receipt_number):
                done = settle.posted(entry, receipt_number)
                return await self._desk.send_once.asking.post(entry, done)
            case Unlike(reason, receipts):
                return await self._hold(entry, reason, named(receipts))
            case NotShown() if peer.settled_since(payment):
                return await self._hold(entry, "receipt_missing")
            case NotShown():
                return await self._desk.send_once.postpone(entry, "receipt_not_shown")

    async def _send_void(self, entry: Entry, peer: VoidPeer, claim: Sequence[Change]) -> Entry:
        try:
            return await self._desk.send_once.again(entry, peer, also=claim)
        except Contended:
            raise Unavailable("another void of this payment began at this moment") from None

    async def _second(self, entry: Entry, payment: Entry) -> Entry:
        """The payment is undone: of all messages only a chargeback that was won has still something to do."""
        if stored(entry.key.kind, entry.message).cause == "chargeback_won":
            again = informed(entry, payment, await self._biller(entry))
            return await self._hold(again, "reversal_by_hand")
        return await self._hold(looked_up(entry, payment), "already_reversed")

    async def _join_voided(self, entry: Entry, payment: Entry) -> Entry | None:
        """The payment was posted where its receipt is void and nothing stands in its place; then this is done, too."""
        asking, biller = self._desk.send_once.asking, await self._biller(entry)
        try:
            number = await VoidPeer(biller, self._desk).undone(payment)
        except Unavailable:
            return await self._wait(entry, self._desk.times.backoff)
        if number is None:
            return None
        posted = settle.posted(payment, number)._replace(due=self._desk.ledger.now(), wait=Wait.REPORT)
        with _payment_unchanged():
            await asking.post(payment, posted)
        return await self._wait(entry, (0.0,))

    def _not_here(self, biller: Biller) -> str | None:
        """Why nothing is sent for this biller now, or None."""
        if biller.region is not None and biller.region not in self._desk.regions:
            return "wrong_region"
        return None if biller.mode in {Mode.TEST, Mode.LIVE} else "biller_not_live"

    def _may_still_land(self, biller: Biller) -> bool:
        """Whether a void that a lost ledger sent at the last moment may still be on its way."""
        settle_for = timedelta(seconds=self._desk.times.settle)
        return biller.recover_before is not None and self._desk.ledger.now() < biller.recover_before + settle_for

    async def _by_hand(self, entry: Entry, payment: Entry, biller: Biller) -> str | None:
        """Why a person must undo it, or None: ``void_receipt`` undoes a whole receipt, and money that stays away."""
        if entry.cents != payment.cents:
            return "partial_reversal"
        if not payment.receipt_number:
            return "reversal_by_hand"
        automatic = stored(entry.key.kind, entry.message).ends_receipt
        # Nothing is voided that was not looked at first.
        able = capabilities.can_void(biller) and capabilities.can_query_receipts(biller)
        return None if automatic and able and biller.reject_strategy is RejectStrategy.VOID else "reversal_by_hand"

    async def _end_unposted(self, entry: Entry, payment: Entry) -> Entry:
        """End both where nothing of the payment is at Caselle: it never left, or that was shown a moment ago."""
        biller, asking = await self._biller(entry), self._desk.send_once.asking
        peer = self._desk.peer(biller)
        stands = peer.after_loss(payment)
        if not asking.is_due(stands):
            return await self._end_both(entry, stands)
        if stands.perhaps_there:
            # It is asked about by itself and needs to be shown absent twice, or waits for a person.
            await self._begin_asking(payment, stands)
            return await self._wait(entry, self._desk.times.backoff)
        if not peer.can_be_asked:
            return await self._hold(entry, "void_unclear")
        return await self._end_asked(entry, payment, await asking.once_more(stands, peer))

    async def _begin_asking(self, payment: Entry, stands: Entry) -> None:
        """Where a lost ledger may have sent it and nobody has asked yet."""
        if stands is payment:
            return
        with _payment_unchanged():
            await lost.begin_asking(self._desk.ledger, self._desk.times, payment, stands)

    async def _end_asked(self, entry: Entry, payment: Entry, asked: Entry) -> Entry:
        """What follows for the void from what was shown about its payment a moment ago."""
        desk, asking = self._desk, self._desk.send_once.asking
        if asked.state is State.POSTED:
            with _payment_unchanged():
                await asking.post(payment, asked._replace(due=desk.ledger.now(), wait=Wait.REPORT))
            return await self._wait(entry, (0.0,))
        if asked.state is State.UNKNOWN:
            return await self._wait(entry, desk.times.patience)
        if asking.is_due(asked):
            return await self._hold(entry, "void_unclear", asked.detail)
        return await self._end_both(entry, asked)

    async def _end_both(self, entry: Entry, payment: Entry) -> Entry:
        with _payment_unchanged():
            return await voided.end(self._desk.ledger, entry, payment)

    async def _wait(self, entry: Entry, pauses: tuple[float, ...]) -> Entry:
        due = self._desk.ledger.now() + timedelta(seconds=nth(pauses, entry.backoffs))
        later = entry._replace(state=State.WAITING, due=due, wait=Wait.PAYMENT, backoffs=entry.backoffs + 1)
        return await self._desk.ledger.move(entry, later._replace(reason="payment_not_yet_posted"))

    async def _hold(self, entry: Entry, reason: str, detail: str | None = None) -> Entry:
        return await self._desk.ledger.move(entry, settle.held(entry, reason, self._desk.ledger.now(), detail))

    async def _biller(self, entry: Entry) -> Biller:
        biller = await self._desk.billers.get(entry.key.biller)
        if biller is None:
            raise Unavailable("the biller's record is gone")
        return biller


def _may_be_void(entry: Entry, payment: Entry, message: Undoing) -> bool:
    """Whether a held payment may be there and be void already, which is what this message asks for."""
    held = payment.state is State.HELD and payment.perhaps_there
    return held and message.ends_receipt and entry.cents == payment.cents


@contextmanager
def _payment_unchanged() -> Iterator[None]:
    """Raises ``Unavailable`` where the payment, not the entry that undoes it, was changed by somebody else."""
    try:
        yield
    except Contended:
        raise Unavailable("the payment changed at this moment") from None
    except Moved as moved:
        if moved.found.key.kind is not Kind.PAYMENT:
            raise
        raise Unavailable("the payment changed at this moment") from None
