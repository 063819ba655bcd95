"""Caselle's relay: the two GraphQL endpoints and the token endpoint. How it asks for a token is assumed."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.simulator import resolvers
from local.simulator.answers import (
    Address,
    NoAnswer,
    RequestError,
    answer_request_error,
    refused_after_all,
    with_numerals,
)
from local.simulator.books import Biller, UnknownSubdomain, World
from local.simulator.oauth import OAuthError, TokenEndpoint, answer_oauth_error
from local.simulator.schema import Schema, operations
from local.simulator.wire import Switches

_WITH_RECEIPT_QUERY: Final = "2025.11"
_WRITES: Final = frozenset({"create_receipt", "void_receipt", "set_autopay", "set_customer_email"})


class _Request(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    query: str
    operation_name: str | None = Field(default=None, alias="operationName")
    variables: dict[str, Any] | None = None


class _Schemas(NamedTuple):
    before_2025_11: Schema
    since_2025_11: Schema

    def of(self, biller: Biller) -> Schema:
        return self.since_2025_11 if biller.at_least(_WITH_RECEIPT_QUERY) else self.before_2025_11


class _Receivables(NamedTuple):
    reads_only: Schema
    with_updates: Schema

    def of(self, biller: Biller) -> Schema:
        return self.with_updates if biller.switches.customer_updates else self.reads_only


def relay(world: World, hang_up: Callable[[Address], None]) -> Starlette:
    """The application behind ``caselleUrl``; ``hang_up`` closes the connection of the client at an address."""
    cash = _GraphQL(world, _Schemas(resolvers.cr0_before_2025_11(), resolvers.cr0()), hang_up)
    receivable = _GraphQL(
        world,
        _Receivables(resolvers.ar0_without_updates(), resolvers.ar0()),
        hang_up,
        lambda switches: switches.ar_licence,
    )
    return Starlette(
        routes=[
            Route("/tp/api/cr0/graphql", cash.answer, methods=["POST"]),
            Route("/tp/api/ar0/graphql", receivable.answer, methods=["POST"]),
            Route("/oauth/token", TokenEndpoint(world).answer, methods=["POST"]),
        ],
        exception_handlers={RequestError: answer_request_error, OAuthError: answer_oauth_error},
    )


class _GraphQL:
    """One GraphQL endpoint of all billers."""

    def __init__(
        self,
        world: World,
        schemas: _Schemas | _Receivables,
        hang_up: Callable[[Address], None],
        licensed: Callable[[Switches], bool] = lambda _: True,
    ) -> None:
        """``licensed``: whether the city has this endpoint's own licence."""
        self._world = world
        self._schemas = schemas
        self._hang_up = hang_up
        self._licensed = licensed

    async def answer(self, request: Request) -> Response:
        biller = self._biller(request)
        asked = await _read(request)
        named = operations(asked.query, asked.operation_name)
        biller.calls.update(named)
        with biller.write() if _WRITES & set(named) else nullcontext():
            return await self._filtered(biller, asked, request)

    async def _filtered(self, biller: Biller, asked: _Request, request: Request) -> Response:
        """The answer, or what something on its way puts in its place."""
        try:
            answer = await self._answer(biller, asked, request)
        except RequestError as error:
            answer = await answer_request_error(request, error)
        instead = biller.switches.answers_become
        return answer if instead is None else PlainTextResponse("Filtered", instead)

    async def _answer(self, biller: Biller, asked: _Request, request: Request) -> Response:
        if biller.switches.cows == "http_503":
            return PlainTextResponse("Service Unavailable", 503)
        if biller.switches.throttled is not None:
            raise RequestError(429, "THROTTLED", "Too many requests.", retry_after=biller.switches.throttled)
        self._check_access(biller, request)
        await asyncio.sleep(biller.switches.latency_ms / 1000)
        return self._execute(biller, asked)

    def _biller(self, request: Request) -> Biller:
        try:
            return self._world.at(request.headers.get("x-caselle-subdomain", ""))
        except UnknownSubdomain:
            raise RequestError(404, "SUBDOMAIN_UNKNOWN", "The subdomain is not known.") from None

    def _check_access(self, biller: Biller, request: Request) -> None:
        if biller.switches.cows == "graphql_error":
            raise RequestError(200, "COWS_UNREACHABLE", "Connect Online Web Service is not responding")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not biller.tokens.admits(token):
            raise RequestError(401, "UNAUTHENTICATED", "The token is unknown, expired or not active.")
        if not (biller.switches.licence and self._licensed(biller.switches)):
            raise RequestError(403, "LICENSE_MISSING", "The web service interface is not licensed.")

    def _execute(self, biller: Biller, asked: _Request) -> Response:
        recorded_before = biller.recorded
        schema = self._schemas.of(biller)
        answer = schema.execute(asked.query, asked.variables, asked.operation_name, biller)
        if biller.recorded > recorded_before and biller.switches.drop_answers:
            biller.switches.drop_answers -= 1
            return NoAnswer(self._hang_up)
        code = biller.switches.refusal_after_all
        if code is not None and answer["data"] and answer["data"].get("create_receipt"):
            return JSONResponse(refused_after_all("create_receipt", code))
        return with_numerals(JSONResponse(answer)) if biller.switches.numerals else JSONResponse(answer)


async def _read(request: Request) -> _Request:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != "application/json":
        raise RequestError(415, "BAD_REQUEST", "The body is application/json.")
    try:
        return _Request.model_validate_json(await request.body())
    except ValidationError:
        raise RequestError(400, "BAD_REQUEST", "The body is {query, operationName, variables}.") from None
