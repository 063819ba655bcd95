"""Entry points of the app, whose use cases fail with words that must not be told; the environment holds them."""

import os
from typing import NoReturn

import azure.functions as func

from functions import open_items, payment_status
from shared.runtime import process
from shared.vocabulary.errors import Unavailable


def _fail_with(error: Exception) -> NoReturn:
    raise error


class _Failing:
    @property
    def payment_status(self) -> NoReturn:
        _fail_with(RuntimeError(f"what nobody expected: {os.environ['SECRET_TEXT']}"))

    @property
    def open_items(self) -> NoReturn:
        _fail_with(Unavailable(f"no answer from https://h/?BK={os.environ['SECRET_PARAMETER']}"))


process.app = _Failing

app = func.FunctionApp()
app.register_functions(payment_status.bp)
app.register_functions(open_items.bp)
