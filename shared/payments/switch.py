"""What a person switches: posting for a biller paused, resumed, or unblocked."""

from datetime import datetime

from shared.billers.model import Biller, Pause
from shared.billers.registry import BillerRegistry, changed
from shared.ledger.gates import Gates
from shared.vocabulary.errors import Malformed


class PostingSwitch:
    """Changes take effect within the time for which instances remember a biller (60 s) and its gate (5 s).

    Only the pause is changed: whatever else of the record somebody changes at the same moment stands.
    """

    def __init__(self, billers: BillerRegistry, gates: Gates) -> None:
        """Keep what it changes."""
        self._billers = billers
        self._gates = gates

    async def pause(
        self, biller_id: str, reason: str, until: datetime | None = None, *, seen: Pause | None = None
    ) -> Biller:
        """Payments wait in the ledger from now on; the callback goes on. ``seen``: the pause that this one replaces.

        Raises:
            Malformed: no such biller, or it was paused otherwise meanwhile.
            Unavailable: the store does not answer.
        """
        pause = Pause(reason=reason, until=until)
        return await changed(self._billers, biller_id, lambda biller: _switched(biller, seen, pause))

    async def resume(self, biller_id: str, *, seen: Pause | None = None) -> Biller:
        """Posting goes on, one payment alone first; a block stays. ``seen``: the pause to end, any where it is None.

        Raises:
            Malformed: no such biller, or it was paused otherwise meanwhile.
            Unavailable: the store does not answer; the biller is then still paused.
        """
        await self._known(biller_id)
        # The gate first: whoever sees that the pause is over is to see that one goes alone.
        await self._gates.resume(biller_id)
        return await changed(self._billers, biller_id, lambda biller: _switched(biller, seen or biller.paused, None))

    async def unblock(self, biller_id: str) -> None:
        """Posting goes on after whatever stopped it was mended, one payment alone first; a pause stays.

        Raises:
            Malformed: no such biller.
            Unavailable: the store does not answer; the biller is then still blocked.
        """
        await self._known(biller_id)
        await self._gates.unblock(biller_id)

    async def _known(self, biller_id: str) -> None:
        if await self._billers.get(biller_id) is None:
            raise Malformed(f"there is no biller {biller_id}")


def _switched(biller: Biller, seen: Pause | None, becomes: Pause | None) -> Biller:
    """The biller with another pause in the place of the one that was seen."""
    if biller.paused not in (seen, becomes):
        words = f"is paused meanwhile: {biller.paused.reason}" if biller.paused else "was resumed meanwhile"
        raise Malformed(f"biller {biller.biller_id} {words}")
    return biller.model_copy(update={"paused": becomes})
