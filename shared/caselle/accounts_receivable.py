"""A city's accounts receivable over ar0; implements ``shared.open_items.gateway.AccountsReceivable``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from shared.billers.model import Biller
from shared.caselle import open_items
from shared.caselle.client import CaselleClient
from shared.caselle.errors import COWS_DOWN, TOKEN_REFUSED, AmbiguousError, NotSentError
from shared.caselle.protocol import Operation, Reply, refusal
from shared.ledger.answer import Ambiguous, Refused
from shared.open_items.gateway import Customer, Invoice
from shared.open_items.unanswered import CODES, Trouble, Unanswered

_NO_SERVER: Final = ("caselle_unreachable", Trouble.DOWN)
_ODD: Final = ("caselle_error", Trouble.ERROR)
_TOO_SLOW: Final = ("caselle_slow", Trouble.SLOW)

_MEANINGS: Final[Mapping[str, tuple[str, Trouble]]] = MappingProxyType(
    {
        "no_token": ("no_token", Trouble.NOT_READY),
        "no_subdomain": ("application_not_configured", Trouble.NOT_READY),
        "customer_unknown": ("customer_unknown", Trouble.NOT_FOUND),
        TOKEN_REFUSED: (TOKEN_REFUSED, Trouble.ERROR),
        "token_unavailable": ("storage_unavailable", Trouble.DOWN),
        "throttled": _NO_SERVER,
        "workspace_in_use": _NO_SERVER,
        "http_502": _NO_SERVER,
        "http_503": _NO_SERVER,
        "http_504": _NO_SERVER,
        "deadline_passed": _TOO_SLOW,
        "TimeoutError": _TOO_SLOW,
        "ReadTimeout": _TOO_SLOW,
        "WriteTimeout": _TOO_SLOW,
        "answer_too_large": _ODD,
        "malformed_errors": _ODD,
    }
)
"""What a failure of the client, or an answer's class, means for a question: one that was in doubt is just repeated."""


class CaselleAccountsReceivable:
    """Reads customers and invoices."""

    def __init__(self, client: CaselleClient) -> None:
        """Keep what carries the calls."""
        self._client = client

    async def customer(self, biller: Biller, customer_number: str) -> Customer:
        """The customer, with all open invoices; raises ``Unanswered``."""
        reply = await self._ask(biller, open_items.OPEN_ITEMS, open_items.variables(customer_number))
        return open_items.customer(reply, customer_number)

    async def invoice(self, biller: Biller, customer_number: str, invoice_number: str) -> Invoice | None:
        """One invoice, open or not, or None where there is none of that number; raises ``Unanswered``."""
        given = open_items.variables(customer_number, invoice_number)
        reply = await self._ask(biller, open_items.ONE_INVOICE, given)
        return open_items.invoice(reply, customer_number, invoice_number)

    async def _ask(self, biller: Biller, operation: Operation, variables: dict[str, Any]) -> Reply:
        """A complete answer: half of one could hide what is owed."""
        try:
            reply = await self._client.call(biller, operation, variables)
        except (NotSentError, AmbiguousError) as error:
            raise _meaning(error.code, _NO_SERVER) from error
        if reply.errors or reply.data is None or reply.status >= 300:  # noqa: PLR2004 - HTTP's successes end there
            raise _refused(reply)
        return reply


def _refused(reply: Reply) -> Unanswered:
    if any(failure.code == COWS_DOWN for failure in reply.errors):
        return Unanswered(*_NO_SERVER)
    match refusal(reply, "customer"):
        case Refused(code=code):
            return _meaning(code, (code, Trouble.ERROR) if code in CODES else _ODD)
        case Ambiguous(code=code, detail=said):
            return _meaning(code, _ODD, said)


def _meaning(code: str, otherwise: tuple[str, Trouble], said: str | None = None) -> Unanswered:
    """``said``: Caselle's own words, where it gave some."""
    if code.startswith("http_"):
        code, otherwise = code.removesuffix("_no_json"), _ODD
    return Unanswered(*_MEANINGS.get(code, otherwise), said)
