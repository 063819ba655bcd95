"""Events of the product that a command causes, and no function: for the log workspace, not for the terminal."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from admin.audit import LogWorkspace
from shared.vocabulary.errors import Unavailable

_LOG: Final = logging.getLogger("caselle")


class _Kept(logging.Handler):
    """Lines of JSON, one per event."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@asynccontextmanager
async def told(workspace: LogWorkspace | None) -> AsyncIterator[None]:
    """Around a command: its events are told when it ends, however it ends."""
    kept, before = _Kept(), _LOG.propagate
    _LOG.addHandler(kept)
    _LOG.propagate = False
    try:
        yield
    finally:
        _LOG.propagate = before
        _LOG.removeHandler(kept)
        if workspace is not None:
            with suppress(Unavailable):  # what was done is done; the tables hold it
                for line in kept.lines:
                    await workspace.tell(json.loads(line))
