"""Answers other than the data that was asked for."""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

type Address = tuple[str, int]

_UNAUTHORISED: Final = 401


class RequestError(Exception):
    """Nothing was executed: the answer has errors, all with one code, and no ``data``."""

    def __init__(self, status: int, code: str, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
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
    headers = {"WWW-Authenticate": "Bearer"} if error.status == _UNAUTHORISED else None
    return JSONResponse({"errors": error.errors}, error.status, headers)


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
