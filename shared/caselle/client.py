"""Carries requests to Caselle: one fresh connection each, one total deadline, no redirects, no retry of a write."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.caselle import customer
from shared.caselle.errors import THROTTLED, TOKEN_REFUSED, AmbiguousError, NotSentError
from shared.caselle.protocol import Operation, Reply, Request, answered, build, personal, read, refusal, token_refused
from shared.caselle.retry_after import retry_after
from shared.ledger.answer import Ambiguous, Answer, NotSent
from shared.vocabulary.clock import Clock

MOST_BYTES: Final = 1024 * 1024
"""Of one answer; more is cut off and counts as no answer."""

MOST_TOKENS: Final = 4
"""Tried in one read: the one in memory, a newer one, the kept other one, a renewed one."""

_LEAST_LEFT: Final = 1 / 3
"""Of the deadline: what is begun with less would only end without an answer."""

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

    async def needs_read(self, biller_id: str, token: SecretStr) -> bool:
        """Whether a read must pass with this token before a write leaves with it.

        Raises:
            Unavailable: the stores do not answer.
        """
        ...

    def note_passed(self, biller_id: str, token: SecretStr) -> None:
        """A read with this token was answered."""
        ...

    def note_refused(self, biller_id: str, token: SecretStr) -> None:
        """A write with this token was refused for it."""
        ...


class HttpAnswer(NamedTuple):
    """What a peer said; ``retry_after``: seconds for which a 429 or 503 asks to be left alone."""

    status: int
    body: bytes
    retry_after: float | None = None


class Wire:
    """HTTP to one base URL, below httpx's client: no cookies, no redirects, no proxies, nothing kept between calls."""

    _clock: Clock | None = None

    def __init__(
        self, base_url: str, deadline: float, most_bytes: int = MOST_BYTES, *, clock: Clock | None = None
    ) -> None:
        """Keep what every call has in common.

        Args:
            base_url: what every path is added to.
            deadline: seconds; connecting may take a ninth of it.
            most_bytes: of one answer.
            clock: tells the time to peers whose answers have no ``Date``.
        """
        self._base_url = base_url
        self._deadline = deadline
        self._most_bytes = most_bytes
        self._clock = clock
        # A connection that was kept may be stale, and a send over it ambiguous.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=_certificates(), limits=limits, trust_env=False, retries=0)

    async def post(self, request: Request, remaining: float) -> HttpAnswer:
        """The answer; the caller waits ``remaining`` seconds for it.

        Raises:
            AmbiguousError: the answer is too large.
            httpx.HTTPError, OSError: as httpx says.
        """
        url = f"{self._base_url}{request.path}"
        extensions = {"timeout": self._timeout(remaining)}
        sent = httpx.Request("POST", url, headers=request.headers, content=request.body, extensions=extensions)
        response = await self._transport.handle_async_request(sent)
        now = self._clock.now() if self._clock else None
        try:
            body = await _capped(response, self._most_bytes)
        finally:
            await response.aclose()
        return HttpAnswer(response.status_code, body, retry_after(response.status_code, response.headers, now))

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
        """Ask a query, and once more after each refused token for which there is another.

        Raises:
            NotSentError: certainly no effect.
            AmbiguousError: no trustworthy answer, or one that asks for rest.
        """
        until = self._until()
        reply, _ = await self._asked(biller, operation, variables, await self._token(biller, until), until)
        return reply

    async def write(
        self, biller: Biller, operation: Operation, variables: dict[str, Any], read_answer: Callable[[Reply], Answer]
    ) -> Answer:
        """Call a mutation once: whatever is answered, it may have acted. Only cancellation is raised."""
        until = self._until()
        try:
            token = await self._proved(biller, operation, variables, until)
            reply = await self._exchange(biller, operation, variables, token, until)
        except NotSentError as error:
            return NotSent(error.code, error.peer_failed, error.retry_after, error.throttled)
        except AmbiguousError as error:
            return Ambiguous(error.code, retry_after=error.retry_after, throttled=error.throttled)
        if token_refused(reply):
            self._tokens.note_refused(biller.biller_id, token)
        return read_answer(reply)

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._deadline

    async def _token(self, biller: Biller, until: float) -> SecretStr:
        token = await _within(until, self._tokens.token(biller.biller_id))
        if token is None:
            raise NotSentError("no_token", peer_failed=False)
        return token

    async def _proved(self, biller: Biller, operation: Operation, variables: dict[str, Any], until: float) -> SecretStr:
        """A token that a write may leave with: where there is doubt of it, a read at the same server passes first."""
        token = await self._token(biller, until)
        if not await _within(until, self._tokens.needs_read(biller.biller_id, token)):
            return token
        number = variables.get("input", variables).get("customer_number", customer.NOBODY)
        read_first = replace(customer.OPERATION, path=operation.path)
        try:
            reply, token = await self._asked(biller, read_first, customer.variables(number), token, until)
        except AmbiguousError as error:
            raise NotSentError(error.code, retry_after=error.retry_after, throttled=error.throttled) from error
        if not answered(reply):
            raise NotSentError(refusal(reply, "customer").code)
        if self._left(until) < self._deadline * _LEAST_LEFT:
            raise NotSentError("deadline_near", peer_failed=False)
        return token

    async def _asked(
        self, biller: Biller, operation: Operation, variables: dict[str, Any], token: SecretStr, until: float
    ) -> tuple[Reply, SecretStr]:
        """The answer to a query, and the token that it was asked with."""
        refused: set[SecretStr] = set()
        while token_refused(reply := await self._exchange(biller, operation, variables, token, until)):
            refused.add(token)
            token = await self._another(biller, token, refused, until)
        if answered(reply):
            self._tokens.note_passed(biller.biller_id, token)
        if reply.throttled or reply.retry_after is not None:
            code = THROTTLED if reply.throttled else f"http_{reply.status}"
            raise AmbiguousError(code, retry_after=reply.retry_after, throttled=reply.throttled)
        return reply, token

    async def _another(
        self, biller: Biller, token: SecretStr, refused: Collection[SecretStr], until: float
    ) -> SecretStr:
        other = await _within(until, self._tokens.instead_of(biller, token))
        late = self._left(until) < self._deadline * _LEAST_LEFT
        if other is None or other in refused or len(refused) >= MOST_TOKENS or late:
            raise NotSentError(TOKEN_REFUSED, peer_failed=False)
        return other

    async def _exchange(
        self, biller: Biller, operation: Operation, variables: dict[str, Any], token: SecretStr, until: float
    ) -> Reply:
        if biller.subdomain is None:
            raise NotSentError("no_subdomain", peer_failed=False)
        remaining = self._left(until)
        if remaining <= 0:
            raise NotSentError("deadline_passed", peer_failed=False)
        hidden = personal(operation, variables)
        try:
            request = build(operation, variables, token, biller.subdomain)
            async with asyncio.timeout_at(until):
                found = await self._wire.post(request, remaining)
        except _NEVER_LEFT as error:
            raise NotSentError(_name(error)) from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            # TimeoutError, the deadline's, is an OSError.
            raise AmbiguousError(_name(error)) from error
        return read(found.status, found.body, hidden, retry_after=found.retry_after)

    @staticmethod
    def _left(until: float) -> float:
        return until - asyncio.get_running_loop().time()


async def _within[FoundT](until: float, found: Awaitable[FoundT]) -> FoundT:
    try:
        async with asyncio.timeout_at(until):
            return await found
    except Exception as error:
        # Whatever keeps the token away, the call has had no effect yet.
        raise NotSentError("token_unavailable", peer_failed=False) from error


def _name(error: BaseException) -> str:
    return type(error).__name__
