"""What Caselle's error codes mean. Caselle documents none: every code here is assumed, and all stand in this table.

A code that is not here is ambiguous: the payment becomes ``unknown`` and is settled by evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.ledger.answer import Answer, NotSent, Refused, Scope
from shared.vocabulary.errors import Unavailable


class NotSentError(Unavailable):
    """The call had certainly no effect. ``peer_failed``: it counts against the city's server."""

    def __init__(self, code: str, *, peer_failed: bool = True) -> None:
        """Name what went wrong, in our own words."""
        super().__init__(f"not sent: {code}")
        self.code = code
        self.peer_failed = peer_failed


class AmbiguousError(Unavailable):
    """Nobody can tell from this side whether the call had an effect."""

    def __init__(self, code: str) -> None:
        """Name what went wrong, in our own words."""
        super().__init__(f"ambiguous: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Retry:
    code: str
    peer_failed: bool


_ENTRY, _BILLER = Scope.ENTRY, Scope.BILLER

TOKEN_REFUSED: Final = "token_refused"  # noqa: S105 - a reason code

CONTRACT_MISMATCH: Final = "contract_mismatch"
COWS_DOWN: Final = "COWS_UNREACHABLE"
"""The relay cannot reach the city's server. Of a write it says nothing: the server may have acted before."""
ALREADY_VOIDED: Final = "RECEIPT_ALREADY_VOIDED"
"""No refusal: what was asked for is so."""

CODES: Final[Mapping[str, _Refusal | _Retry]] = MappingProxyType(
    {
        "CUSTOMER_NOT_FOUND": _Refusal("customer_unknown", _ENTRY),
        "INVOICE_NOT_FOUND": _Refusal("invoice_unknown", _ENTRY),
        "PERIOD_CLOSED": _Refusal("period_closed", _ENTRY),
        "AMOUNT_INVALID": _Refusal("amount_refused", _ENTRY),
        "RECEIPT_NOT_FOUND": _Refusal("receipt_missing", _ENTRY),
        "RECEIPT_CLOSED": _Refusal("receipt_closed", _ENTRY),
        "LICENSE_MISSING": _Refusal("licence_missing", _BILLER),
        "THIRD_PARTY_DISABLED": _Refusal("third_party_disabled", _BILLER),
        "CATEGORY_UNKNOWN": _Refusal("category_unknown", _BILLER),
        "DISTRIBUTION_UNKNOWN": _Refusal("distribution_unknown", _BILLER),
        "DISTRIBUTION_NOT_ONLINE": _Refusal("distribution_not_online", _BILLER),
        "PAYMENT_CODE_UNKNOWN": _Refusal("payment_code_unknown", _BILLER),
        "RECEIPT_NUMBERS_EXHAUSTED": _Refusal("receipt_numbers_exhausted", _BILLER),
        "SUBDOMAIN_UNKNOWN": _Refusal("subdomain_unknown", _BILLER),
        "GRAPHQL_PARSE_FAILED": _Refusal(CONTRACT_MISMATCH, _BILLER),
        "GRAPHQL_VALIDATION_FAILED": _Refusal(CONTRACT_MISMATCH, _BILLER),
        "UNAUTHENTICATED": _Retry(TOKEN_REFUSED, peer_failed=False),
        "WORKSPACE_IN_USE": _Retry("workspace_in_use", peer_failed=True),
    }
)
"""Codes that Caselle raises before any effect."""

WITHOUT_DATA: Final = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "LICENSE_MISSING",
        "THIRD_PARTY_DISABLED",
        "SUBDOMAIN_UNKNOWN",
        "UNAUTHENTICATED",
    }
)
"""Codes that are believed in an answer without ``data``; the relay may send any other after the server has acted."""

REFUSED_STATUSES: Final = MappingProxyType(
    {
        401: NotSent(TOKEN_REFUSED, peer_failed=False),
        403: NotSent("forbidden"),
        404: NotSent("endpoint_missing"),
        405: NotSent("method_refused"),
        413: NotSent("too_large"),
        415: NotSent("content_type_refused"),
        429: NotSent("throttled"),
    }
)
"""HTTP statuses that are given before a request is worked on, where the answer has no ``data``."""


def answer_to(code: str) -> Answer:
    """The answer that a listed code stands for."""
    meaning = CODES[code]
    if isinstance(meaning, _Refusal):
        return Refused(meaning.code, meaning.scope)
    return NotSent(meaning.code, peer_failed=meaning.peer_failed)
