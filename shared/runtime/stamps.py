"""Hands a callback on to the stamp that its biller is at home in."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import httpx

from shared.caselle.client import Wire
from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import Request
from shared.tokens.body import media_type
from shared.tokens.receive import MARK, Answer, Callback
from shared.vocabulary.errors import Unavailable

MOST_BYTES: Final = 16 * 1024
"""Of one answer; the callback's own have a few hundred."""

DEADLINE: Final = 30.0
"""Seconds for the other stamp in all: longer than it may wait for the token endpoint."""

_ROUTE: Final = "/api/ICOAuthTokenProcessor"
_NO_DELIVERY: Final = "application/octet-stream"
_PASSED_ON: Final = frozenset(
    {
        HTTPStatus.OK,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONTENT_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    }
)


class HttpStamps:
    """The callbacks of other stamps over HTTP: one fresh connection each, no redirects, no retry."""

    def __init__(self, urls: Mapping[str, str], deadline: float = DEADLINE) -> None:
        """``urls``: base URL by region; ``deadline``: seconds for one callback in all."""
        self._wires = {region: Wire(url, deadline, MOST_BYTES) for region, url in urls.items()}
        self._deadline = deadline

    async def hand_on(self, region: str, callback: Callback) -> Answer:
        """Status and body of that region's answer.

        Raises:
            Unavailable: no answer, or one that a callback does not give, or no stamp is known there.
        """
        wire = self._wires.get(region)
        if wire is None:
            raise Unavailable(f"setting CALLBACK_STAMPS names no stamp for {region}")
        try:
            async with asyncio.timeout(self._deadline):
                found = await wire.post(_request(callback), self._deadline)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, AmbiguousError, OSError) as error:
            # The original holds the URL, and that the biller's key.
            raise Unavailable(f"stamp {region}: {type(error).__name__}") from None
        if found.status not in _PASSED_ON:
            raise Unavailable(f"stamp {region}: http_{found.status}")
        return Answer(found.status, found.body)

    async def aclose(self) -> None:
        """Close what is open."""
        for wire in self._wires.values():
            await wire.aclose()


def _request(callback: Callback) -> Request:
    headers = {
        MARK: "1",
        "Content-Type": media_type(callback.content_type) or _NO_DELIVERY,
        "Accept": "application/json, application/problem+json",
        "Accept-Encoding": "identity",
    }
    return Request(f"{_ROUTE}?{urlencode(callback.query, errors='replace')}", headers, callback.body)
