"""Carries requests to Caselle: one fresh connection each, one total deadline, no redirects, no retry of a write."""

import asyncio
from typing import Any, Final, Protocol

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.caselle.errors import REFUSED_STATUSES, TOKEN_REFUSED, AmbiguousError, NotSentError
from shared.caselle.protocol import Operation, Reply, Request, build, read

MOST_BYTES: Final = 1024 * 1024
"""Of one answer; more is cut off and counts as no answer."""

_NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
    httpx.InvalidURL,
    UnicodeEncodeError,
)


class TokenSource(Protocol):
    """Where a biller's token comes from."""

    async def token(self, biller_id: str, *, fresh: bool = False) -> SecretStr | None:
        """The token to use; ``fresh`` looks behind the memory, after one was refused.

        Raises:
            Unavailable: neither memory nor store has one now.
        """
        ...


def open_http(base_url: str, deadline: float) -> httpx.AsyncClient:
    """The client for one base URL. Connections are not reused: a stale one would make a send ambiguous."""
    connect = deadline / 9
    timeout = httpx.Timeout(connect=connect, read=deadline, write=deadline, pool=connect)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    return httpx.AsyncClient(
        base_url=base_url, timeout=timeout, limits=limits, follow_redirects=False, trust_env=False, verify=True
    )


class CaselleClient:
    """Calls operations for billers, each with the biller's token."""

    def __init__(self, http: httpx.AsyncClient, tokens: TokenSource, deadline: float) -> None:
        """``deadline``: seconds for one call in all, its token included."""
        self._http = http
        self._tokens = tokens
        self._deadline = deadline

    async def call(self, biller: Biller, operation: Operation, variables: dict[str, Any]) -> Reply:
        """Call once; a refused token is looked up afresh and, if it is another one, tried once.

        Raises:
            NotSentError: certainly no effect.
            AmbiguousError: no trustworthy answer.
        """
        until = asyncio.get_running_loop().time() + self._deadline
        token = await self._token(biller, until, fresh=False)
        reply = await self._exchange(build(operation, variables, token, self._subdomain(biller)), until)
        if not _token_refused(reply):
            return reply
        other = await self._token(biller, until, fresh=True)
        if other == token:
            raise NotSentError(TOKEN_REFUSED, peer_failed=False)
        return await self._exchange(build(operation, variables, other, self._subdomain(biller)), until)

    async def _token(self, biller: Biller, until: float, *, fresh: bool) -> SecretStr:
        try:
            async with asyncio.timeout_at(until):
                token = await self._tokens.token(biller.biller_id, fresh=fresh)
        except Exception as error:
            # Whatever keeps the token away, nothing has left this process yet.
            raise NotSentError("token_unavailable", peer_failed=False) from error
        if token is None:
            raise NotSentError("no_token", peer_failed=False)
        return token

    def _subdomain(self, biller: Biller) -> str:
        if biller.subdomain is None:
            raise NotSentError("no_subdomain", peer_failed=False)
        return biller.subdomain

    async def _exchange(self, request: Request, until: float) -> Reply:
        try:
            async with asyncio.timeout_at(until):
                status, body = await self._send(request)
        except _NEVER_LEFT as error:
            raise NotSentError(_name(error)) from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            # TimeoutError, the deadline's, is an OSError.
            raise AmbiguousError(_name(error)) from error
        return read(status, body)

    async def _send(self, request: Request) -> tuple[int, bytes]:
        body = bytearray()
        async with self._http.stream("POST", request.path, headers=request.headers, content=request.body) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise AmbiguousError("answer_too_large")
        return response.status_code, bytes(body)


def _token_refused(reply: Reply) -> bool:
    refused = REFUSED_STATUSES.get(reply.status)
    return reply.data is None and refused is not None and refused.code == TOKEN_REFUSED


def _name(error: BaseException) -> str:
    return type(error).__name__
