"""Invoice Cloud reports that a payment's money went back; it is undone in Caselle once, by the biller's strategy."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages, send
from shared.runtime import process

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("reverse_ach_rejects")
@bp.queue_trigger(arg_name="message", queue_name="ach-rejects", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def reverse_ach_rejects(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """The bank returned a payment."""
    from shared.ledger.entry import Kind

    handled = await process.app().reverse_payment.accept(Kind.ACH_REJECT, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("reverse_payments")
@bp.queue_trigger(arg_name="message", queue_name="reversals", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def reverse_payments(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """A void, a refund or a chargeback."""
    from shared.ledger.entry import Kind

    handled = await process.app().reverse_payment.accept(Kind.REVERSAL, message.get_body(), message.id or "")
    send(handled, results, due)
