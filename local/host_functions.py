"""Runs one invocation: the function, then its queue outputs; both must succeed."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.host_storage import QueueStorage
from local.invocation import Datum, Failure, Function, Result
from local.workers import FunctionFailed, WorkerGone, Workers

LOG = logging.getLogger("local.host")

GRACE: Final = 2.0
"""Seconds that a function over its time may go on; the platform was seen to take 2 to 10."""


class Runner:
    """Invokes functions of the loaded app.

    Args:
        timeout: ``functionTimeout`` in seconds, None for no limit.
    """

    def __init__(self, workers: Workers, storage: QueueStorage, timeout: float | None) -> None:
        self._workers = workers
        self._storage = storage
        self._timeout = timeout
        self._late: set[asyncio.Task[None]] = set()

    async def run(
        self, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None = None
    ) -> Datum | None:
        """Call the function, write its queue outputs, and hand back what it returned.

        Raises:
            FunctionFailed: it raised; nothing was written.
            WorkerGone: its worker ended; nothing was written.
            TimeoutError: it took longer than ``functionTimeout``; nothing was written. It goes on.
            azure.core.exceptions.AzureError: an output could not be written.
        """
        result = await self._answer(await self._workers.invoke(function, trigger, metadata or {}))
        for name, datum in [*result.outputs, ("$return", result.returned)]:
            binding = function.outputs.get(name, {})
            if binding.get("type") == "queue" and datum is not None:
                for text in message_texts(datum):
                    await self._storage.write(binding["queueName"], text)
        return result.returned

    async def succeeds(self, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None = None) -> bool:
        """As ``run``, but an error is logged."""
        try:
            await self.run(function, trigger, metadata)
        except Exception as error:  # noqa: BLE001 - whatever fails an invocation, the host goes on
            log_failure(function, error)
            return False
        return True

    async def _answer(self, asked: "asyncio.Future[Result | Failure]") -> Result:
        done, _ = await asyncio.wait([asked], timeout=self._timeout)
        if not done:
            late = asyncio.create_task(self._put_up_with(asked))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            raise TimeoutError(f"a function ran for more than {self._timeout:g} s")
        answer = asked.result()
        if isinstance(answer, Failure):
            raise FunctionFailed(f"{answer.error}\n{answer.traceback}")
        return answer

    async def _put_up_with(self, late: "asyncio.Future[Result | Failure]") -> None:
        """A function over its time is not cancelled: a little later its worker is killed, with all that it runs."""
        done, _ = await asyncio.wait([late], timeout=GRACE)
        if not done:
            LOG.error("a function over its time has not ended: its worker is replaced")
            self._workers.replace()
            await asyncio.wait([late])
        late.exception()


def log_failure(function: Function, error: Exception) -> None:
    """Why an invocation failed, with the text and stack of what the function raised: as the platform writes it down."""
    words = str(error) if isinstance(error, FunctionFailed | WorkerGone | TimeoutError) else type(error).__name__
    LOG.error("function %s failed: %s", function.name, words)


def message_texts(datum: Datum) -> Iterator[str]:
    """The messages that a queue output holds.

    The platform parses an output of text that looks like JSON: each item of a list becomes a message, text items as
    they are, and anything else is written anew, indented. So do not compare our own messages byte by byte. An output of
    bytes is one message, and what is no UTF-8 in it is replaced.
    """
    if isinstance(datum.value, bytes):
        yield datum.value.decode(errors="replace")
        return
    value = _json(datum.value)
    for item in value if isinstance(value, list) else [value]:
        yield item if isinstance(item, str) else json.dumps(item, indent=2, ensure_ascii=False)


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The list or object that the text holds, or the text itself."""
    if text.strip()[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
