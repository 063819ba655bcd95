"""The host's HTTP side: functions by route, the home page, and the two admin calls that tests and operators use."""

import time
from collections.abc import Callable, Coroutine, Mapping
from http.cookies import SimpleCookie
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict

from local.host_functions import Runner, log_failure, timer_trigger
from local.host_metadata import queue_trigger
from local.host_routes import Keys, Routes
from local.worker import Datum, Function

_LARGEST_BODY: Final = 100 * 1024 * 1024
_HOME_PAGE: Final = "<!DOCTYPE html><title>Functions</title><p>The local functions host is running.</p>"


class HttpFrontEnd:
    """Answers every request to the host.

    Args:
        start: runs a coroutine beside the request, until the host has drained.
    """

    def __init__(
        self,
        functions: list[Function],
        runner: Runner,
        routes: Routes,
        keys: Keys,
        start: Callable[[Coroutine[Any, Any, object]], object],
    ) -> None:
        self._others = {f.name.lower(): f for f in functions if f.trigger["type"] != "httpTrigger"}
        self._runner = runner
        self._routes = routes
        self._keys = keys
        self._start = start
        self._started = time.monotonic()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        if not _names_a_host(request):
            return web.Response(status=400)
        path = request.rel_url.raw_path
        if path == "/":
            return web.Response(text=_HOME_PAGE, content_type="text/html")
        if path.lower().startswith("/admin/"):
            return await self._administer(request, path.lower().removeprefix("/admin/"))
        found = self._routes.find(request.method, path)
        if found is None:
            return web.Response(status=404)
        route, parameters = found
        if not self._keys.open(route.level, _key(request)):
            return web.Response(status=401)
        return await self._run(route.function, request, parameters)

    async def _run(self, function: Function, request: web.Request, parameters: Mapping[str, str]) -> web.Response:
        trigger = await _http_trigger(request, parameters)
        try:
            return _response(await self._runner.run(function, trigger))
        except Exception as error:  # noqa: BLE001 - the platform answers any failure with 500 and nothing else
            log_failure(function, error)
            return web.Response(status=500)

    async def _administer(self, request: web.Request, call: str) -> web.Response:
        if not self._keys.open("admin", _key(request)):
            return web.Response(status=401)
        if (request.method, call) == ("GET", "host/status"):
            uptime = int((time.monotonic() - self._started) * 1000)
            return web.json_response({"id": "local", "state": "Running", "processUptime": uptime})
        function = self._others.get(call.removeprefix("functions/"))
        if request.method != "POST" or not call.startswith("functions/") or function is None:
            return web.Response(status=404)
        return await self._start_manually(function, request)

    async def _start_manually(self, function: Function, request: web.Request) -> web.Response:
        """``{"input": "text"}``: run a queue function with that message, a timer function without one."""
        try:
            text = (await request.json()).get("input") or ""
        except (ValueError, AttributeError):
            return web.Response(status=400)
        is_queue = function.trigger["type"] == "queueTrigger"
        trigger = queue_trigger(function.trigger, str(text)) if is_queue else timer_trigger()
        self._start(self._runner.succeeds(function, trigger))
        return web.Response(status=202)


async def listen(app: web.Application, site: Callable[[web.AppRunner], web.BaseSite]) -> web.AppRunner:
    # The platform hands over a compressed body as it came.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=10, auto_decompress=False)
    await runner.setup()
    await site(runner).start()
    return runner


def _names_a_host(request: web.Request) -> bool:
    """The platform's server refuses a Host header that is none before anything else sees it."""
    try:
        return bool(request.url)
    except ValueError:
        return False


def _key(request: web.Request) -> str:
    header = request.headers.get("x-functions-key")
    return _query(request).get("code", "") if header is None else header


def _query(request: web.Request) -> dict[str, str]:
    """Query values by name: names in any letter case are one, repeats are joined, empty values are dropped."""
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in request.query.items():
        values.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return {name: joined for name, given in values.items() if (joined := ",".join(given))}


async def _http_trigger(request: web.Request, parameters: Mapping[str, str]) -> Datum:
    headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
    # The platform hands over no body without a Content-Length: a chunked request arrives empty.
    body = await request.read() if request.content_length else b""
    parts = {
        "method": Datum(request.method, "string"),
        "url": Datum(str(request.url), "string"),
        "headers": _text_data(headers),
        "query": _text_data(_query(request)),
        "params": _text_data(parameters),
        "body": Datum(body, "bytes"),
    }
    return Datum(parts, "http")


def _text_data(texts: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(text, "string") for name, text in texts.items()}


def _response(returned: Datum | None) -> web.Response:
    if returned is None:
        return web.Response(status=204)
    if returned.type != "http":
        return web.Response(text=returned.value)
    parts = returned.value
    headers = CIMultiDict((name, datum.value) for name, datum in parts["headers"].items())
    for cookie in parts["cookies"] or ():
        headers.extend(("Set-Cookie", text) for text in _cookie_texts(cookie))
    return web.Response(status=int(parts["status_code"].value), headers=headers, body=parts["body"].value)


def _cookie_texts(cookie: SimpleCookie) -> list[str]:
    return [morsel.OutputString() for morsel in cookie.values()]
