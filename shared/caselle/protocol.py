"""GraphQL over HTTP as Caselle is assumed to speak it; builds and reads, sends nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Never

from pydantic import SecretStr

from shared.caselle.catalogue import (
    CATALOGUE,
    CODES,
    PUZZLING,
    TOO_MANY,
    UNAUTHENTICATED,
    WITHOUT_DATA,
    doubtful_cause,
)
from shared.caselle.errors import BARE_STATUSES, THROTTLED, TOKEN_REFUSED, AmbiguousError
from shared.caselle.numbers import Numeral
from shared.caselle.server_codes import known
from shared.caselle.words import screened
from shared.exchange.reasons import UNLISTED_ERROR
from shared.ledger.answer import Ambiguous, Refused, Scope

CASH_RECEIPTING: Final = "/tp/api/cr0/graphql"
ACCOUNTS_RECEIVABLE: Final = "/tp/api/ar0/graphql"

_MOST_NUMBER: Final = 100
"""Characters of a receipt number that are kept and compared; Caselle's have about ten."""

_TOO_MANY_REQUESTS: Final = 429
_UNAUTHORISED: Final = 401
_SERVER_ERROR: Final = 500

SUBDOMAIN_HEADER: Final = "X-Caselle-Subdomain"
"""Assumed: Caselle does not say how the relay learns which city is meant."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One fixed document; values travel as variables only.

    ``personal`` names the input's fields whose values are never kept, not even where an error quotes them.
    """

    name: str
    document: str
    path: str
    personal: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names the document: another one must be compared with Caselle's schema again."""
        return hashlib.sha256(self.document.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire; neither token nor payer shows in its repr."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of ``errors``; ``words`` are its message as it may be kept.

    ``code`` is spelled as the catalogue does; ``depth`` counts the path's steps: 1 is the operation's field itself.
    """

    code: str
    message: str = field(repr=False)
    depth: int
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer; ``data`` is None where the answer has no such key or it is null.

    ``retry_after``: seconds for which a 429 or 503 asks to be left alone, as it said.
    """

    status: int
    data: dict[str, Any] | None
    errors: tuple[Failure, ...]
    retry_after: float | None = None

    @property
    def throttled(self) -> bool:
        """Whether it says that it gets too much."""
        return self.status == _TOO_MANY_REQUESTS or any(failure.code == TOO_MANY for failure in self.errors)


def build(operation: Operation, variables: dict[str, Any], token: SecretStr, subdomain: str) -> Request:
    """The request for one operation."""
    body = {"operationName": operation.name, "query": operation.document, "variables": variables}
    headers = {
        "Authorization": f"Bearer {token.get_secret_value()}",
        SUBDOMAIN_HEADER: subdomain,
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    return Request(operation.path, headers, json.dumps(body, ensure_ascii=False).encode())


def personal(operation: Operation, variables: dict[str, Any]) -> list[str]:
    """The values among the variables that are never kept."""
    given = variables.get("input", variables)
    return [str(given[name]) for name in operation.personal if given.get(name)]


def read(status: int, body: bytes, hidden: Sequence[str] = (), *, retry_after: float | None = None) -> Reply:
    """The answer in a body; numbers are the text they were, and no words quote what is ``hidden``.

    Raises:
        AmbiguousError: no JSON object, or errors that are not GraphQL's.
    """
    fields = _object(body)
    if fields is None and status in BARE_STATUSES:
        return Reply(status, None, (), retry_after)
    if fields is None:
        raise AmbiguousError(f"http_{status}_no_json", retry_after=retry_after)
    data = fields.get("data")
    errors = fields.get("errors") or []
    if not isinstance(errors, list):
        throttled = status == _TOO_MANY_REQUESTS
        raise AmbiguousError("malformed_errors", retry_after=retry_after, throttled=throttled)
    failures = tuple(_failure(each, hidden) for each in errors)
    return Reply(status, data if isinstance(data, dict) else None, failures, retry_after)


def succeeded(reply: Reply) -> bool:
    """Whether HTTP says so; what the answer says is another question."""
    return 200 <= reply.status < 300  # noqa: PLR2004 - HTTP's successes


def answered(reply: Reply) -> bool:
    """Whether the city's server itself spoke, and so took the token; not to know a customer is an answer too."""
    if succeeded(reply) and reply.data is not None and not reply.errors:
        return True
    refused = refusal(reply, "")
    return isinstance(refused, Refused) and refused.scope is Scope.ENTRY


def refusal(reply: Reply, field_name: str) -> Refused | Ambiguous:
    """What an answer without the field's value means for a mutation: is it a refusal that is on our list?"""
    if any(failure.depth > 1 for failure in reply.errors):
        # A field of the result was being worked out, so the mutation itself has run.
        return _ambiguous(reply, "error_inside_result", unlisted=_signature(reply))
    if token_refused(reply):
        return _ambiguous(reply, TOKEN_REFUSED)
    if reply.throttled:
        return _ambiguous(reply, THROTTLED)
    if not _believable(reply.status):
        return _ambiguous(reply, f"http_{reply.status}")
    listed = _listed(reply)
    if listed is not None and (reply.data or {}).get(field_name) is None:
        return listed
    return _unlisted(reply)


def bare(number: object) -> str:
    """A receipt number as it is kept and compared: one line that a row can hold; empty where it is no text."""
    if not isinstance(number, str):
        return ""
    return "".join(filter(str.isprintable, number)).strip()[:_MOST_NUMBER]


def token_refused(reply: Reply) -> bool:
    """Whether the answer says nothing but that the token is not accepted."""
    if any(value is not None for value in (reply.data or {}).values()):
        # The operation answered.
        return False
    if reply.throttled or any(failure.depth > 1 for failure in reply.errors):
        return False
    if reply.errors and all(failure.code == UNAUTHENTICATED for failure in reply.errors):
        # Apollo Server says so with 500, where the token is looked at before the operation.
        return _believable(reply.status) or reply.status == _SERVER_ERROR
    return reply.status == _UNAUTHORISED and reply.data is None and _listed(reply) is None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body, parse_float=Numeral, parse_int=Numeral, parse_constant=_no_number)
        found = found if _surely_whole(body) else _whole(found)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> Never:
    """NaN and the infinities are Python's, not JSON's."""
    raise ValueError(name)


def _surely_whole(body: bytes) -> bool:
    """Whether no half of a surrogate pair can be in it: long lists are not gone through for nothing."""
    return body.isascii() and b"\\u" not in body and b"\0" not in body


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with ``?`` for half a surrogate pair, which JSON can escape but nothing can encode, store or print."""
    if isinstance(value, str):
        return value if isinstance(value, Numeral) else value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _believable(status: int) -> bool:
    """Statuses under which a refusal counts; a redirect, 408, 409 or 5xx may come after the work was done."""
    return 200 <= status < 300 or status == 400 or status in BARE_STATUSES  # noqa: PLR2004 - HTTP's own numbers


def _executed(reply: Reply) -> bool:
    """Whether the operation began: only a field that is worked on has data, or a path (GraphQL, section 7.1)."""
    return reply.data is not None or any(failure.depth for failure in reply.errors)


def _listed(reply: Reply) -> Refused | None:
    """The refusal, where every error is one."""
    refusals = CODES if _executed(reply) else WITHOUT_DATA
    codes = [failure.code for failure in reply.errors]
    return refusals[codes[0]] if codes and all(code in refusals for code in codes) else None


def _unlisted(reply: Reply) -> Ambiguous:
    cause = _cause(reply)
    return _ambiguous(reply, cause, unlisted=_signature(reply) if cause in PUZZLING else None)


def _cause(reply: Reply) -> str:
    """The first error's cause, or the status's where no error has a name."""
    named = any(failure.code in CATALOGUE for failure in reply.errors)
    if reply.status in BARE_STATUSES and not named and not _executed(reply):
        return BARE_STATUSES[reply.status]
    if reply.errors:
        return doubtful_cause(reply.errors[0].code, reply.errors[0].words)
    return UNLISTED_ERROR if _executed(reply) else f"http_{reply.status}_no_data"


def _ambiguous(reply: Reply, code: str, *, unlisted: str | None = None) -> Ambiguous:
    detail = _said(reply) if reply.errors else None
    return Ambiguous(code, unlisted, detail, retry_after=reply.retry_after, throttled=reply.throttled)


def _said(reply: Reply) -> str:
    """Caselle's own words, each once."""
    words = dict.fromkeys(failure.words or failure.code for failure in reply.errors)
    return screened(f"Caselle says: {' / '.join(words)}")


def _failure(error: object, hidden: Sequence[str]) -> Failure:
    fields = error if isinstance(error, dict) else {}
    extensions = fields.get("extensions")
    path = fields.get("path")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    message, depth = str(fields.get("message", "")), len(path) if isinstance(path, list) else 0
    return Failure(known(str(code or "NONE")), message, depth, screened(message, hidden))


def _signature(reply: Reply) -> str:
    """Tells one unlisted error from another without keeping its words, which may name a person."""
    words = "|".join(f"{failure.code}:{failure.message}" for failure in reply.errors)
    return hashlib.sha256(words.encode()).hexdigest()[:16]
