"""What every entry point does with an error that nobody else caught.

The host writes such an error down by itself, text and stack, and no filter of this process sees that. So it is given
the error's type and nothing else; what the app may tell about it is an event of its own.
"""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError, place_of


class Failed(Exception):
    """An entry point failed; its text is the type of what was raised."""


def entry[**P, R](function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The function, whose errors tell the host nothing but their type; put it below all other decorators."""

    @functools.wraps(function)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold what is secret
            _tell(function.__name__, error)
            failed = Failed(type(error).__name__)
        # Out here, so that it has neither cause nor context: the host would write those down, too.
        raise failed

    return guarded


def _tell(name: str, error: Exception) -> None:
    """An error of ours has a text without secrets; of another one only type and place are told."""
    from shared.runtime.telemetry import redacted

    detail = {"detail": redacted(str(error))} if isinstance(error, CaselleError) else {}
    events.emit(
        "function.failed", events.ERROR, function=name, error=type(error).__name__, place=place_of(error), **detail
    )
