"""A stamp that was away asks the others whether they have become home of its billers, before it sends anything."""

from collections.abc import Callable, Collection, Container
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

from shared.billers.model import Biller, Mode, Pause
from shared.billers.registry import BillerRegistry, changed
from shared.vocabulary import events
from shared.vocabulary.errors import Malformed, Misconfigured, Unavailable

STAMP_WAS_AWAY: Final = "stamp_was_away"
"""How the reason of such a pause begins; only a person ends it."""


class OtherStamps(Protocol):
    """The stamps of other regions."""

    @property
    def others(self) -> Collection[str]:
        """Their regions."""
        ...

    async def at_home(self, region: str, billers: Collection[str]) -> Collection[str]:
        """Which of these billers that region's stamp is home to.

        Raises:
            Unavailable: it gives no answer that says so.
        """
        ...


class Homecoming:
    """Pauses what another stamp may have taken over; whoever else sends finds the pause in the record."""

    def __init__(self, billers: BillerRegistry, stamps: OtherStamps, regions: Container[str]) -> None:
        """``regions``: those that are at home here."""
        self._billers = billers
        self._stamps = stamps
        self._regions = regions

    async def __call__(self, away: timedelta) -> None:
        """Ask every other stamp, and pause what one of them claims, or all where one does not answer.

        Raises:
            Unavailable: this stamp's own store does not answer; nothing may be sent before it does.
        """
        homes = (await self._billers.homes()).values()
        mine = {home.biller_id for home in homes if not home.retired and home.is_in(self._regions)}
        doubts = await self._doubts(mine)
        for biller_id, words in sorted(doubts.items()):
            # One that is gone, or that cannot be read, is not sent for either.
            with suppress(Malformed, Misconfigured):
                await changed(self._billers, biller_id, _paused(f"{STAMP_WAS_AWAY}: {words}"))
        hours = round(away.total_seconds() / 3600, 1)
        events.emit("stamp.was_away", events.ERROR, hours=hours, paused=len(doubts), billers=len(mine))

    async def _doubts(self, mine: Collection[str]) -> dict[str, str]:
        doubts: dict[str, str] = {}
        for region in self._stamps.others:
            try:
                claimed, words = await self._stamps.at_home(region, mine), f"{region} is home to it"
            except Unavailable as error:
                claimed, words = mine, f"{region} could not be asked ({error})"
            doubts |= {biller_id: words for biller_id in claimed if biller_id in mine and biller_id not in doubts}
        return doubts


def _paused(reason: str) -> Callable[[Biller], Biller]:
    """A pause without an end that is there already stays: a person ends that one, too."""

    def change(biller: Biller) -> Biller:
        kept = biller.paused is not None and biller.paused.until is None
        if kept or biller.mode in {Mode.DRAFT, Mode.RETIRED}:
            return biller
        return biller.model_copy(update={"paused": Pause(reason=reason)})

    return change
