"""What a function hands back, as the platform puts it on the wire: in chunks, with its cookies written anew."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from http.cookies import Morsel, SimpleCookie
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from multidict import CIMultiDict

from local.invocation import Datum

_SERVER: Final = "Kestrel"
_REASONS: Final = {413: "Payload Too Large", 414: "URI Too Long"}


class Unanswerable(Exception):
    """The function's answer cannot be sent."""


def empty(status: HTTPStatus, **headers: str) -> web.Response:
    """The host's own answer; it has a length, unlike a function's."""
    return web.Response(status=status, reason=_reason(status), headers={"Server": _SERVER, **headers})


def page(status: HTTPStatus, body: str, content_type: str) -> web.Response:
    """An answer of the host that says something."""
    headers = {"Server": _SERVER, "Content-Type": content_type}
    return web.Response(status=status, body=body.encode(), headers=headers)


async def answer(request: web.Request, returned: Datum | None) -> web.StreamResponse:
    """Send what a function has returned.

    Raises:
        Unanswerable: a header of it holds more than ASCII.
    """
    if returned is None:
        return empty(HTTPStatus.NO_CONTENT)
    status, headers, body = _parts(returned)
    response = web.StreamResponse(status=status, reason=_reason(status), headers=headers)
    try:
        await response.prepare(request)
        if body and request.method != "HEAD":
            await response.write(body)
        await response.write_eof()
    except ConnectionError:
        pass  # nobody waits for it any more
    return response


def _parts(returned: Datum) -> tuple[int, CIMultiDict[str], bytes]:
    headers = CIMultiDict({"Server": _SERVER})
    if returned.type != "http":
        headers["Content-Type"] = "text/plain; charset=utf-8"
        return HTTPStatus.OK, headers, str(returned.value).encode()
    parts = returned.value
    headers.extend((name, _ascii(datum.value)) for name, datum in parts["headers"].items())
    headers.extend(("Set-Cookie", text) for text in _cookies(parts["cookies"] or ()))
    return int(parts["status_code"].value), headers, parts["body"].value


def _ascii(value: str) -> str:
    if not value.isascii() or "\r" in value or "\n" in value:
        raise Unanswerable("a header of the answer holds more than ASCII, or ends its line")
    return value


def _cookies(cookies: Iterable[SimpleCookie]) -> Iterator[str]:
    for cookie in cookies:
        for morsel in cookie.values():
            yield "; ".join(_cookie(morsel))


def _cookie(morsel: Morsel[Any]) -> Iterator[str]:
    """``domain`` and ``path`` are there even where the function has named none; the value is escaped once more."""
    yield f"{morsel.key}={quote(morsel.value, safe='-._~')}"
    for name in ("expires", "max-age"):
        if morsel[name]:
            yield f"{name}={morsel[name]}"
    yield f"domain={morsel['domain']}"
    yield f"path={morsel['path']}"
    if morsel["secure"]:
        yield "secure"
    if morsel["samesite"]:
        yield f"samesite={morsel['samesite'].lower()}"
    if morsel["httponly"]:
        yield "httponly"


def _reason(status: int) -> str | None:
    return _REASONS.get(status)
