"""GraphQL over HTTP as Caselle is assumed to speak it; builds and reads, sends nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from pydantic import SecretStr

from shared.caselle.catalogue import CODES, WITHOUT_DATA, doubtful_cause
from shared.caselle.errors import REFUSED_STATUSES, TOKEN_REFUSED, AmbiguousError
from shared.caselle.words import screened
from shared.exchange.reasons import UNLISTED_ERROR
from shared.ledger.answer import Ambiguous, Answer, NotSent

CASH_RECEIPTING: Final = "/tp/api/cr0/graphql"
ACCOUNTS_RECEIVABLE: Final = "/tp/api/ar0/graphql"

_MOST_NUMBER: Final = 100
"""Characters of a receipt number that are kept and compared; Caselle's have about ten."""

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
    """One entry of ``errors``; ``words`` are its message as it may be kept."""

    code: str
    message: str = field(repr=False)
    depth: int
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer; ``data`` is None where the answer has no such key or it is null."""

    status: int
    data: dict[str, Any] | None
    errors: tuple[Failure, ...]


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


def read(status: int, body: bytes, hidden: Sequence[str] = ()) -> Reply:
    """The answer in a body; decimals are not turned into floats, and no words quote what is ``hidden``.

    Raises:
        AmbiguousError: no JSON object, or errors that are not GraphQL's.
    """
    try:
        fields = _whole(json.loads(body, parse_float=Decimal))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        if status in REFUSED_STATUSES:
            return Reply(status, None, ())
        raise AmbiguousError(f"http_{status}_no_json")
    data = fields.get("data")
    errors = fields.get("errors") or []
    if not isinstance(errors, list):
        raise AmbiguousError("malformed_errors")
    return Reply(status, data if isinstance(data, dict) else None, tuple(_failure(each, hidden) for each in errors))


def succeeded(reply: Reply) -> bool:
    """Whether HTTP says so; what the answer says is another question."""
    return 200 <= reply.status < 300  # noqa: PLR2004 - HTTP's successes


def refusal(reply: Reply, field_name: str) -> Answer:
    """What an answer without the field's value means for a mutation: was it before any effect?"""
    if not _believable(reply.status):
        return Ambiguous(f"http_{reply.status}")
    codes = [failure.code for failure in reply.errors]
    if any(failure.depth > 1 for failure in reply.errors):
        # A field of the result was being worked out, so the mutation itself has run.
        return Ambiguous("error_inside_result", unlisted=_signature(reply), detail=_said(reply))
    if reply.data is None:
        return _without_data(reply, codes)
    if codes and reply.data.get(field_name) is None and all(code in CODES for code in codes):
        return CODES[codes[0]].answer
    if not codes:
        return Ambiguous(UNLISTED_ERROR, unlisted=_signature(reply))
    return Ambiguous(_doubtful(reply), unlisted=_signature(reply), detail=_said(reply))


def bare(number: object) -> str:
    """A receipt number as it is kept and compared: one line that a row can hold; empty where it is no text."""
    if not isinstance(number, str):
        return ""
    return "".join(filter(str.isprintable, number)).strip()[:_MOST_NUMBER]


def token_refused(reply: Reply) -> bool:
    """Whether the answer says nothing but that the token is not accepted."""
    if any(value is not None for value in (reply.data or {}).values()):
        # The operation answered: another token would do it once more.
        return False
    answer = refusal(reply, "")
    return isinstance(answer, NotSent) and answer.code == TOKEN_REFUSED


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with ``?`` for half a surrogate pair, which JSON can escape but nothing can encode, store or print."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _believable(status: int) -> bool:
    """Statuses under which a refusal counts; a redirect, 408, 409 or 5xx may come after the work was done."""
    return 200 <= status < 300 or status == 400 or status in REFUSED_STATUSES  # noqa: PLR2004 - HTTP's own numbers


def _without_data(reply: Reply, codes: list[str]) -> Answer:
    if codes and all(code in WITHOUT_DATA for code in codes):
        return CODES[codes[0]].answer
    if reply.status in REFUSED_STATUSES:
        return REFUSED_STATUSES[reply.status]
    if not codes:
        return Ambiguous(f"http_{reply.status}_no_data")
    return Ambiguous(_doubtful(reply), detail=_said(reply))


def _doubtful(reply: Reply) -> str:
    """The first error's cause; one that would be believed in another kind of answer is on no list here."""
    return doubtful_cause(reply.errors[0].code, reply.errors[0].words)


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
    return Failure(str(code or "NONE"), message, depth, screened(message, hidden))


def _signature(reply: Reply) -> str:
    """Tells one unlisted error from another without keeping its words, which may name a person."""
    words = "|".join(f"{failure.code}:{failure.message}" for failure in reply.errors)
    return hashlib.sha256(words.encode()).hexdigest()[:16]
