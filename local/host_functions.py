"""Runs one invocation: the function, then its queue outputs; both must succeed."""

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from local.host_storage import QueueStorage
from local.worker import Datum, Function, FunctionFailed, Worker

LOG = logging.getLogger("local.host")


class Runner:
    """Invokes functions of the loaded app; ``timeout`` in seconds, None for no limit."""

    def __init__(self, worker: Worker, storage: QueueStorage, timeout: float | None) -> None:
        self._worker = worker
        self._storage = storage
        self._timeout = timeout

    async def run(self, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None = None) -> Datum:
        """Call the function, write its queue outputs, and hand back what it returned.

        Raises:
            FunctionFailed: it raised; nothing was written.
            TimeoutError: it took longer than ``functionTimeout``; nothing was written.
            azure.core.exceptions.AzureError: an output could not be written.
        """
        async with asyncio.timeout(self._timeout):
            result = await self._worker.invoke(function, trigger, metadata)
        for name, datum in [*result.outputs, ("$return", result.returned)]:
            binding = function.outputs.get(name, {})
            if binding.get("type") == "queue" and datum is not None:
                for text in message_texts(datum):
                    await self._storage.write(binding["queueName"], text)
        return result.returned

    async def succeeds(self, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None = None) -> bool:
        """As ``run``, but an error is logged with its type and traceback."""
        try:
            await self.run(function, trigger, metadata)
        except Exception as error:  # noqa: BLE001 - whatever fails an invocation, the host goes on
            log_failure(function, error)
            return False
        return True


def log_failure(function: Function, error: Exception) -> None:
    """Log why an invocation failed."""
    if isinstance(error, FunctionFailed):
        error_type, text = error.error_type, error.traceback
    else:
        error_type, text = type(error).__name__, "".join(traceback.format_exception(error))
    LOG.error("function %s failed: %s\n%s", function.name, error_type, text)


def message_texts(datum: Datum) -> Iterator[str]:
    """The messages that a queue output holds.

    The platform parses an output that looks like JSON: each item of a list becomes a message, text items as they
    are, and anything else is written anew, indented. So do not compare our own messages byte by byte.
    """
    text = datum.value.decode() if isinstance(datum.value, bytes) else datum.value
    value = _json(text)
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


def timer_trigger() -> Datum:
    status = {"Schedule": {"AdjustForDST": False}, "ScheduleStatus": None, "IsPastDue": False}
    return Datum(json.dumps(status), "json")
