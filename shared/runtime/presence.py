"""Whether this stamp was here all along: one that was away asks the others before it sends anything."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

AWAY: Final = timedelta(minutes=30)
"""The sweeper runs every minute; one that has not run for so long was not here."""

SWEEP: Final = "sweep"
HOMECOMING: Final = "homecoming"

_LOOKS: Final = timedelta(minutes=10)
"""How long a process believes what it saw; one that stood still for longer looks again before it sends."""


class Runs(Protocol):
    """When each timer last ran. Every method raises ``Unavailable`` where the table does not answer."""

    async def note(self, timer: str, at: datetime) -> None:
        """A run of this timer ended at ``at``."""
        ...

    async def all(self) -> Mapping[str, datetime]:
        """By timer, when its latest run ended."""
        ...


class Presence:
    """One per process; whoever may send waits for it first, which costs a read every ten minutes."""

    def __init__(
        self, runs: Runs, now: Callable[[], datetime], come_home: Callable[[timedelta], Awaitable[None]]
    ) -> None:
        """``come_home`` is given how long the stamp was away."""
        self._runs = runs
        self._now = now
        self._come_home = come_home
        self._looked: datetime | None = None
        self._looking = asyncio.Lock()

    async def __call__(self) -> None:
        """Return when this stamp may send.

        Raises:
            Unavailable: a store does not answer; nothing may be sent, and the message must come again.
        """
        async with self._looking:
            if self._looked is not None and abs(self._now() - self._looked) < _LOOKS:
                return
            ran = await self._runs.all()
            seen = [ran[timer] for timer in (SWEEP, HOMECOMING) if timer in ran]
            # A stamp that has never swept has sent nothing that another could have taken over.
            if seen and (away := self._now() - max(seen)) > AWAY:
                await self._come_home(away)
                await self._runs.note(HOMECOMING, self._now())
            self._looked = self._now()
