"""Tell one payment's state, for Invoice Cloud: the remedy for a lost result."""

from shared.exchange.result import PostingResult, result_of
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind
from shared.vocabulary.identity import biller_id, canonical_id


class PaymentStatus:
    """Looks payments up by biller and id."""

    def __init__(self, ledger: Ledger) -> None:
        """Keep what it reads."""
        self._ledger = ledger

    async def of(self, biller: str, payment: str) -> PostingResult | None:
        """The payment's outcome as it stands, or None where the ledger does not know it.

        Raises:
            Malformed: a biller or payment id that cannot exist.
            Unavailable: the store does not answer.
        """
        entry = await self._ledger.read(Key(biller_id(biller), Kind.PAYMENT, canonical_id(payment)))
        return result_of(entry, self._ledger.now()) if entry else None
