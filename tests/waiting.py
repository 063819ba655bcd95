"""Waiting for what other processes do: asked again and again, with pauses that leave them the processor."""

import asyncio
import time
from inspect import isawaitable

SECONDS = 60
PAUSE = 0.1


async def until(found, seconds=SECONDS, pause=PAUSE):
    """The first true answer of ``found``, an ordinary function or a coroutine's."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer := await answer if isawaitable(answer) else answer:
            return answer
        assert time.monotonic() < deadline, "it does not happen"
        await asyncio.sleep(pause)


def until_now(found, seconds=SECONDS):
    """As ``until``, where no event loop runs."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(PAUSE)
    return answer


async def until_empty(queues, name):
    """Until the queue has no message; those that are being worked on count, too."""

    async def empty():
        return not (await queues.get_queue_client(name).get_queue_properties()).approximate_message_count

    await until(empty)
