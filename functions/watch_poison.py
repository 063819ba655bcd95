"""Every five minutes: what lies in a poison queue is told."""

import azure.functions as func

from functions.entry import entry
from functions.timers import note_run
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("watch_poison")
@bp.timer_trigger(arg_name="timer", schedule="15 */5 * * * *", run_on_startup=False)
@entry
async def watch_poison(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """The functions of those queues empty them at once; what they cannot even be given stays."""
    await process.app().watch_poison()
    await note_run("watch_poison")
