"""For which entry the app is at work: a task's own, so that a call is known by whom it is made for."""

from contextvars import ContextVar
from typing import Final

ERRAND: Final[ContextVar[str | None]] = ContextVar("errand", default=None)
"""The entry's key, as it stands in rows."""
