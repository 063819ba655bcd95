"""Entry points of the app, whose use cases fail with words that must not be told; the environment holds them."""

import os

import azure.functions as func

from functions import open_items, payment_status
from shared.runtime import wiring
from shared.vocabulary.errors import Unavailable


def _fail_with(error: Exception) -> None:
    raise error


wiring.payment_status = lambda: _fail_with(RuntimeError(f"what nobody expected: {os.environ['SECRET_TEXT']}"))
wiring.open_items = lambda: _fail_with(Unavailable(f"no answer from https://h/?BK={os.environ['SECRET_PARAMETER']}"))

app = func.FunctionApp()
app.register_functions(payment_status.bp)
app.register_functions(open_items.bp)
