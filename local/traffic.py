"""Invoice Cloud's part on one machine: enqueues messages, and collects what ``posting-results`` says about each."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.payments_file import queue_text
from shared.exchange.result import Outcome, PostingResult

DUPLICATE = "duplicate"

_MOST_PER_READ = 32
_PAUSE_SECONDS = 0.2
_FOR_EVER = -1


class Traffic:
    """One file of messages on its way. ``enqueue`` and ``collect`` run side by side.

    ``results`` holds, by queue message id, the latest outcome, ``told`` how many came; ``message_ids`` are those of the
    lines, in order.
    """

    def __init__(self, queues: QueueServiceClient, lines: Sequence[str], queue: str = "payments") -> None:
        self.message_ids: list[str] = []
        self.results: dict[str, PostingResult] = {}
        self.told: Counter[str] = Counter()
        self._lines = list(lines)
        self._inbound = queues.get_queue_client(queue)
        self._outcomes = queues.get_queue_client("posting-results")
        self._last_event = time.monotonic()

    def add(self, lines: Sequence[str]) -> None:
        """More lines, to be enqueued after the others."""
        self._lines += lines

    async def enqueue(self) -> None:
        """Send every line that has not been sent, one after the other, so that the queue keeps their order."""
        for number, line in enumerate(self._lines[len(self.message_ids) :], start=len(self.message_ids)):
            sent = await self._inbound.send_message(queue_text(line, number), time_to_live=_FOR_EVER)
            self.message_ids.append(sent.id)
            self._last_event = time.monotonic()

    async def collect(self, patience: float, each_time: Callable[[], None]) -> bool:
        """Read outcomes until every line has one; False when nothing happened for ``patience`` seconds.

        Args:
            patience: seconds.
            each_time: called after each reading; what it raises ends the collecting.
        """
        while self.unsettled():
            found = await self._read()
            each_time()
            if not found:
                if time.monotonic() - self._last_event > patience:
                    return False
                await asyncio.sleep(_PAUSE_SECONDS)
        return True

    def counts(self) -> Counter[str]:
        """How many lines have which outcome, as far as it is known."""
        return Counter(outcome for outcome in map(self._outcome, self.message_ids) if outcome)

    def unsettled(self) -> list[int]:
        """Numbers of the lines, counted from 1, that have no outcome yet."""
        missing = [number for number, sent in enumerate(self.message_ids, start=1) if not self._outcome(sent)]
        return missing + list(range(len(self.message_ids) + 1, len(self._lines) + 1))

    def take(self, result: PostingResult) -> None:
        """Keep a result unless a later one is known, or it settles nothing."""
        known = self.results.get(result.message_id)
        settles = result.duplicate or result.outcome is not Outcome.PENDING
        self.told[result.message_id] += settles
        if settles and (known is None or known.version < result.version):
            self.results[result.message_id] = result

    def _outcome(self, message_id: str) -> str | None:
        result = self.results.get(message_id)
        if result is None:
            return None
        return DUPLICATE if result.duplicate else str(result.outcome)

    async def _read(self) -> int:
        received = [message async for message in self._outcomes.receive_messages(max_messages=_MOST_PER_READ)]
        for message in received:
            self.take(PostingResult.model_validate_json(message.content))
            self._last_event = time.monotonic()
        await asyncio.gather(*(_delete(self._outcomes, message) for message in received))
        return len(received)


async def _delete(queue: QueueClient, message: QueueMessage) -> None:
    await queue.delete_message(message.id, message.pop_receipt)
