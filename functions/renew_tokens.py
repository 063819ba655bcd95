"""Every five minutes: tokens that are due go to the queue ``token-renewals``, and from there are looked after."""

import azure.functions as func

from functions.entry import entry
from functions.outputs import BINARY, STORAGE, Messages
from functions.timers import note_run
from shared.runtime import process
from shared.vocabulary import events

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("sweep_tokens")
@bp.timer_trigger(arg_name="timer", schedule="30 */5 * * * *", run_on_startup=False)
@bp.queue_output(arg_name="due", queue_name="token-renewals", connection=STORAGE)
@entry
async def sweep_tokens(timer: func.TimerRequest, due: Messages) -> None:  # noqa: ARG001 - the binding's name
    """The same token twice is harmless: after the first look it is not due any more."""
    found = await process.app().sweep_tokens()
    if found:
        due.set([each.to_message() for each in found])
    await note_run("sweep_tokens")


@bp.function_name("renew_token")
@bp.queue_trigger(arg_name="message", queue_name="token-renewals", connection=STORAGE, data_type=BINARY)
@entry
async def renew_token(message: func.QueueMessage) -> None:
    """Try, renew or warn; where a store does not answer, the message comes again."""
    from shared.tokens.look import TokenDue

    await process.app().tokens.look_after(TokenDue.model_validate_json(message.get_body()))


@bp.function_name("poison_token_renewals")
@bp.queue_trigger(arg_name="message", queue_name="token-renewals-poison", connection=STORAGE, data_type=BINARY)
@entry
async def poison_token_renewals(message: func.QueueMessage) -> None:
    """Nothing is lost: the token stays due, and the next run of the timer finds it."""
    events.emit("token.look_poisoned", events.ERROR, message=message.id)
