"""Slots as this process sees them: spares a storage transaction where its own sends already fill them all."""

import asyncio
import math
from collections import defaultdict
from dataclasses import dataclass, field

from shared.ledger.entry import Key
from shared.ledger.times import Times
from shared.vocabulary.clock import Clock


@dataclass(slots=True)
class _Lane:
    """One biller's slots; moments by the monotonic clock."""

    taken: dict[int, float] = field(default_factory=dict)
    """Since when each slot is in use here."""
    freed: asyncio.Condition = field(default_factory=asyncio.Condition)
    waiting: int = 0
    count: int = 1
    turn: float = math.inf
    """Seconds for which a slot was last in use."""
    deferred: float = -math.inf
    """When a message was last left waiting in the ledger."""
    shared: float = -math.inf
    """When another process was last found in a slot."""

    def free(self, count: int, passing_over: frozenset[int]) -> int | None:
        return next((slot for slot in range(count) if slot not in self.taken and slot not in passing_over), None)


class LocalSlots:
    """Which slots of which biller this process uses, and for whom it recently had none."""

    def __init__(self, clock: Clock, times: Times) -> None:
        """Start with every slot free."""
        self._clock = clock
        self._times = times
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)
        self._chained: dict[Key, float] = {}

    async def take(self, biller: str, count: int, *, passing_over: frozenset[int] = frozenset()) -> int | None:
        """A slot below ``count`` that this process does not use; None when none came free in ``slot_wait``.

        No more wait at once than there are slots, or than will surely have their turn in that time: behind them the
        others of a burst would only hold up its neighbours.
        """
        lane = self._lanes[biller]
        lane.count = count
        if passing_over:
            lane.shared = self._clock.monotonic()
        free = lane.free(count, passing_over)
        if free is None and self._may_wait(lane):
            lane.waiting += 1
            try:
                free = await self._wait(lane, passing_over)
            finally:
                lane.waiting -= 1
        if free is not None:
            lane.taken[free] = self._clock.monotonic()
        return free

    async def release(self, biller: str, slot: int) -> None:
        """Give a slot back and wake who waits for it."""
        lane = self._lanes[biller]
        # Before anything is awaited: a cancellation must not keep the slot for ever.
        lane.turn = self._clock.monotonic() - lane.taken.pop(slot)
        async with lane.freed:
            lane.freed.notify_all()  # the first may pass this very slot over

    def remember_deferral(self, biller: str) -> None:
        """A message of this biller now waits in the ledger because of its slots."""
        self._lanes[biller].deferred = self._clock.monotonic()

    def forget_deferral(self, biller: str, seen_at: float) -> None:
        """None of this biller's messages waited at that moment, by ``now``."""
        if self._lanes[biller].deferred < seen_at:
            self._lanes[biller].deferred = -math.inf

    def now(self) -> float:
        """The monotonic clock by which deferrals are remembered."""
        return self._clock.monotonic()

    def deferred_lately(self, biller: str) -> bool:
        """Whether such a message probably still waits."""
        return self._lately(self._lanes[biller].deferred)

    def chain(self, biller: str, candidates: list[Key]) -> list[Key]:
        """The next candidates that are not on their way already; they are now, until they have ended.

        One, or where turns are short as many as it takes to have one there for each slot when it comes free. With
        another process in the same slots it is one: more would meet there and find none.
        """
        now, lane = self._clock.monotonic(), self._lanes[biller]
        self._chained = {key: at for key, at in self._chained.items() if now - at < self._times.slot_retry}
        idle = [key for key in candidates if key not in self._chained]
        wanted = lane.count - (len(candidates) - len(idle)) if self._have_turns(lane, 1) else 1
        chosen = idle[: max(1, wanted)]
        self._chained |= dict.fromkeys(chosen, now)
        return chosen

    def ended(self, key: Key) -> None:
        """The step for this entry is done; where it still waits, it may be put on its way again."""
        self._chained.pop(key, None)

    def _may_wait(self, lane: _Lane) -> bool:
        return lane.waiting < lane.count or self._have_turns(lane, (lane.waiting + 1) / lane.count)

    def _have_turns(self, lane: _Lane, turns: float) -> bool:
        """Whether so many turns end within ``slot_wait``; with another process in the slots nobody can say."""
        return turns * lane.turn <= self._times.slot_wait and not self._lately(lane.shared)

    async def _wait(self, lane: _Lane, passing_over: frozenset[int]) -> int | None:
        if len(passing_over) >= lane.count:
            return None
        count = lane.count
        try:
            async with asyncio.timeout(self._times.slot_wait), lane.freed:
                await lane.freed.wait_for(lambda: lane.free(count, passing_over) is not None)
                return lane.free(count, passing_over)
        except TimeoutError:
            return None

    def _lately(self, moment: float) -> bool:
        return self._clock.monotonic() - moment < self._times.chain_memory
