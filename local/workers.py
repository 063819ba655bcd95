"""The host's worker process: started, asked, replaced when it dies or is too late."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from local.invocation import Broken, Call, Datum, Failure, Function, Result, receive, send
from local.processes import ROOT, NotReady

MOST_EXITS: Final = 3
WITHIN: Final = 30 * 60
"""Seconds: so many exits of workers within that time end the host."""


class WorkerGone(Exception):
    """The worker ended in the middle of the invocation; nothing of it was written."""


class FunctionFailed(Exception):
    """The function raised; the text is what the platform logs of it."""


class Spawned(NamedTuple):
    """A worker process that is loading the app, and the host's end of the socket to it."""

    process: "subprocess.Popen[bytes]"
    connection: socket.socket


def spawn(app: Path) -> Spawned:
    """Start a worker over the folder ``app``. It outlives a host that is killed, until it has done what it runs."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "local.worker_process", str(app), str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what an app prints does not reach the platform's log
        )
    return Spawned(process, ours)


class _Worker:
    """One worker process, from its start to its end."""

    def __init__(self, spawned: Spawned) -> None:
        self._process, self._connection = spawned
        self._answers: dict[str, asyncio.Future[Result | Failure]] = {}
        self.functions: list[Function] = []

    async def ready(self) -> None:
        """Wait until the app is loaded.

        Raises:
            NotReady: it does not load.
        """
        self._reader, self._writer = await asyncio.open_connection(sock=self._connection)
        try:
            word = await receive(self._reader)
        except (EOFError, ConnectionError):
            word = Broken(f"The worker ended before the app was loaded (exit code {self._process.wait()}).")
        if isinstance(word, Broken):
            raise NotReady(word.why)
        self.functions = word

    async def until_it_ends(self) -> None:
        """Hand its answers to those who wait; in the end they hear that it is gone."""
        try:
            while True:
                answer = await receive(self._reader)
                waiting = self._answers.pop(answer.invocation)
                if not waiting.cancelled():
                    waiting.set_result(answer)
        except (EOFError, ConnectionError):
            pass
        self.kill()
        for waiting in self._answers.values():
            if not waiting.cancelled():
                waiting.set_exception(WorkerGone("the worker process has ended"))
        self._answers.clear()

    def ask(self, call: Call) -> "asyncio.Future[Result | Failure]":
        """Begin an invocation."""
        answer = self._answers[call.invocation] = asyncio.get_running_loop().create_future()
        send(self._writer, call)
        return answer

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Workers:
    """One worker at a time: a new one as soon as the one before it has ended.

    ``ended`` has an exception when there will be no further one, and the host must end.
    """

    def __init__(self, app: Path, first: _Worker) -> None:
        self._app = app
        self._worker = first
        self._ready = asyncio.Event()
        self._exits: deque[float] = deque(maxlen=MOST_EXITS)
        self._replacing = False
        self.ended = asyncio.create_task(self._keep_one())
        self.functions = first.functions

    @classmethod
    async def over(cls, app: Path, spawned: Spawned) -> "Workers":
        """When the first one has loaded the app.

        Raises:
            NotReady: the app does not load.
        """
        first = _Worker(spawned)
        await first.ready()
        return cls(app, first)

    async def invoke(
        self, function: Function, trigger: Datum, metadata: Mapping[str, Datum]
    ) -> "asyncio.Future[Result | Failure]":
        """Begin an invocation; it fails with ``WorkerGone`` where its worker ends before it."""
        await self._ready.wait()
        return self._worker.ask(Call(str(uuid.uuid4()), function.name, trigger, metadata))

    def replace(self) -> None:
        """Kill the worker, with all that it runs; does not count as an exit."""
        self._replacing = True
        self._worker.kill()

    async def close(self) -> None:
        """Kill the worker, and start no other."""
        self.ended.cancel()
        self._worker.kill()

    async def _keep_one(self) -> None:
        """Until too many have exited.

        Raises:
            NotReady: that is so, or the app does not load any more.
        """
        while True:
            self._ready.set()
            await self._worker.until_it_ends()
            self._ready.clear()
            self._count_exit()
            self._worker = _Worker(spawn(self._app))
            await self._worker.ready()

    def _count_exit(self) -> None:
        if self._replacing:
            self._replacing = False
            return
        now = time.monotonic()
        self._exits.append(now)
        if len(self._exits) == MOST_EXITS and now - self._exits[0] < WITHIN:
            raise NotReady("Exceeded language worker restart retry count for runtime:python. Shutting down.")
