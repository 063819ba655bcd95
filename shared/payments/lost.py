"""A payment that a lost ledger may have sent, and that nobody has asked about yet: it came with a copy that lags."""

from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, State
from shared.ledger.times import Times


async def begin_asking(ledger: Ledger, times: Times, payment: Entry, stands: Entry) -> Entry:
    """Have it asked about; ``stands`` is the payment as the lost ledger may have left it.

    Raises:
        Moved: somebody else changed it first.
        Unavailable: the store does not answer.
    """
    if payment.state is State.HELD:
        return await ledger.tidy(payment, settle.ask_held(stands, ledger.now(), times))
    return await ledger.move(payment, settle.unknown(stands, "ledger_lost", times))
