"""What goes to other stamps: a callback is handed on to its biller's home; one that was away asks who is home."""

import asyncio
from collections.abc import Collection, Container, Mapping
from http import HTTPStatus
from itertools import batched
from typing import Final
from urllib.parse import urlencode

import httpx

from shared.billers import home_question
from shared.caselle.client import Wire
from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import Request
from shared.tokens.body import media_type
from shared.tokens.receive import MARK, Answer, Callback
from shared.vocabulary.errors import Malformed, Unavailable

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

    def __init__(self, urls: Mapping[str, str], deadline: float = DEADLINE, own: Container[str] = frozenset()) -> None:
        """``urls``: base URL by region; ``deadline``: seconds for one call in all; ``own``: regions at home here."""
        self._wires = {region: Wire(url, deadline, MOST_BYTES) for region, url in urls.items()}
        self._deadline = deadline
        self._own = own

    @property
    def others(self) -> Collection[str]:
        """The regions of the other stamps."""
        return [region for region in self._wires if region not in self._own]

    async def at_home(self, region: str, billers: Collection[str]) -> Collection[str]:
        """Which of these billers that region's stamp is home to.

        Raises:
            Unavailable: no answer, or none that says so.
        """
        found: set[str] = set()
        for some in batched(sorted(billers), home_question.MOST, strict=False):
            answer = await self._post(region, _asking(some))
            if answer.status != HTTPStatus.OK:
                raise Unavailable(f"stamp {region}: http_{answer.status}")
            try:
                found |= home_question.answered(answer.body)
            except Malformed as error:
                raise Unavailable(f"stamp {region}: {error}") from None
        return found

    async def hand_on(self, region: str, callback: Callback) -> Answer:
        """Status and body of that region's answer.

        Raises:
            Unavailable: no answer, or one that a callback does not give, or no stamp is known there.
        """
        answer = await self._post(region, _request(callback))
        if answer.status not in _PASSED_ON:
            raise Unavailable(f"stamp {region}: http_{answer.status}")
        return answer

    async def _post(self, region: str, request: Request) -> Answer:
        wire = self._wires.get(region)
        if wire is None:
            raise Unavailable(f"setting CALLBACK_STAMPS names no stamp for {region}")
        try:
            async with asyncio.timeout(self._deadline):
                found = await wire.post(request, self._deadline)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, AmbiguousError, OSError) as error:
            # The original holds the URL, and that the biller's key.
            raise Unavailable(f"stamp {region}: {type(error).__name__}") from None
        return Answer(found.status, found.body)

    async def aclose(self) -> None:
        """Close what is open."""
        for wire in self._wires.values():
            await wire.aclose()


def _asking(billers: Collection[str]) -> Request:
    headers = {
        home_question.HEADER: "1",
        "Content-Type": "application/json",
        "Accept": "application/json, application/problem+json",
        "Accept-Encoding": "identity",
    }
    return Request(_ROUTE, headers, home_question.question(billers))


def _request(callback: Callback) -> Request:
    headers = {
        MARK: "1",
        "Content-Type": media_type(callback.content_type) or _NO_DELIVERY,
        "Accept": "application/json, application/problem+json",
        "Accept-Encoding": "identity",
    }
    return Request(f"{_ROUTE}?{urlencode(callback.query, errors='replace')}", headers, callback.body)
