"""Where billers are kept, and a cache that spares a warm payment the reading."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from shared.billers.model import Biller
from shared.vocabulary.clock import Clock

_MISS_SECONDS: Final = 10
"""A biller just added is known this soon, and a stray id still costs one read in that time."""


class Home(NamedTuple):
    """The stamp that a biller is at home in; ``region`` is None where the biller's record names none: this one."""

    biller_id: str
    region: str | None
    retired: bool


class BillerRegistry(Protocol):
    """Billers by id. Every method raises ``Unavailable`` where the store does not answer."""

    async def get(self, biller_id: str) -> Biller | None:
        """The biller of that id, or None."""
        ...

    async def put(self, biller: Biller) -> None:
        """Add the biller, or replace the one of the same id."""
        ...

    async def replace(self, biller: Biller, before: Biller | None) -> bool:
        """Put the biller in the place of ``before``, if that is still what is there (None: nothing).

        Returns False, and writes nothing, where another record is there; True where it is this very one already.
        """
        ...

    async def all(self) -> list[Biller]:
        """Every biller, ordered by id as text."""
        ...

    async def homes(self) -> Mapping[str, Home]:
        """Where every biller is at home, by biller id."""
        ...


class CachedRegistry:
    """A registry that remembers what it read: billers for ``seconds``, unknown ids for ten seconds at most."""

    def __init__(self, inner: BillerRegistry, clock: Clock, seconds: float = 60) -> None:
        self._inner = inner
        self._clock = clock
        self._seconds = seconds
        self._kept: dict[str, tuple[float, Biller | None]] = {}

    async def get(self, biller_id: str) -> Biller | None:
        """The biller of that id as it was at most ``seconds`` ago, or None."""
        until, biller = self._kept.get(biller_id, (0.0, None))
        if self._clock.monotonic() < until:
            return biller
        biller = await self._inner.get(biller_id)
        self._keep(biller_id, biller)
        return biller

    async def put(self, biller: Biller) -> None:
        """Write through; this process sees the change at once."""
        await self._inner.put(biller)
        self._keep(biller.biller_id, biller)

    async def replace(self, biller: Biller, before: Biller | None) -> bool:
        """Write through; where it was written, this process sees the change at once."""
        written = await self._inner.replace(biller, before)
        if written:
            self._keep(biller.biller_id, biller)
        return written

    async def all(self) -> list[Biller]:
        """Every biller, read from the store."""
        return await self._inner.all()

    async def homes(self) -> Mapping[str, Home]:
        """Where every biller is at home, read from the store."""
        return await self._inner.homes()

    def _keep(self, biller_id: str, biller: Biller | None) -> None:
        seconds = self._seconds if biller else min(self._seconds, _MISS_SECONDS)
        self._kept[biller_id] = (self._clock.monotonic() + seconds, biller)
