"""Every minute: what is due in the ledger goes to the queue ``due``."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import STORAGE, Messages
from functions.timers import note_run
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("sweep")
@bp.timer_trigger(arg_name="timer", schedule="0 * * * * *", run_on_startup=False)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def sweep(timer: func.TimerRequest, due: Messages) -> None:  # noqa: ARG001 - the binding's name
    """The same entry twice is harmless: the second message finds another version and is dropped."""
    from shared.ledger.due import to_message

    await process.app().before_sending()
    found = await process.app().sweep.run()
    if found:
        due.set([to_message(each) for each in found])
    await note_run("sweep")
