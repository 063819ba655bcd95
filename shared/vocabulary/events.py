"""Events: one line of JSON each, under a constant name that alerts, workbook and docs share.

The platform drops a line of a task whose invocation has ended, though others may wait for the task. So what a task does
for several invocations is kept (``kept_in``), and each of them that is still there tells it (``tell``).
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

INFO: Final = logging.INFO
WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR

_LOG: Final = logging.getLogger("caselle")
_JSON: Final = json.JSONEncoder(default=str, ensure_ascii=False)


@dataclass(slots=True, eq=False)
class Kept:
    """An event that waits for somebody who can tell it; several may hold it, and one tells it."""

    level: int
    line: str
    told: bool = False


_KEEPING: Final[ContextVar[list[Kept] | None]] = ContextVar("keeping", default=None)


def emit(name: str, level: int = INFO, **fields: object) -> None:
    """Log ``{"event": name, ...fields}``; fields never hold a key, token, secret, email or payer name."""
    line, keeping = _JSON.encode({"event": name, **fields}), _KEEPING.get()
    if keeping is None:
        _LOG.log(level, "%s", line)
    else:
        keeping.append(Kept(level, line))


@contextmanager
def kept_in(kept: list[Kept]) -> Iterator[None]:
    """Within, in this task and those that it makes, events are put into the list and told by nobody."""
    token = _KEEPING.set(kept)
    try:
        yield
    finally:
        _KEEPING.reset(token)


def tell(kept: list[Kept]) -> None:
    """Log what is in the list and has not been told, and take it out.

    A task that itself keeps its events hands them on, and they stay in the list: whoever comes first tells them.
    """
    keeping = _KEEPING.get()
    for each in kept:
        if keeping is None and not each.told:
            _LOG.log(each.level, "%s", each.line)
            each.told = True
        elif keeping is not None and each not in keeping:
            keeping.append(each)
    kept[:] = [each for each in kept if not each.told]
