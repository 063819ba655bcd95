"""What every queue function is bound with, and what it does with what a step leaves to be sent."""

from typing import TYPE_CHECKING, List  # noqa: UP035 - as below

import azure.functions as func

if TYPE_CHECKING:
    from shared.exchange.result import Handled

STORAGE = "AzureWebJobsStorage"

BINARY = func.DataType.BINARY
"""Of every queue trigger: where the host reads a message as text, its top-level properties replace the metadata."""

# The worker library refuses list[str], and only the items of a list go out exactly as they are.
Messages = func.Out[List[str]]  # noqa: UP006


def send(handled: "Handled", results: Messages, due: Messages) -> None:
    """Hand over to the bindings; the host writes them before it deletes the message that led here."""
    from shared.ledger.due import to_message

    if handled.results:
        # A queue message travels inside XML, which has no place for some characters that JSON may escape.
        results.set([each.model_dump_json(by_alias=True, ensure_ascii=True) for each in handled.results])
    if handled.due:
        due.set([to_message(each) for each in handled.due])
