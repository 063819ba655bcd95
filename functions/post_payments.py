"""Invoice Cloud enqueues a payment; it is posted to Caselle once, and its outcome is reported."""

import azure.functions as func

from functions.arrival import enqueued_at
from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages, send
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("post_payments")
@bp.queue_trigger(arg_name="message", queue_name="payments", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def post_payments(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """An error that is raised brings the message again; nothing was sent that the ledger does not know."""
    await process.app().before_sending()
    handled = await process.app().post_payment.accept(message.get_body(), message.id or "", enqueued_at(message))
    send(handled, results, due)
