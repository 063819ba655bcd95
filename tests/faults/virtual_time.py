"""An event loop in which nobody waits: where all tasks sleep, its clock jumps to the next timer."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_MOST_TURNS: Final = 2_000_000
"""Turns of the loop without a tick of the clock; more is a loop in the code that never waits."""


class Deadlock(AssertionError):
    """Every task waits, and no timer will wake any."""


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop; its selector watches no files, and passes time instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self
        # A timer may be due a rounding error later than the sum of the waits that lead to it.
        self._clock_resolution = 1e-6
        self._passed = 0.0
        self._turns = 0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._passed

    def select(self, timeout: float | None) -> Sequence[Any]:
        """What the base class asks when it has nothing to run for so many seconds; None: no timer is set."""
        if timeout is None:
            raise Deadlock(f"nothing will happen after {self._passed:.3f} s")
        self._turns = 0 if timeout > 0 else self._turns + 1
        if self._turns > _MOST_TURNS:
            raise Deadlock(f"time stands still at {self._passed:.3f} s")
        self._passed += max(timeout, 0)
        return ()

    def _process_events(self, event_list: Sequence[Any]) -> None:
        """There are no files, hence no events."""

    def _write_to_self(self) -> None:
        """There are no threads that could wake the loop."""


class VirtualClock:
    """``shared.vocabulary.clock.Clock`` over the loop: true time, as the storage service keeps it."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start.astimezone(UTC)
        self.began = self._start.timestamp()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return 1000 + self._loop.time()

    def seconds(self) -> float:
        """Since the simulation began."""
        return self._loop.time()

    def later(self, seconds: float, doing: Callable[..., None], *given: Any) -> None:
        """Have something done after so many seconds."""
        self._loop.call_later(seconds, doing, *given)
