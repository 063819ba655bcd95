"""Parts that few deliveries of a token need, made with the first call: httpx and certificates are slow to load."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.billers.model import Biller
    from shared.tokens.authorize import ExchangeCode
    from shared.tokens.delivery import Code, Delivery
    from shared.tokens.prove import Proof, Verdict
    from shared.tokens.receive import Answer as StampsAnswer
    from shared.tokens.receive import Callback, Stamps


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
