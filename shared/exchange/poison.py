"""Looks into the poison queues: a message may fail before any code of this app has seen it, and again in there.

A message that fails in a poison queue is hidden most of the time, and nobody can see how old it is. So each look tells
what lies there, and an alert finds what several looks in a row have seen.
"""

from typing import Final, Protocol

from shared.vocabulary import events

QUEUES: Final = (
    "payments",
    "ach-rejects",
    "reversals",
    "autopay-changes",
    "registrations",
    "control-totals",
    "due",
    "token-renewals",
)
"""Whose poison is looked for: every queue that a function of this app reads."""


class Lengths(Protocol):
    """How long queues are."""

    async def length(self, queue: str) -> int:
        """About how many messages lie in it, hidden ones too.

        Raises:
            Unavailable: the queue service does not answer.
        """
        ...


class WatchPoison:
    """Tells of every poison queue that is not empty; its own event tells that it has looked."""

    def __init__(self, lengths: Lengths) -> None:
        """Keep what knows the queues."""
        self._lengths = lengths

    async def __call__(self) -> None:
        """Look once.

        Raises:
            Unavailable: the queue service does not answer; what was seen before that has been told.
        """
        waiting = 0
        for queue in (f"{name}-poison" for name in QUEUES):
            if messages := await self._lengths.length(queue):
                waiting += 1
                events.emit("poison.waiting", events.WARNING, queue=queue, messages=messages)
        events.emit("poison.watched", waiting=waiting)
