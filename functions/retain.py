"""Every hour: what is older than it must be kept is removed."""

from typing import Final

import azure.functions as func

from functions.entry import entry
from functions.timers import note_run
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped

_BUDGET: Final = 180.0
"""Seconds of one run; the next one goes on."""


@bp.function_name("retain")
@bp.timer_trigger(arg_name="timer", schedule="0 20 * * * *", run_on_startup=False)
@entry
async def retain(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """Costs next to nothing while nothing is old."""
    await process.app().retain.run(_BUDGET)
    await note_run("retain")
