"""One instance of the local functions host, from listening to ended."""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from local.host_activity import Activity
from local.host_admin import Admin
from local.host_functions import LOG, Runner
from local.host_http import HttpFrontEnd, listen
from local.host_listeners import QueueListener
from local.host_routes import Keys, Routes
from local.host_settings import HostSettings, Options, is_disabled
from local.host_storage import QueueStorage
from local.host_timers import TimerListener, TimerStatus
from local.invocation import Function
from local.ncrontab import Schedule
from local.processes import NotReady, announce_ready, bind_loopback
from local.workers import Spawned, Workers


class Host:
    """Answers, listens and runs timers until it is asked to end, or cannot go on."""

    def __init__(
        self, workers: Workers, storage: QueueStorage, status: TimerStatus, settings: HostSettings, options: Options
    ) -> None:
        self._workers = workers
        self._storage = storage
        self._status = status
        self._settings = settings
        self._options = options
        self._runner = Runner(workers, storage, settings.function_timeout)
        self._activity = Activity()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._enabled = [each for each in workers.functions if not is_disabled(each.name, os.environ)]

    async def serve(self, stopped: asyncio.Event) -> None:
        """Be there until stopped, then let what runs end, for a while.

        Raises:
            NotReady: it cannot start or go on; the text says why.
        """
        front_end, queues, timers = self._front_end(), self._queue_listeners(), self._timer_listeners()
        bound = bind_loopback(self._options.port, "the functions host")
        http = await listen(front_end.app(), lambda runner: web.SockSite(runner, bound))
        # Whichever of them ends first, an error of it ends the host.
        listening = [*(each.listen() for each in queues), *(each.listen() for each in timers)]
        ending = [*map(self._start, listening), self._start(stopped.wait()), self._workers.ended]
        await self._first(self._start(_all_polled(queues)), *ending)
        announce_ready(url=f"http://127.0.0.1:{bound.getsockname()[1]}")
        await self._first(*ending)
        await self._drain(http)

    async def _first(self, *tasks: "asyncio.Task[Any]") -> None:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()

    async def _drain(self, http: web.AppRunner) -> None:
        """Nobody can connect any more; queues and timers go on being listened to, as on the platform."""
        for site in list(http.sites):
            await site.stop()
        if not await self._activity.ends():
            LOG.error("gave up waiting for what still runs")
            await self._workers.close()
            logging.shutdown()
            # Messages are not released: they stay hidden until their leases end.
            os._exit(1)
        for task in self._tasks:
            task.cancel()
        await http.cleanup()

    def _start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # of several that fail together one ends the host; asyncio would complain of the others

    def _start_work(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._activity.until_done(self._start(coroutine))

    def _front_end(self) -> HttpFrontEnd:
        keys = Keys(os.environ.get("LOCAL_HOST_MASTER_KEY", ""), os.environ.get("LOCAL_HOST_FUNCTION_KEY", ""))
        admin = Admin(self._workers.functions, self._runner, keys, self._start_work)
        routes = Routes(self._enabled, self._settings.route_prefix)
        return HttpFrontEnd(self._runner, routes, keys, admin=admin, activity=self._activity)

    def _queue_listeners(self) -> list[QueueListener]:
        queues, lease = self._settings.queues, self._options.queue_lease
        return [
            QueueListener(each, self._runner, self._storage, queues, lease, activity=self._activity)
            for each in self._enabled
            if each.trigger["type"] == "queueTrigger"
        ]

    def _timer_listeners(self) -> list[TimerListener]:
        return [
            TimerListener(
                each,
                self._runner,
                _schedule(each),
                self._options.time_divisor,
                status=self._status,
                activity=self._activity,
            )
            for each in self._enabled
            if each.trigger["type"] == "timerTrigger"
        ]


async def run(app: Path, spawned: Spawned, settings: HostSettings, options: Options) -> None:
    """Serve the app until SIGTERM or SIGINT.

    Raises:
        NotReady: it cannot start or go on; the text says why.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    workers = await Workers.over(app, spawned)
    async with AsyncExitStack() as open_parts:
        open_parts.push_async_callback(workers.close)
        encoded = settings.queues.base64
        storage = await open_parts.enter_async_context(QueueStorage(options.storage, base64_encoded=encoded))
        status = await open_parts.enter_async_context(TimerStatus(options.storage, options.host_id))
        await Host(workers, storage, status, settings, options).serve(stopped)


async def _all_polled(listeners: list[QueueListener]) -> None:
    for each in listeners:
        await each.polled.wait()


def _schedule(function: Function) -> Schedule:
    try:
        return Schedule(function.trigger["schedule"])
    except ValueError as error:
        raise NotReady(f"Function {function.name}: {error}.") from None
