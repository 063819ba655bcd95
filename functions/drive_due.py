"""One step of one payment that waits in the ledger."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages, send
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("drive_due")
@bp.queue_trigger(arg_name="message", queue_name="due", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def drive_due(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """A second delivery may mean that the first was cut off before its report."""
    from shared.ledger.due import Due

    step = Due.model_validate_json(message.get_body())
    await process.app().before_sending()
    handled = await process.app().drive.step(step, redelivered=(message.dequeue_count or 1) > 1)
    send(handled, results, due)
