"""``python -m bench.first_work CASE [GIVEN]``: a cold process of the app that says when its first work is done.

``indexed``            the functions are registered and listed
``callback KEY BODY``  a token is delivered with this key, and the callback has answered
``payment BODY``       this payment is claimed in the ledger; its call to Caselle would begin now
"""

import asyncio
import os
import sys
from http import HTTPStatus
from typing import Any, Never

import azure.functions as func

from function_app import app


class _Out:
    """Takes what a function hands to an output binding."""

    def set(self, value: Any) -> None:  # noqa: ANN401 - the library's own type
        self.value = value


def done(*_: object) -> Never:
    """Tell the process that measures, and end without closing anything."""
    sys.stdout.write("done\n")
    sys.stdout.flush()
    os._exit(0)


async def callback(key: str, body: str) -> None:
    """The callback is called once."""
    from functions.oauth_callback import oauth_callback  # noqa: PLC0415 - as the host finds it: indexed before

    headers, url = {"Content-Type": "application/json"}, "https://host/api/ICOAuthTokenProcessor"
    request = func.HttpRequest("POST", url, headers=headers, params={"BK": key}, body=body.encode())
    answer = await oauth_callback(request)
    assert answer.status_code == HTTPStatus.OK  # noqa: S101 - anything else would cost something else


async def payment(body: str) -> None:
    """The payment's function runs until its ledger entry is claimed, and is ended where its call to Caselle begins."""
    from functions.post_payments import post_payments  # noqa: PLC0415 - as above
    from shared.caselle.cash_receipting import CaselleCashReceipting  # noqa: PLC0415 - as above

    CaselleCashReceipting.create_receipt = done  # type: ignore[assignment]  # what is called first after the claim
    results: Any = _Out()
    await post_payments(func.QueueMessage(id="m", body=body.encode()), results, _Out())
    raise AssertionError("the payment was not sent")


if __name__ == "__main__":
    case, *given = sys.argv[1:]
    app.get_functions()
    if case != "indexed":
        asyncio.run({"callback": callback, "payment": payment}[case](*given))  # type: ignore[operator]  # one of two
    done()
