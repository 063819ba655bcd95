"""Parts that speak HTTP, made with the first call: httpx and the machine's certificates take a tenth of a second."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from shared.vocabulary import events

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.billers.model import Biller
    from shared.caselle.cash_receipting import CaselleCashReceipting
    from shared.ledger.answer import Answer, NotSent
    from shared.payments.gateway import CashReceipting, Receipt, ReceiptOrder
    from shared.tokens.authorize import ExchangeCode
    from shared.tokens.delivery import Code, Delivery
    from shared.tokens.prove import Proof, Verdict
    from shared.tokens.receive import Answer as StampsAnswer
    from shared.tokens.receive import Callback, Stamps


class LateReceipting:
    """A city's cash receipting. Its libraries are loaded with the first call, so that no claim waits for them."""

    def __init__(self, make: Callable[[], "CaselleCashReceipting"]) -> None:
        """``make`` gives the same one each time."""
        self._make = make

    async def create_receipt(self, biller: "Biller", order: "ReceiptOrder") -> "Answer":
        """Make one receipt; every failure is an answer, only cancellation is raised."""
        made = self._made()
        return await made.create_receipt(biller, order) if made else _not_sent()

    async def void_receipt(self, biller: "Biller", receipt_number: str, reason: str) -> "Answer":
        """Void one receipt; every failure is an answer, only cancellation is raised."""
        made = self._made()
        return await made.void_receipt(biller, receipt_number, reason) if made else _not_sent()

    async def receipts(self, biller: "Biller", first: date, last: date) -> "list[Receipt]":
        """Every receipt dated from ``first`` to ``last``, all pages.

        Raises:
            Unavailable: no answer, or not a complete one.
        """
        return await self._make().receipts(biller, first, last)

    async def reachable(self, biller: "Biller", customer_number: str) -> bool:
        """Whether the city's server answers a harmless read."""
        return await self._make().reachable(biller, customer_number)

    def _made(self) -> "CashReceipting | None":
        """None, and an event, where it cannot be made: the entry is claimed, and certainly nothing was sent."""
        try:
            return self._make()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being made, the call has had no effect
            events.emit("client.not_made", events.ERROR, error=type(error).__name__)
            return None


def _not_sent() -> "NotSent":
    from shared.ledger.answer import NotSent

    return NotSent("client_not_made", peer_failed=False)


class LateProof:
    """A harmless read at a biller's Caselle; a biller's first token needs none."""

    def __init__(self, make: Callable[[], "Proof"]) -> None:
        """``make`` gives the same one each time."""
        self._make = make

    async def verdict(self, biller: "Biller", token: "SecretStr") -> "Verdict":
        """What became of a read with this token."""
        return await self._make().verdict(biller, token)


class LateStamps:
    """The callbacks of the other stamps; a delivery for a biller at home here needs none."""

    def __init__(self, make: Callable[[], "Stamps"]) -> None:
        """``make`` gives the same one each time."""
        self._make = make

    async def hand_on(self, region: str, callback: "Callback") -> "StampsAnswer":
        """The answer of that region's stamp.

        Raises:
            Unavailable: it gives none that could be passed on, or no stamp is known there.
        """
        return await self._make().hand_on(region, callback)


class LateExchange:
    """Turns a code into a token; most deliveries bring the token itself."""

    def __init__(self, make: Callable[[], "ExchangeCode"]) -> None:
        """``make`` gives the same one each time."""
        self._make = make

    async def __call__(self, biller: "Biller", code: "Code") -> "Delivery":
        """The token for a code; raises as ``ExchangeCode`` does."""
        return await self._make()(biller, code)
