"""The host's own pages: its home page, and what operators ask at ``/admin``."""

import json
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from local.host_functions import Runner
from local.host_metadata import queue_trigger
from local.host_response import empty, page
from local.host_routes import Keys
from local.host_timers import timer_trigger
from local.invocation import Datum, Function

PREFIX: Final = "/admin/"
_HOME_PAGE: Final = "<!DOCTYPE html><title>Functions</title><p>The local functions host is running.</p>"
_KEPT_FOR: Final = timedelta(days=7)


def home_page() -> web.Response:
    """There is none where the setting says so."""
    if os.environ.get("AzureWebJobsDisableHomepage", "").lower() == "true":  # noqa: SIM112 - the platform spells it so
        return empty(HTTPStatus.NO_CONTENT)
    return page(HTTPStatus.OK, _HOME_PAGE, "text/html")


class Admin:
    """Answers what is asked under ``/admin``.

    Args:
        start: runs a coroutine beside the request.
    """

    def __init__(
        self,
        functions: list[Function],
        runner: Runner,
        keys: Keys,
        start: Callable[[Coroutine[Any, Any, object]], object],
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._runner = runner
        self._keys = keys
        self._start = start
        self._started = time.monotonic()

    async def answer(self, request: web.Request, path: str, key: str) -> web.Response:
        """``path``: decoded, from ``/admin/`` on."""
        call = path.removeprefix(PREFIX).removesuffix("/").lower()
        if (request.method, call) == ("GET", "host/ping"):
            return empty(HTTPStatus.OK)
        wanted = self._what(request.method, call)
        if wanted is None:
            return empty(HTTPStatus.NOT_FOUND)
        if not self._keys.open("admin", key):
            return self._refusal(key)
        return await self._run(wanted, request) if isinstance(wanted, Function) else _json(wanted)

    def _what(self, method: str, call: str) -> Function | dict[str, Any] | list[Any] | None:
        """A function to be run, what there is to be read, or None."""
        area, _, rest = call.partition("/")
        name, _, what = rest.partition("/")
        function = self._functions.get(name) if area == "functions" else None
        match method, call:
            case "POST", _ if function and not what:
                return function
            case "GET", _ if function and what in {"", "status"}:
                return {"isDisabled": False} if what else _described(function)
            case "GET", "functions":
                return [_described(each) for each in self._functions.values()]
            case "GET", "host/status":
                uptime = int((time.monotonic() - self._started) * 1000)
                return {"id": "local", "state": "Running", "processUptime": uptime}
            case "GET", "host/keys":
                return {"keys": [{"name": "default", "value": None}]}
            case _:
                return None

    def _refusal(self, key: str) -> web.Response:
        """A good key for something else, or none."""
        if self._keys.open("function", key):
            return empty(HTTPStatus.FORBIDDEN)
        return empty(HTTPStatus.UNAUTHORIZED, **{"WWW-Authenticate": "Bearer"})

    async def _run(self, function: Function, request: web.Request) -> web.Response:
        """``{"input": "text"}``: run a queue function with that message, a timer function without one."""
        if request.content_type != "application/json":
            return empty(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            text = (await request.json()).get("input") or ""
        except (ValueError, AttributeError):
            return empty(HTTPStatus.BAD_REQUEST)
        if not isinstance(text, str):
            return empty(HTTPStatus.BAD_REQUEST)
        match function.trigger["type"]:
            case "queueTrigger":
                self._start(self._runner.succeeds(function, queue_trigger(function.trigger, text), _by_hand()))
            case "timerTrigger":
                self._start(self._runner.succeeds(function, timer_trigger()))
        return empty(HTTPStatus.ACCEPTED)


def _by_hand() -> Mapping[str, Datum]:
    """What is known of a message that no queue has seen."""
    now = datetime.now(UTC)
    times = {"InsertionTime": now, "NextVisibleTime": now, "ExpirationTime": now + _KEPT_FOR}
    return {"DequeueCount": Datum("0", "json")} | {
        name: Datum(each.isoformat(), "string") for name, each in times.items()
    }


def _described(function: Function) -> dict[str, Any]:
    return {"name": function.name, "config": {"bindings": [function.trigger, *function.outputs.values()]}}


def _json(value: object) -> web.Response:
    return page(HTTPStatus.OK, json.dumps(value), "application/json; charset=utf-8")
