"""A payment whose void came while nothing of it is at the peer: both end in one transaction, and nothing is sent."""

from datetime import datetime

from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, State, Wait

UNSENT = frozenset({State.RECEIVED, State.HELD})


def may_end(void: Entry, payment: Entry) -> bool:
    """Whether a void, of the whole amount, meets a payment of which nothing is known to be at the peer."""
    return payment.state in UNSENT and payment.cents == void.cents


async def end(ledger: Ledger, void: Entry, payment: Entry) -> Entry:
    """End a payment that waits or is held; the void as it then stands.

    Raises:
        Moved: somebody else changed the void first.
        Contended: somebody else changed the payment first.
    """
    now = ledger.now()
    ended = _ended(payment)._replace(due=now, wait=Wait.REPORT)
    return await ledger.move_with_payment(void, _done(void), payment, ended)


async def end_forestalled(ledger: Ledger, payment: Entry) -> Entry | None:
    """Begin a payment that its void forestalled as ended; None where the void does not end it.

    Raises:
        Known: another delivery of the payment was faster.
        Unavailable: the store does not answer, or the void changed at this moment.
    """
    void = await ledger.forestaller(payment.key)
    if void is None or void.state is not State.WAITING or not may_end(void, payment):
        return None
    # Its reference stays free: it never reaches the peer.
    ended = _ended(payment)._replace(reference="")
    return await ledger.begin_with_void(ended, void, _reported(_done(void), ledger.now()))


def _ended(payment: Entry) -> Entry:
    return payment._replace(state=State.NOT_POSTED, held_at=None, reason="voided_before", detail=None)


def _done(void: Entry) -> Entry:
    return void._replace(state=State.POSTED, due=None, wait=None, reason=None)


def _reported(entry: Entry, now: datetime) -> Entry:
    """With an open row: nobody else is left to report it."""
    return entry._replace(due=now, wait=Wait.REPORT)
