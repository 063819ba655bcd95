"""Answers other than the data that was asked for."""

import re
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

type Address = tuple[str, int]

_UNAUTHORISED: Final = 401
_NUMBER: Final = re.compile(rb'("(?:receipt_number|amount)": ?)"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)"')


class RequestError(Exception):
    """Nothing was executed: the answer has errors, all with one code, and no ``data``."""

    def __init__(self, status: int, code: str, *messages: str, retry_after: str | None = None) -> None:
        super().__init__(*messages)
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": retry_after}
        if status == _UNAUTHORISED:
            self.headers["WWW-Authenticate"] = "Bearer"
        self.errors = [{"message": message, "extensions": {"code": code}} for message in messages]


class Refusal(Exception):
    """Caselle says no and has recorded nothing; graphql-core copies ``extensions`` into its error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.extensions = {"code": code}


async def answer_request_error(_: Request, error: Exception) -> Response:
    """A RequestError as its HTTP answer."""
    if not isinstance(error, RequestError):
        raise error
    return JSONResponse({"errors": error.errors}, error.status, error.headers)


def refused_after_all(field: str, code: str) -> dict[str, Any]:
    """What Caselle says where it refuses a mutation."""
    return {"data": {field: None}, "errors": [{"message": "No.", "path": [field], "extensions": {"code": code}}]}


def with_numerals(answer: Response) -> Response:
    """The same with JSON numbers for text: no serializer would keep the zeros of 5.00010."""
    return Response(_NUMBER.sub(rb"\1\2", bytes(answer.body)), answer.status_code, media_type="application/json")


class NoAnswer(Response):
    """Closes the connection without a byte."""

    def __init__(self, hang_up: Callable[[Address], None]) -> None:
        super().__init__()
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Hang up, and wait until the server has noticed: it would send a 500 otherwise."""
        self._hang_up(scope["client"])
        while (await receive())["type"] != "http.disconnect":
            pass
