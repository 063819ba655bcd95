"""Invoice Cloud's control totals are kept as they come; every night all that is told of each deposit is compared."""

from typing import Final

import azure.functions as func

from functions.arrival import enqueued_at
from functions.entry import entry
from functions.outputs import BINARY, STORAGE
from functions.timers import note_run
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped

_BUDGET: Final = 120.0
"""Seconds in which a run begins new billers: it ends well within the functions' timeout of five minutes."""


@bp.function_name("keep_control_totals")
@bp.queue_trigger(arg_name="message", queue_name="control-totals", connection=STORAGE, data_type=BINARY)
@entry
async def keep_control_totals(message: func.QueueMessage) -> None:
    """What one deposit holds, by Invoice Cloud's count."""
    await process.app().control_totals.accept(message.get_body(), message.id or "", enqueued_at(message))


@bp.function_name("reconcile")
@bp.timer_trigger(arg_name="timer", schedule="0 */15 9-12 * * *", run_on_startup=False)
@entry
async def reconcile(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """The night of the whole country (UTC); each biller is done once, and a city that is down is tried again."""
    await process.app().reconcile.run(_BUDGET)
    await note_run("reconcile")
