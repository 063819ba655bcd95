"""Slots as this process sees them: spares a storage transaction where its own sends already fill them all."""

import asyncio
from collections import Counter, defaultdict

from shared.ledger.entry import Key
from shared.ledger.times import Times
from shared.vocabulary.clock import Clock


class LocalSlots:
    """Which slots of which biller this process uses, and for whom it recently had none."""

    def __init__(self, clock: Clock, times: Times) -> None:
        """Start with every slot free."""
        self._clock = clock
        self._times = times
        self._taken: defaultdict[str, set[int]] = defaultdict(set)
        self._freed: defaultdict[str, asyncio.Condition] = defaultdict(asyncio.Condition)
        self._waiting: Counter[str] = Counter()
        self._deferred: dict[str, float] = {}
        self._chained: dict[Key, float] = {}

    async def take(self, biller: str, count: int, *, passing_over: frozenset[int] = frozenset()) -> int | None:
        """A slot below ``count`` that this process does not use; None when none came free in ``slot_wait``.

        No more wait at once than there are slots: behind them the others of a burst would only hold up its neighbours.
        """
        free = self._free(biller, count, passing_over)
        if free is None and self._waiting[biller] < count:
            self._waiting[biller] += 1
            try:
                free = await self._wait(biller, count, passing_over)
            finally:
                self._waiting[biller] -= 1
        if free is not None:
            self._taken[biller].add(free)
        return free

    async def release(self, biller: str, slot: int) -> None:
        """Give a slot back and wake one who waits for it."""
        # Before anything is awaited: a cancellation must not keep the slot for ever.
        self._taken[biller].discard(slot)
        async with self._freed[biller]:
            self._freed[biller].notify()

    def remember_deferral(self, biller: str) -> None:
        """A message of this biller now waits in the ledger because of its slots."""
        self._deferred[biller] = self._clock.monotonic()

    def deferred_lately(self, biller: str) -> bool:
        """Whether such a message probably still waits."""
        since = self._deferred.get(biller)
        return since is not None and self._clock.monotonic() - since < self._times.chain_memory

    def chain(self, candidates: list[Key]) -> Key | None:
        """The first candidate that is not on its way already; it is now, until it has arrived."""
        now = self._clock.monotonic()
        self._chained = {key: at for key, at in self._chained.items() if now - at < self._times.slot_retry}
        chosen = next((key for key in candidates if key not in self._chained), None)
        if chosen is not None:
            self._chained[chosen] = now
        return chosen

    def arrived(self, key: Key) -> None:
        """A step for this entry came in; whatever becomes of it, the next may be put on its way."""
        self._chained.pop(key, None)

    def _free(self, biller: str, count: int, passing_over: frozenset[int]) -> int | None:
        used = self._taken[biller] | passing_over
        return next((slot for slot in range(count) if slot not in used), None)

    async def _wait(self, biller: str, count: int, passing_over: frozenset[int]) -> int | None:
        if len(passing_over) >= count:
            return None
        try:
            async with asyncio.timeout(self._times.slot_wait), self._freed[biller]:
                await self._freed[biller].wait_for(lambda: self._free(biller, count, passing_over) is not None)
                return self._free(biller, count, passing_over)
        except TimeoutError:
            return None
