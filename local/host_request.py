"""A request as a function sees it: what the platform's web server and host make of the bytes on the wire."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote

from aiohttp import web

from local.invocation import Datum

_LONGEST_LINE: Final = 8 * 1024
_MOST_HEADERS: Final = 100
_MOST_HEADER_BYTES: Final = 32 * 1024
_LARGEST_BODY: Final = 104_857_600
_ESCAPES: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_ESCAPE_OR_OTHER: Final = re.compile("%[0-9A-Fa-f]{2}|.", re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9.\-_]+(?::(\d*))?|\[[0-9A-Fa-f:.]+\](?::(\d*))?")
_LAST_PORT: Final = 65_535


class Refused(Exception):
    """The request never reaches a function: the web server answers by itself, with no body."""

    def __init__(self, status: HTTPStatus, *, closes: bool = False) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.closes = closes


class Target(NamedTuple):
    """What is asked for: the path decoded and without dot segments, the query as it came."""

    path: str
    query: str


def target(request: web.Request) -> Target:
    """What the request line and the headers ask for.

    Raises:
        Refused: the web server takes no such request.
    """
    _check_size(request)
    path, _, query = _relative(request).partition("?")
    if "%00" in path or not path.startswith("/") or not path.isascii():
        raise Refused(HTTPStatus.BAD_REQUEST, closes=True)
    _check_host(request)
    return Target(_without_dots(decoded(path)), query)


async def http_trigger(request: web.Request, asked: Target, parameters: Mapping[str, str]) -> Datum:
    """The value of a function's HTTP trigger.

    Raises:
        Refused: the body is too large.
    """
    if (request.content_length or 0) > _LARGEST_BODY:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, closes=True)
    headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
    # The platform hands over no body without a Content-Length: a chunked request arrives empty.
    body = await request.read() if request.content_length else b""
    query = f"?{asked.query}" if asked.query else ""
    parts = {
        "method": Datum(request.method, "string"),
        "url": Datum(f"{request.scheme}://{request.host}{_encoded(asked.path)}{query}", "string"),
        "headers": _text_data(headers),
        "query": _text_data(query_values(asked.query)),
        "params": _text_data(parameters),
        "body": Datum(body, "bytes"),
    }
    return Datum(parts, "http")


def query_values(query: str) -> dict[str, str]:
    """By name: names in any letter case are one, spelled as the last; repeats are joined, empty values dropped."""
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in _pairs(query):
        spelling[name.lower()] = name
        values.setdefault(name.lower(), []).append(value)
    joined = {spelling[name]: ",".join(filter(None, given)) for name, given in values.items()}
    return {name: value for name, value in joined.items() if value}


def first_value(query: str, wanted: str) -> str:
    """Of a parameter, in any letter case; empty where there is none."""
    return next((value for name, value in _pairs(query) if name.lower() == wanted), "")


def decoded(text: str, *, slashes: bool = False) -> str:
    """Percent-decoded; what is no UTF-8 stays as it is, and so does an escaped slash unless ``slashes``."""
    return _ESCAPES.sub(lambda found: "".join(_characters(found[0], slashes=slashes)), text)


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, _, value = part.replace("+", " ").partition("=")
        yield decoded(name, slashes=True), decoded(value, slashes=True)


def _characters(escapes: str, *, slashes: bool) -> Iterator[str]:
    """Of a run of escapes: its characters, and those escapes that are none."""
    raw, at = bytes.fromhex(escapes.replace("%", "")), 0
    while at < len(raw):
        length = next((n for n, least in ((4, 0xF0), (3, 0xE0), (2, 0xC0)) if raw[at] >= least), 1)
        spelled = escapes[3 * at : 3 * (at + 1)]
        try:
            character = raw[at : at + length].decode()
        except UnicodeDecodeError:
            length, character = 1, spelled
        yield spelled if character == "/" and not slashes else character
        at += length


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    closing = [""] if segments[-1] in {".", ".."} else []
    return "/" + "/".join([*kept, *closing])


def _encoded(path: str) -> str:
    """Anew, as the function sees it; what looks like an escape is taken for one."""
    spelled = (
        part if len(part) > 1 else quote(part, safe="/-._~!$&'()*+,;=:@") for part in _ESCAPE_OR_OTHER.findall(path)
    )
    return "".join(spelled)


def _check_size(request: web.Request) -> None:
    if len(request.method) + len(request.raw_path) + len(" HTTP/1.1 ") > _LONGEST_LINE:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, closes=True)
    raw = request.raw_headers
    if len(raw) > _MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > _MOST_HEADER_BYTES:
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, closes=True)
    try:
        for _, value in raw:
            value.decode()
    except UnicodeDecodeError:
        raise Refused(HTTPStatus.BAD_REQUEST, closes=True) from None


def _relative(request: web.Request) -> str:
    """The target without scheme and host, which must be those of the Host header."""
    scheme, separator, rest = request.raw_path.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        return request.raw_path
    host, slash, path = rest.partition("/")
    if host.lower() != request.headers.get("Host", "").lower():
        raise Refused(HTTPStatus.BAD_REQUEST, closes=True)
    return slash + path or "/"


def _check_host(request: web.Request) -> None:
    host = request.headers.get("Host")
    if host is None and request.version >= (1, 1):
        raise Refused(HTTPStatus.BAD_REQUEST, closes=True)
    if not host:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR)
    found = _HOST.fullmatch(host)
    if found is None:
        raise Refused(HTTPStatus.BAD_REQUEST, closes=True)
    if int(found[1] or found[2] or 0) > _LAST_PORT:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR)


def _text_data(texts: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(text, "string") for name, text in texts.items()}
