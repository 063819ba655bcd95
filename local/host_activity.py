"""What the host is doing at this moment: it decides how long a host that is asked to end goes on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_DRAIN: Final = 10.0
_DRAIN_WITH_CALLS: Final = 30.0


class Activity:
    """Counts HTTP calls that are being answered, and everything else that must not be cut off in good order.

    Args:
        limits: seconds to go on for without and with an HTTP call in flight, from being asked to end.
    """

    def __init__(self, limits: tuple[float, float] = (_DRAIN, _DRAIN_WITH_CALLS)) -> None:
        self._limit, self._limit_with_calls = limits
        self._calls = 0
        self._others = 0
        self._changed = asyncio.Event()

    @contextmanager
    def call(self) -> Iterator[None]:
        """While an HTTP call is answered."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._changed.set()

    @contextmanager
    def work(self) -> Iterator[None]:
        """While a message is fetched, worked on or settled, or a timer's function runs."""
        self._others += 1
        try:
            yield
        finally:
            self._others -= 1
            self._changed.set()

    def until_done(self, task: "asyncio.Task[object]") -> None:
        """As ``work``, from now on until the task has ended."""
        work = self.work()
        work.__enter__()
        task.add_done_callback(lambda _: work.__exit__(None, None, None))

    async def ends(self) -> bool:
        """Wait until nothing runs; False when the time is up first."""
        began = time.monotonic()
        while self._calls or self._others:
            self._changed.clear()
            limit = self._limit_with_calls if self._calls else self._limit
            try:
                async with asyncio.timeout(began + limit - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                return False
        return True
