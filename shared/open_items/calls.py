"""One call at a time for the same question: who asks meanwhile shares its answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any


class SharedCalls[KeyT: Hashable]:
    """Calls under way, by what they ask. An answer is handed to those who wait for it, and kept for nobody."""

    def __init__(self) -> None:
        self._under_way: dict[KeyT, asyncio.Task[Any]] = {}

    async def ask[AnswerT](self, key: KeyT, call: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
        """The answer of the call under way for ``key``, else of a new one; raises what the call raises."""
        under_way: asyncio.Task[AnswerT] | None = self._under_way.get(key)
        if under_way is None or under_way.done():
            under_way = self._under_way[key] = asyncio.create_task(call())
            under_way.add_done_callback(lambda done: self._ended(key, done))
        # One asker who goes away, the first included, must not end the call of the others.
        return await asyncio.shield(under_way)

    def _ended(self, key: KeyT, done: asyncio.Task[Any]) -> None:
        if self._under_way.get(key) is done:
            del self._under_way[key]
        if not done.cancelled():
            done.exception()  # every asker may have gone; asyncio would complain that nobody looked
