"""Invoice Cloud tells what a customer changed; Caselle is told the newest, where the biller wants that."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages, send
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("update_autopay")
@bp.queue_trigger(arg_name="message", queue_name="autopay-changes", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def update_autopay(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """A customer joined, changed or left AutoPay."""
    from shared.ledger.entry import Kind

    await process.app().before_sending()
    handled = await process.app().update_customer.accept(Kind.AUTOPAY_CHANGE, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("update_registrations")
@bp.queue_trigger(arg_name="message", queue_name="registrations", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def update_registrations(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """A customer registered with an e-mail address."""
    from shared.ledger.entry import Kind

    await process.app().before_sending()
    handled = await process.app().update_customer.accept(Kind.REGISTRATION, message.get_body(), message.id or "")
    send(handled, results, due)
