"""What a person switches: posting for a biller paused, resumed, or unblocked."""

from datetime import datetime

from shared.billers.model import Biller, Pause
from shared.billers.registry import BillerRegistry
from shared.ledger.gates import Gates
from shared.vocabulary.errors import Malformed


class PostingSwitch:
    """Changes take effect within the time for which instances remember a biller (60 s) and its gate (5 s)."""

    def __init__(self, billers: BillerRegistry, gates: Gates) -> None:
        """Keep what it changes."""
        self._billers = billers
        self._gates = gates

    async def pause(self, biller_id: str, reason: str, until: datetime | None = None) -> Biller:
        """Payments wait in the ledger from now on; the callback goes on.

        Raises:
            Malformed: no such biller.
            Unavailable: the store does not answer.
        """
        return await self._put(await self._known(biller_id), Pause(reason=reason, until=until))

    async def resume(self, biller_id: str) -> Biller:
        """Posting goes on, one payment alone first; a block stays.

        Raises:
            Malformed: no such biller.
            Unavailable: the store does not answer; the biller is then still paused.
        """
        biller = await self._known(biller_id)
        # The gate first: whoever sees that the pause is over is to see that one goes alone.
        await self._gates.resume(biller_id)
        return await self._put(biller, None)

    async def unblock(self, biller_id: str) -> None:
        """Posting goes on after whatever stopped it was mended, one payment alone first; a pause stays.

        Raises:
            Malformed: no such biller.
            Unavailable: the store does not answer; the biller is then still blocked.
        """
        await self._known(biller_id)
        await self._gates.unblock(biller_id)

    async def _known(self, biller_id: str) -> Biller:
        biller = await self._billers.get(biller_id)
        if biller is None:
            raise Malformed(f"there is no biller {biller_id}")
        return biller

    async def _put(self, biller: Biller, paused: Pause | None) -> Biller:
        changed = biller.model_copy(update={"paused": paused})
        await self._billers.put(changed)
        return changed
