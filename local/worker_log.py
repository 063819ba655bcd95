"""Which log records of the app leave the worker: those of invocations that run."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from azure_functions_runtime.utils.executor import invocation_id_cv  # type: ignore[import-untyped]  # ships no types

_OURS: Final = ("local.", "asyncio")
"""The worker's own loggers; the loop's complaints stay visible here, where there is nobody else to hear them."""


class OfRunningInvocations(logging.Filter):
    """Drops records of a task whose invocation has ended, and those that belong to none: without a trace, as the host.

    A task carries the id of the invocation that made it for good, also into ``asyncio.to_thread``; a plain thread and
    what runs at import have none.
    """

    def __init__(self) -> None:
        super().__init__()
        self._running: set[str] = set()

    @contextmanager
    def running(self, invocation: str) -> Iterator[None]:
        """While the invocation runs."""
        self._running.add(invocation)
        try:
            yield
        finally:
            self._running.discard(invocation)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the host takes it."""
        return record.name.startswith(_OURS) or invocation_id_cv.get() in self._running
