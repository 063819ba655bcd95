"""Taking in what was delivered: token and credentials are kept, and the token is tried at once."""

from contextlib import suppress

from shared.billers.model import Biller
from shared.tokens.credentials import Credentials
from shared.tokens.delivery import Delivery
from shared.tokens.keep import Stored, TokenKeeper
from shared.tokens.prove import ProveToken
from shared.vocabulary.errors import Unavailable


class TakeDelivery:
    """Keeps a delivery, whoever brought it: Caselle to the callback, or a person."""

    def __init__(self, keeper: TokenKeeper, credentials: Credentials, prove: ProveToken) -> None:
        self._keeper = keeper
        self._credentials = credentials
        self._prove = prove

    async def __call__(self, biller: Biller, delivery: Delivery) -> Stored:
        """What became of the token; a candidate may have been tried since, and serve.

        Raises:
            Unavailable: table or vault do not answer; deliver again.
        """
        await self._credentials.receive(biller, delivery)
        stored = await self._keeper.store(biller.biller_id, delivery)
        if stored is Stored.WAITS:
            with suppress(Unavailable):  # it is kept, and the timer tries it again
                await self._prove(biller, eager=True)
        return stored
