"""One call at a time for the same question: who asks meanwhile shares its answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final

from shared.vocabulary import events

_MOST_KEPT: Final = 100
"""Events that wait for an asker; the oldest give way."""


class SharedCalls[KeyT: Hashable]:
    """Calls under way, by what they ask. An answer is handed to those who wait for it, and kept for nobody.

    An event of a call is told by the first asker that gets an answer and is still there: the call itself belongs to
    whoever began it, and that one may be gone. Where all have gone, the next asker tells it.
    """

    def __init__(self) -> None:
        self._under_way: dict[KeyT, asyncio.Task[Any]] = {}
        self._events: list[events.Kept] = []

    async def ask[AnswerT](self, key: KeyT, call: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
        """The answer of the call under way for ``key``, else of a new one; raises what the call raises."""
        under_way: asyncio.Task[AnswerT] | None = self._under_way.get(key)
        if under_way is None or under_way.done():
            under_way = self._under_way[key] = asyncio.create_task(self._keeping(call))
            under_way.add_done_callback(lambda done: self._ended(key, done))
        # One asker who goes away, the first included, must not end the call of the others.
        await asyncio.wait([under_way])
        events.tell(self._events)
        return under_way.result()

    async def _keeping[AnswerT](self, call: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
        with events.kept_in(self._events):
            return await call()

    def _ended(self, key: KeyT, done: asyncio.Task[Any]) -> None:
        if self._under_way.get(key) is done:
            del self._under_way[key]
        del self._events[:-_MOST_KEPT]
        if not done.cancelled():
            done.exception()  # every asker may have gone; asyncio would complain that nobody looked
