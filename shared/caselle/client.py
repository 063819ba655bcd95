"""Carries requests to Caselle: one fresh connection each, one total deadline, no redirects, no retry of a write."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection
from functools import cache
from typing import Any, Final, Protocol

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.caselle.errors import TOKEN_REFUSED, AmbiguousError, NotSentError
from shared.caselle.protocol import Operation, Reply, Request, build, personal, read, token_refused
from shared.ledger.answer import Ambiguous, Answer, NotSent

MOST_BYTES: Final = 1024 * 1024
"""Of one answer; more is cut off and counts as no answer."""

MOST_TOKENS: Final = 4
"""Tried in one call: the one in memory, a newer one, the kept other one, a renewed one."""

_LEAST_LEFT: Final = 1 / 3
"""Of the deadline: a write that is begun with less would only end in doubt."""

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

    async def token(self, biller_id: str) -> SecretStr | None:
        """The token to use, or None where the biller has none.

        Raises:
            Unavailable: neither memory nor store has one now.
        """
        ...

    async def instead_of(self, biller: Biller, refused: SecretStr) -> SecretStr | None:
        """Another token than the one that was just refused, or None.

        Raises:
            Unavailable: the stores do not answer.
        """
        ...


class Wire:
    """HTTP to one base URL, below httpx's client: no cookies, no redirects, no proxies, nothing kept between calls."""

    def __init__(self, base_url: str, deadline: float, most_bytes: int = MOST_BYTES) -> None:
        """``deadline``: seconds; connecting may take a ninth of it. ``most_bytes``: of one answer."""
        self._base_url = base_url
        self._deadline = deadline
        self._most_bytes = most_bytes
        # A connection that was kept may be stale, and a send over it ambiguous.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=_certificates(), limits=limits, trust_env=False, retries=0)

    async def post(self, request: Request, remaining: float) -> tuple[int, bytes]:
        """Status and body of the answer; the caller waits ``remaining`` seconds for it.

        Raises:
            AmbiguousError: the answer is too large.
            httpx.HTTPError, OSError: as httpx says.
        """
        url = f"{self._base_url}{request.path}"
        extensions = {"timeout": self._timeout(remaining)}
        sent = httpx.Request("POST", url, headers=request.headers, content=request.body, extensions=extensions)
        response = await self._transport.handle_async_request(sent)
        try:
            return response.status_code, await _capped(response, self._most_bytes)
        finally:
            await response.aclose()

    def _timeout(self, remaining: float) -> dict[str, float | None]:
        """Waiting for a connection, TCP and TLS end before ``remaining`` does: it then cuts off nothing but a send."""
        connect = min(self._deadline / 9, remaining / 4)
        return httpx.Timeout(connect=connect, read=self._deadline, write=self._deadline, pool=connect).as_dict()

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """Those that are trusted: read once for all wires, since reading them takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


async def _capped(response: httpx.Response, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most_bytes:
            raise AmbiguousError("answer_too_large")
    return bytes(body)


class CaselleClient:
    """Calls operations for billers, each with the biller's token."""

    def __init__(self, wire: Wire, tokens: TokenSource, deadline: float) -> None:
        """``deadline``: seconds for one call in all, its token included."""
        self._wire = wire
        self._tokens = tokens
        self._deadline = deadline

    async def call(self, biller: Biller, operation: Operation, variables: dict[str, Any]) -> Reply:
        """Call, and once more after each refused token for which there is another.

        Raises:
            NotSentError: certainly no effect.
            AmbiguousError: no trustworthy answer.
        """
        until = asyncio.get_running_loop().time() + self._deadline
        token = await _within(until, self._tokens.token(biller.biller_id))
        if token is None:
            raise NotSentError("no_token", peer_failed=False)
        refused: set[SecretStr] = set()
        while True:
            reply = await self._exchange(biller, operation, variables, token, until)
            if not token_refused(reply):
                return reply
            refused.add(token)
            token = await self._another(biller, token, refused, until)

    async def write(
        self, biller: Biller, operation: Operation, variables: dict[str, Any], read_answer: Callable[[Reply], Answer]
    ) -> Answer:
        """Call a mutation; every failure is an answer, only cancellation is raised."""
        try:
            reply = await self.call(biller, operation, variables)
        except NotSentError as error:
            return NotSent(error.code, peer_failed=error.peer_failed)
        except AmbiguousError as error:
            return Ambiguous(error.code)
        return read_answer(reply)

    async def _another(
        self, biller: Biller, token: SecretStr, refused: Collection[SecretStr], until: float
    ) -> SecretStr:
        other = await _within(until, self._tokens.instead_of(biller, token))
        left = until - asyncio.get_running_loop().time()
        if other is None or other in refused or len(refused) >= MOST_TOKENS or left < self._deadline * _LEAST_LEFT:
            raise NotSentError(TOKEN_REFUSED, peer_failed=False)
        return other

    async def _exchange(
        self, biller: Biller, operation: Operation, variables: dict[str, Any], token: SecretStr, until: float
    ) -> Reply:
        if biller.subdomain is None:
            raise NotSentError("no_subdomain", peer_failed=False)
        remaining = until - asyncio.get_running_loop().time()
        if remaining <= 0:
            raise NotSentError("deadline_passed", peer_failed=False)
        hidden = personal(operation, variables)
        try:
            request = build(operation, variables, token, biller.subdomain)
            async with asyncio.timeout_at(until):
                status, body = await self._wire.post(request, remaining)
        except _NEVER_LEFT as error:
            raise NotSentError(_name(error)) from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            # TimeoutError, the deadline's, is an OSError.
            raise AmbiguousError(_name(error)) from error
        return read(status, body, hidden)


async def _within(until: float, token: Awaitable[SecretStr | None]) -> SecretStr | None:
    try:
        async with asyncio.timeout_at(until):
            return await token
    except Exception as error:
        # Whatever keeps the token away, the call has had no effect yet.
        raise NotSentError("token_unavailable", peer_failed=False) from error


def _name(error: BaseException) -> str:
    return type(error).__name__
