"""Answers to orders that say less, or other, than what was done: each function does one thing to one call."""

from random import Random
from typing import Final

import httpx

from tests.faults.city import failed
from tests.faults.fate import Answer, Call
from tests.faults.peer_faults import ends, undone

_STATUSES: Final = (401, 403, 404, 405, 413, 415, 429)
_BODIES: Final = (
    b"<html><body>Access denied</body></html>",
    b"",
    failed("BLOCKED_BY_POLICY", None),
    failed("BLOCKED_BY_POLICY", "create_receipt"),
)
_OF_THE_PAYMENT: Final = ("PERIOD_CLOSED", "CUSTOMER_NOT_FOUND", "INVOICE_NOT_FOUND", "AMOUNT_INVALID", "DATE_INVALID")
_OF_THE_BILLER: Final = (
    "DISTRIBUTION_NOT_ONLINE",
    "WORKSPACE_IN_USE",
    "LICENSE_MISSING",
    "THIRD_PARTY_DISABLED",
    "RECEIPT_NUMBERS_EXHAUSTED",
)
_OF_THE_TOKEN: Final = (
    "UNAUTHENTICATED",
    "unauthenticated",
    "AUTH_NOT_AUTHENTICATED",  # HotChocolate
    "AUTH_NOT_AUTHORIZED",
    "authorization",  # GraphQL.NET
    "invalid-jwt",  # Hasura
)
LATE_MINUTES: Final = (20, 180)
"""How long after its attempt began an order may be carried out: longer than the time to settle."""


def _answered(call: Call, dice: Random, status: int, body: bytes) -> None:
    """Before the work or after it."""
    undone(call, dice)
    ends(call, lambda answer: httpx.Response(status, content=body))


def bare_status(call: Call, dice: Random) -> None:
    _answered(call, dice, dice.choice(_STATUSES), dice.choice(_BODIES))


def code_of_the_payment(call: Call, dice: Random) -> None:
    _refuses(call, dice.choice(_OF_THE_PAYMENT), "create_receipt")


def code_of_the_biller(call: Call, dice: Random) -> None:
    _refuses(call, dice.choice(_OF_THE_BILLER), dice.choice(["create_receipt", None]))


def _refuses(call: Call, code: str, field: str | None) -> None:
    """Each code before the work or after it, at one city always the same: one that was shown to come before is believed."""
    if call.ending is None:
        call.ignored = Random(f"{call.whim} {code}").random() < 0.5
    ends(call, lambda answer: httpx.Response(200, content=failed(code, field)))


def code_of_the_token(call: Call, dice: Random) -> None:
    code, status = dice.choice(_OF_THE_TOKEN), dice.choice([200, 401, 403])
    _answered(call, dice, status, failed(code, dice.choice(["create_receipt", None])))


def filtered(call: Call, dice: Random) -> None:
    """Something in between lets every request pass and no answer: reads are refused as writes are."""
    ends(call, _forbidden)


def _forbidden(answer: Answer) -> httpx.Response:
    return httpx.Response(403, content=_BODIES[0])


def hours_late(call: Call, dice: Random) -> None:
    call.hangs, call.late = True, dice.uniform(*LATE_MINUTES)
