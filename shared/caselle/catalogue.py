"""The error catalogue: what each of Caselle's error codes means, who acts, and whether it counts as a refusal.

Caselle documents none: every code here is assumed, and all stand in this table. A code that is not here is ambiguous:
the payment becomes ``unknown`` and is settled by evidence. A refusal says what Caselle says; that nothing was done is
believed only once a biller's books have shown it. ``shared.exchange.reasons`` puts cause and action in words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.caselle.errors import CONTRACT_MISMATCH, COWS_DOWN, THROTTLED, TOKEN_REFUSED
from shared.exchange.reasons import UNLISTED_ERROR
from shared.ledger.answer import Ambiguous, Refused, Scope


class Who(StrEnum):
    """Who can put an end to a cause."""

    CLERK = "the city's clerk"
    COWS_ADMIN = "the city's COWS admin"
    CRM = "the city, with its Caselle CRM"
    CSM = "the city's CSM at Caselle"
    ENGINEER = "Invoice Cloud's engineers"


@dataclass(frozen=True, slots=True)
class Cause:
    """One row. ``scope``: whom it concerns. ``without_data``: a refusal also in an answer that has no ``data``."""

    reason: str
    who: Who
    scope: Scope
    answer: Refused | Ambiguous
    without_data: bool = False


def _payment(reason: str, who: Who = Who.CLERK) -> Cause:
    return Cause(reason, who, Scope.ENTRY, Refused(reason, Scope.ENTRY))


def _biller(reason: str, who: Who = Who.CSM, *, without_data: bool = False) -> Cause:
    return Cause(reason, who, Scope.BILLER, Refused(reason, Scope.BILLER), without_data)


def _part(reason: str, scope: Scope) -> Cause:
    """It stops only what is sent with the wrong code."""
    return Cause(reason, Who.CSM, scope, Refused(reason, scope))


def _moment(reason: str, who: Who) -> Cause:
    """It passes by itself, or with somebody's next step in Caselle."""
    return Cause(reason, who, Scope.MOMENT, Refused(reason, Scope.MOMENT))


def _doubt(reason: str, who: Who) -> Cause:
    """The cause is named, and whether the call had an effect is not known."""
    return Cause(reason, who, Scope.BILLER, Ambiguous(reason))


UNAUTHENTICATED: Final = "UNAUTHENTICATED"
TOO_MANY: Final = "THROTTLED"

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
        "CATEGORY_UNKNOWN": _part("category_unknown", Scope.APPLICATION),
        "DISTRIBUTION_UNKNOWN": _part("distribution_unknown", Scope.APPLICATION),
        "DISTRIBUTION_NOT_ONLINE": _part("distribution_not_online", Scope.APPLICATION),
        "PAYMENT_CODE_UNKNOWN": _part("payment_code_unknown", Scope.CHANNEL),
        "RECEIPT_NUMBERS_EXHAUSTED": _biller("receipt_numbers_exhausted"),
        "SUBDOMAIN_UNKNOWN": _biller("subdomain_unknown", without_data=True),
        "GRAPHQL_PARSE_FAILED": _biller(CONTRACT_MISMATCH, Who.ENGINEER, without_data=True),
        "GRAPHQL_VALIDATION_FAILED": _biller(CONTRACT_MISMATCH, Who.ENGINEER, without_data=True),
        "WORKSPACE_IN_USE": _moment("workspace_in_use", Who.CLERK),
        UNAUTHENTICATED: _doubt(TOKEN_REFUSED, Who.CSM),
        TOO_MANY: _doubt(THROTTLED, Who.COWS_ADMIN),
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

CODES: Final[Mapping[str, Refused]] = MappingProxyType(
    {code: cause.answer for code, cause in CATALOGUE.items() if isinstance(cause.answer, Refused)}
)
"""Refusals by code."""

WITHOUT_DATA: Final[Mapping[str, Refused]] = MappingProxyType(
    {code: answer for code, answer in CODES.items() if CATALOGUE[code].without_data}
)
"""Those that are refusals without ``data``, too; the relay may send any other after the server has acted."""

PUZZLING: Final = frozenset({UNLISTED_ERROR, SUSPECTED_WORKSPACE, CONTRACT_MISMATCH})
"""Causes of errors that no list explains: two in a row block the biller."""

_VAGUE: Final = re.compile(r"(an? |some )?(unknown |unexpected )?error( has)?( occurred)?\.?", re.IGNORECASE)
"""Assumed wording: Caselle's error for a workspace that is not marked for online payments says no more than this."""


def doubtful_cause(code: str, words: str) -> str:
    """The reason code of an error that is no refusal where it stands: the named cause, the probable one, or none."""
    cause = CATALOGUE.get(code)
    if cause is not None and code not in CODES:
        return cause.reason
    return SUSPECTED_WORKSPACE if _VAGUE.fullmatch(words) else UNLISTED_ERROR
