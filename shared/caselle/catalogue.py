"""The error catalogue: what each of Caselle's error codes means, who acts, and whether it is believed.

Caselle documents none: every code here is assumed, and all stand in this table. A code that is not here is ambiguous:
the payment becomes ``unknown`` and is settled by evidence. ``shared.exchange.reasons`` puts cause and action in words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.caselle.errors import CONTRACT_MISMATCH, COWS_DOWN, TOKEN_REFUSED
from shared.exchange.reasons import UNLISTED_ERROR
from shared.ledger.answer import Ambiguous, Answer, NotSent, Refused, Scope


class Who(StrEnum):
    """Who can put an end to a cause."""

    CLERK = "the city's clerk"
    COWS_ADMIN = "the city's COWS admin"
    CRM = "the city, with its Caselle CRM"
    CSM = "the city's CSM at Caselle"
    ENGINEER = "Invoice Cloud's engineers"


@dataclass(frozen=True, slots=True)
class Cause:
    """One row. ``scope``: whom it concerns. ``without_data``: believed also in an answer that has no ``data``."""

    reason: str
    who: Who
    scope: Scope
    answer: Answer
    without_data: bool = False

    @property
    def believed(self) -> bool:
        """Whether the code alone shows that nothing was done."""
        return not isinstance(self.answer, Ambiguous)


def _payment(reason: str, who: Who = Who.CLERK) -> Cause:
    return Cause(reason, who, Scope.ENTRY, Refused(reason, Scope.ENTRY))


def _biller(reason: str, who: Who = Who.CSM, *, without_data: bool = False) -> Cause:
    return Cause(reason, who, Scope.BILLER, Refused(reason, Scope.BILLER), without_data)


def _again(reason: str, who: Who, *, peer_failed: bool, without_data: bool = False) -> Cause:
    return Cause(reason, who, Scope.BILLER, NotSent(reason, peer_failed=peer_failed), without_data)


def _doubt(reason: str, who: Who) -> Cause:
    """The cause is named, and whether the call had an effect is not known."""
    return Cause(reason, who, Scope.BILLER, Ambiguous(reason))


SUSPECTED_WORKSPACE: Final = "suspected_workspace"

ALREADY_VOIDED: Final = "RECEIPT_ALREADY_VOIDED"
"""No refusal: what was asked for is so."""

CATALOGUE: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "CUSTOMER_NOT_FOUND": _payment("customer_unknown"),
        "INVOICE_NOT_FOUND": _payment("invoice_unknown"),
        "PERIOD_CLOSED": _payment("period_closed"),
        "DATE_INVALID": _payment("date_refused"),
        "AMOUNT_INVALID": _payment("amount_refused"),
        "RECEIPT_NOT_FOUND": _payment("receipt_missing"),
        "RECEIPT_CLOSED": _payment("receipt_closed"),
        "RECEIPT_UPDATED": _payment("receipt_closed"),
        "EMAIL_INVALID": _payment("email_refused", Who.CLERK),
        "LICENSE_MISSING": _biller("licence_missing", Who.CRM, without_data=True),
        "THIRD_PARTY_DISABLED": _biller("third_party_disabled", without_data=True),
        "CATEGORY_UNKNOWN": _biller("category_unknown"),
        "DISTRIBUTION_UNKNOWN": _biller("distribution_unknown"),
        "DISTRIBUTION_NOT_ONLINE": _biller("distribution_not_online"),
        "PAYMENT_CODE_UNKNOWN": _biller("payment_code_unknown"),
        "RECEIPT_NUMBERS_EXHAUSTED": _biller("receipt_numbers_exhausted"),
        "SUBDOMAIN_UNKNOWN": _biller("subdomain_unknown", without_data=True),
        "GRAPHQL_PARSE_FAILED": _biller(CONTRACT_MISMATCH, Who.ENGINEER, without_data=True),
        "GRAPHQL_VALIDATION_FAILED": _biller(CONTRACT_MISMATCH, Who.ENGINEER, without_data=True),
        "UNAUTHENTICATED": _again(TOKEN_REFUSED, Who.CSM, peer_failed=False, without_data=True),
        "WORKSPACE_IN_USE": _again("workspace_in_use", Who.CLERK, peer_failed=True),
        COWS_DOWN: _doubt("cows_unreachable", Who.COWS_ADMIN),
        "ERROR": _doubt(SUSPECTED_WORKSPACE, Who.CSM),
        "BAD_REQUEST": _doubt(CONTRACT_MISMATCH, Who.ENGINEER),
        "BAD_USER_INPUT": _doubt(CONTRACT_MISMATCH, Who.ENGINEER),
        "OPERATION_RESOLUTION_FAILURE": _doubt(CONTRACT_MISMATCH, Who.ENGINEER),
        "PAGE_SIZE_INVALID": _doubt(CONTRACT_MISMATCH, Who.ENGINEER),
        "CURSOR_INVALID": _doubt(CONTRACT_MISMATCH, Who.ENGINEER),
        "INTERNAL_SERVER_ERROR": _doubt("caselle_failed", Who.CSM),
    }
)

CODES: Final = MappingProxyType({code: cause for code, cause in CATALOGUE.items() if cause.believed})
"""Codes that Caselle raises before any effect."""

WITHOUT_DATA: Final = frozenset(code for code, cause in CODES.items() if cause.without_data)
"""Codes that are believed in an answer without ``data``; the relay may send any other after the server has acted."""

_VAGUE: Final = re.compile(r"(an? |some )?(unknown |unexpected )?error( has)?( occurred)?\.?", re.IGNORECASE)
"""Assumed wording: Caselle's error for a workspace that is not marked for online payments says no more than this."""


def doubtful_cause(code: str, words: str) -> str:
    """The reason code of an error that is not believed: the named cause, the probable one, or none."""
    cause = CATALOGUE.get(code)
    if cause is not None and not cause.believed:
        return cause.reason
    return SUSPECTED_WORKSPACE if _VAGUE.fullmatch(words) else UNLISTED_ERROR
