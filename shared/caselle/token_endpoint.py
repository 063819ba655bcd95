"""Caselle's token endpoint over HTTP; implements ``TokenEndpoint`` and ``CodeEndpoint`` of ``shared.tokens``.

Where it is and what it takes is not public. Assumed: RFC 6749, and of its two ways to authenticate HTTP Basic, which
every such endpoint must support.
"""

import asyncio
import base64
from typing import Final
from urllib.parse import quote_plus, urlencode

import httpx
from pydantic import SecretStr

from shared.caselle.client import Wire
from shared.caselle.protocol import Request
from shared.tokens.body import DeliveryRefused, Fields, read_json_fields
from shared.tokens.delivery import Delivery, read_delivery
from shared.tokens.endpoint import OUR_OWN, REFUSALS, Client, RenewalRefused
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

MOST_BYTES: Final = 64 * 1024
"""Of one answer; a token answer has a few hundred."""

_OK: Final = 200
_REFUSED: Final = frozenset({400, 401, 403})


class HttpTokenEndpoint:
    """Asks over one fresh connection, once, and follows no redirect."""

    def __init__(self, url: str, deadline: float, clock: Clock) -> None:
        """``url`` is complete; ``deadline``: seconds for one request in all."""
        self._wire = Wire(url, deadline, MOST_BYTES)
        self._deadline = deadline
        self._clock = clock

    async def client_credentials(self, client: Client) -> Delivery:
        """A new token for the client (section 4.4); raises as the port says."""
        return await self._grant(client, {"grant_type": "client_credentials"})

    async def refresh(self, client: Client, refresh_token: SecretStr) -> Delivery:
        """A new token for a refresh token (section 6); raises as the port says."""
        return await self._grant(
            client, {"grant_type": "refresh_token", "refresh_token": refresh_token.get_secret_value()}
        )

    async def authorization_code(self, client: Client, code: SecretStr) -> Delivery:
        """The token for a code (section 4.1.3); raises as the port says."""
        return await self._grant(client, {"grant_type": "authorization_code", "code": code.get_secret_value()})

    async def aclose(self) -> None:
        """Close what is open."""
        await self._wire.aclose()

    async def _grant(self, client: Client, form: dict[str, str]) -> Delivery:
        try:
            async with asyncio.timeout(self._deadline):
                found = await self._wire.post(_request(client, form), self._deadline)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            # The original holds the request, and that the client's secret.
            raise Unavailable(f"token endpoint: {type(error).__name__}") from None
        return self._delivery(found.status, found.body)

    def _delivery(self, status: int, body: bytes) -> Delivery:
        if status in _REFUSED:
            raise RenewalRefused(_refusal(body))
        if status != _OK:
            raise Unavailable(f"token endpoint: http_{status}")
        try:
            fields = read_json_fields(body)
            _check_kind(fields)
            return read_delivery(fields, self._clock.now())
        except DeliveryRefused as refused:
            raise Unavailable(f"token endpoint: {refused.field}: {refused.detail}") from None


def _request(client: Client, form: dict[str, str]) -> Request:
    # Both are form-encoded first, as section 2.3.1 has it: either may hold a colon.
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret.get_secret_value())}"
    headers = {
        "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    return Request("", headers, urlencode(form).encode())


def _refusal(body: bytes) -> str:
    try:
        error = read_json_fields(body).first("error")
    except DeliveryRefused:
        return "unlisted"
    return error[1] if error and error[1] in REFUSALS.keys() - OUR_OWN else "unlisted"


def _check_kind(fields: Fields) -> None:
    kind = fields.first("token_type")
    if kind and kind[1].lower() != "bearer":
        raise DeliveryRefused("token_type", "not Bearer")
