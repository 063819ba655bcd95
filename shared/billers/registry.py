"""Where billers are kept, and a cache that spares a warm payment the reading."""

from collections.abc import Callable, Container, Mapping
from typing import Final, NamedTuple, Protocol

from shared.billers.model import Biller
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Malformed, Unavailable

_MISS_SECONDS: Final = 10
"""A biller just added is known this soon, and a stray id still costs one read in that time."""
_TRIES: Final = 5


class Home(NamedTuple):
    """The stamp that a biller is at home in; ``region`` is None where the biller's record names none: this one."""

    biller_id: str
    region: str | None
    retired: bool

    def is_in(self, regions: Container[str]) -> bool:
        """Whether a stamp that serves these regions is its home."""
        return self.region is None or self.region in regions


class BillerRegistry(Protocol):
    """Billers by id. Every method raises ``Unavailable`` where the store does not answer.

    None of them writes over what it has not seen: a record is money's way, and two people may change it at once.
    """

    async def get(self, biller_id: str) -> Biller | None:
        """The biller of that id, or None."""
        ...

    async def latest(self, biller_id: str) -> Biller | None:
        """The same as it stands in the store at this moment, whatever is remembered of it."""
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


async def changed(billers: BillerRegistry, biller_id: str, change: Callable[[Biller], Biller]) -> Biller:
    """Change a biller's record as it stands when it is written; what others change meanwhile stands as well.

    Raises:
        Malformed: there is no such biller; and whatever ``change`` raises.
        Unavailable: the store does not answer, or the record keeps changing.
    """
    for _ in range(_TRIES):
        before = await billers.get(biller_id)
        if before is None:
            raise Malformed(f"there is no biller {biller_id}")
        after = change(before)
        if await billers.replace(after, before):
            return after
    raise Unavailable(f"the record of biller {biller_id} keeps changing")


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

    async def latest(self, biller_id: str) -> Biller | None:
        """The biller of that id as it is; this process sees it from now on."""
        biller = await self._inner.latest(biller_id)
        self._keep(biller_id, biller)
        return biller

    async def replace(self, biller: Biller, before: Biller | None) -> bool:
        """Write through; this process sees the change at once, or, where it was not written, what is there instead."""
        written = await self._inner.replace(biller, before)
        if written:
            self._keep(biller.biller_id, biller)
        else:
            self._kept.pop(biller.biller_id, None)
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
