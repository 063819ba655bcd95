"""The host's HTTP side: which function a request is for, and its answer."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from local.host_activity import Activity
from local.host_admin import PREFIX, Admin, home_page
from local.host_functions import Runner, log_failure
from local.host_request import Refused, Target, first_value, http_trigger, target
from local.host_response import Unanswerable, answer, empty
from local.host_routes import Keys, Route, Routes

_MEBIBYTE: Final = 1024 * 1024


class HttpFrontEnd:
    """Answers every request to the host."""

    def __init__(self, runner: Runner, routes: Routes, keys: Keys, *, admin: Admin, activity: Activity) -> None:
        self._runner = runner
        self._routes = routes
        self._keys = keys
        self._admin = admin
        self._activity = activity

    def app(self) -> web.Application:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._answer, expect_handler=_expected)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        with self._activity.call():
            try:
                return await self._found(request, target(request))
            except Refused as refused:
                response = empty(refused.status)
                if refused.closes:
                    response.force_close()
                return response

    async def _found(self, request: web.Request, asked: Target) -> web.StreamResponse:
        header = request.headers.get("x-functions-key")
        key = first_value(asked.query, "code") if header is None else header
        if asked.path == "/":
            return home_page()
        if f"{asked.path}/".lower().startswith(PREFIX):
            return await self._admin.answer(request, f"{asked.path}/".lower(), key)
        found = self._routes.find(request.method, asked.path)
        if found is None:
            return empty(HTTPStatus.NOT_FOUND)
        route, parameters = found
        if not self._keys.open(route.level, key):
            return empty(HTTPStatus.UNAUTHORIZED)
        return await self._run(route, request, asked, parameters)

    async def _run(
        self, route: Route, request: web.Request, asked: Target, parameters: dict[str, str]
    ) -> web.StreamResponse:
        trigger = await http_trigger(request, asked, parameters)
        try:
            return await answer(request, await self._runner.run(route.function, trigger))
        except Unanswerable:
            return empty(HTTPStatus.INTERNAL_SERVER_ERROR)
        except Exception as error:  # noqa: BLE001 - the platform answers any failure with 500 and nothing else
            log_failure(route.function, error)
            return empty(HTTPStatus.INTERNAL_SERVER_ERROR)


async def listen(app: web.Application, site: Callable[[web.AppRunner], web.BaseSite]) -> web.AppRunner:
    """Take requests of any size; what is too large is refused as the platform does."""
    sizes: dict[str, Any] = {"max_line_size": _MEBIBYTE, "max_field_size": _MEBIBYTE, "max_headers": 10_000}
    # The platform hands over a compressed body as it came.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=10, auto_decompress=False, **sizes)
    await runner.setup()
    await site(runner).start()
    return runner


async def _expected(request: web.Request) -> None:
    """An expectation that nobody knows is ignored."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
