"""Poison queues are emptied at once: their messages would expire after seven days."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages, send
from shared.runtime import process
from shared.vocabulary import events

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("poison_payments")
@bp.queue_trigger(arg_name="message", queue_name="payments-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_payments(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """A payment that failed again and again becomes a waiting entry of the ledger, which has its own retries."""
    events.emit("payment.poisoned", events.ERROR, message=message.id)
    send(await process.app().post_payment.shelve(message.get_body(), message.id or ""), results, due)


@bp.function_name("poison_ach_rejects")
@bp.queue_trigger(arg_name="message", queue_name="ach-rejects-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_ach_rejects(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """As a payment."""
    from shared.ledger.entry import Kind

    events.emit("ach_reject.poisoned", events.ERROR, message=message.id)
    handled = await process.app().reverse_payment.shelve(Kind.ACH_REJECT, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("poison_reversals")
@bp.queue_trigger(arg_name="message", queue_name="reversals-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_reversals(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """As a payment."""
    from shared.ledger.entry import Kind

    events.emit("reversal.poisoned", events.ERROR, message=message.id)
    handled = await process.app().reverse_payment.shelve(Kind.REVERSAL, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("poison_autopay_changes")
@bp.queue_trigger(arg_name="message", queue_name="autopay-changes-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_autopay_changes(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """As a payment."""
    from shared.ledger.entry import Kind

    events.emit("autopay_change.poisoned", events.ERROR, message=message.id)
    handled = await process.app().update_customer.shelve(Kind.AUTOPAY_CHANGE, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("poison_registrations")
@bp.queue_trigger(arg_name="message", queue_name="registrations-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_registrations(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """As a payment."""
    from shared.ledger.entry import Kind

    events.emit("registration.poisoned", events.ERROR, message=message.id)
    handled = await process.app().update_customer.shelve(Kind.REGISTRATION, message.get_body(), message.id or "")
    send(handled, results, due)


@bp.function_name("poison_control_totals")
@bp.queue_trigger(arg_name="message", queue_name="control-totals-poison", connection=STORAGE, data_type=BINARY)
@entry
async def poison_control_totals(message: func.QueueMessage) -> None:
    """No money depends on it: a masked copy is kept, and Invoice Cloud sends the total again."""
    events.emit("control_total.poisoned", events.ERROR, message=message.id)
    await process.app().control_totals.give_up(message.get_body(), message.id or "")


@bp.function_name("poison_due")
@bp.queue_trigger(arg_name="message", queue_name="due-poison", connection=STORAGE, data_type=BINARY)
@bp.queue_output(arg_name="results", queue_name="posting-results", connection=STORAGE)
@bp.queue_output(arg_name="due", queue_name="due", connection=STORAGE)
@entry
async def poison_due(message: func.QueueMessage, results: Messages, due: Messages) -> None:
    """The entry itself is safe in the ledger and the sweeper drives it; only a lost report is made up for here."""
    events.emit("due.poisoned", events.ERROR, message=message.id)
    send(await process.app().drive.give_up(message.get_body(), message.id or ""), results, due)
