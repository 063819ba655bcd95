"""The local functions host: ``python -m local.host APP_DIR --port N [--queue-lease SECONDS]``.

Runs an unmodified Python v2 function app with HTTP, Storage queue and timer triggers and queue outputs, modelled on
the Azure Functions host, version 4. Settings come from ``host.json`` and the environment, as on the platform:
``AzureWebJobsStorage``, ``AzureFunctionsJobHost__...``, ``AzureWebJobs.NAME.Disabled``, and here also
``LOCAL_HOST_MASTER_KEY`` and ``LOCAL_HOST_FUNCTION_KEY`` (an unset key opens nothing) and ``TIME_DIVISOR`` (the clock
of timers runs that many times as fast). Prints ``ready {"url"}`` when the app is indexed and listening. SIGTERM lets
what runs end, for up to 10 seconds. Query strings, bodies and messages are not logged; the app's own log records go
to standard error.

It is a stand-in, written from the platform's sources and never compared with a running one. It differs in this:

- App and host share one process and one event loop, so blocking code in an ``async`` function stalls everything.
  A function over ``functionTimeout`` is cancelled (a thread runs on); the platform restarts the worker process.
- A timer runs in every instance; missed runs are forgotten (no ``useMonitor``, no ``runOnStartup``). Times are UTC.
- A queue that cannot be read is polled again for ever; the platform may restart its host.
- JSON outputs are written anew by Python: dates and numbers stay as they are, where the platform may rewrite them.
- Not here: input bindings, other triggers and connections, ``%setting%`` and binding expressions, retry policies,
  disabled HTTP functions, deferred bindings, HTTP streaming, route constraints and defaults, request limits (429), key
  storage, drain calls, App Insights, hot reload.
"""

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web

from local.host_functions import LOG, Runner
from local.host_http import HttpFrontEnd, listen
from local.host_listeners import QueueListener, TimerListener
from local.host_routes import Keys, Routes
from local.host_settings import HostSettings, is_disabled, load_settings
from local.host_storage import QueueStorage
from local.ncrontab import Schedule
from local.processes import NotReady, announce_ready, bind_loopback
from local.worker import Function, Worker

_DRAIN_SECONDS = 10
_DEFAULT_LEASE = 600


class Host:
    """One instance of the function app, from start to drained."""

    def __init__(self, worker: Worker, storage: QueueStorage, settings: HostSettings, lease: int) -> None:
        self._worker = worker
        self._storage = storage
        self._settings = settings
        self._lease = lease
        self._runner = Runner(worker, storage, settings.function_timeout)
        self._tasks: set[asyncio.Task[object]] = set()

    async def serve(self, port: int, stopped: asyncio.Event) -> None:
        """Listen on 127.0.0.1 and to every trigger until stopped, then let what runs end.

        Raises:
            NotReady: the port is taken, or a route or schedule is wrong.
        """
        front_end = HttpFrontEnd(self._worker.functions, self._runner, self._routes(), _keys(), self._start)
        listeners = self._listeners()
        bound = bind_loopback(port, "the functions host")
        http = await listen(front_end.app(), lambda runner: web.SockSite(runner, bound))
        for listener in listeners:
            self._start(listener.listen())
        announce_ready(url=f"http://127.0.0.1:{bound.getsockname()[1]}")
        await stopped.wait()
        for listener in listeners:
            listener.stop()
        await self._drain(http)

    async def _drain(self, http: web.AppRunner) -> None:
        self._start(http.cleanup())
        _, late = await asyncio.wait(self._tasks, timeout=_DRAIN_SECONDS)
        if late:
            LOG.error("gave up waiting for what still runs")
            logging.shutdown()
            # A blocked thread would keep the interpreter from ending.
            os._exit(1)

    def _start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _routes(self) -> Routes:
        return Routes(self._worker.functions, self._settings.route_prefix)

    def _listeners(self) -> list[QueueListener | TimerListener]:
        functions = [each for each in self._worker.functions if not is_disabled(each.name, os.environ)]
        queues = self._settings.queues
        return [
            *(
                QueueListener(function, self._runner, self._storage, queues, self._lease)
                for function in functions
                if function.trigger["type"] == "queueTrigger"
            ),
            *(
                TimerListener(function, self._runner, _schedule(function), _time_divisor())
                for function in functions
                if function.trigger["type"] == "timerTrigger"
            ),
        ]


async def run(app: Path, settings: HostSettings, port: int, lease: int) -> None:
    """Load the app and serve it until SIGTERM or SIGINT.

    Raises:
        NotReady: it cannot start; the text says why.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    worker = await Worker.load(app)
    async with QueueStorage(_connection_string(), base64_encoded=settings.queues.base64) as storage:
        await Host(worker, storage, settings, lease).serve(port, stopped)


def _connection_string() -> str:
    text = os.environ.get("AzureWebJobsStorage")  # noqa: SIM112 - the platform spells it so
    if not text:
        raise NotReady("The setting AzureWebJobsStorage is missing.")
    return text


def _keys() -> Keys:
    return Keys(os.environ.get("LOCAL_HOST_MASTER_KEY", ""), os.environ.get("LOCAL_HOST_FUNCTION_KEY", ""))


def _schedule(function: Function) -> Schedule:
    try:
        return Schedule(function.trigger["schedule"])
    except ValueError as error:
        raise NotReady(f"Function {function.name}: {error}.") from None


def _time_divisor() -> float:
    text = os.environ.get("TIME_DIVISOR", "1")
    try:
        divisor = float(text)
    except ValueError:
        divisor = 0
    if not 1 <= divisor < math.inf:
        raise NotReady(f"TIME_DIVISOR is a number from 1, not {text!r}.")
    return divisor


def _set_up_logging() -> None:
    """Plain lines on standard error; libraries that would log addresses with query strings only warn."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for name, level in (("azure", logging.WARNING), ("httpx", logging.WARNING), ("aiohttp.server", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="A local stand-in for Azure Functions.")
    parser.add_argument("app", type=Path, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--queue-lease", type=int, default=_DEFAULT_LEASE, metavar="SECONDS")
    arguments = parser.parse_args()
    app = arguments.app.resolve()
    _set_up_logging()
    try:
        settings = load_settings(app, os.environ)
        os.chdir(app)
        asyncio.run(run(app, settings, arguments.port, arguments.queue_lease))
    except NotReady as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
