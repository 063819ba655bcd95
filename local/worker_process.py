"""The worker: ``python -m local.worker_process APP_DIR SOCKET``; loads the app, and calls its functions for the host.

It ends with the host, but first finishes what it runs: killed alone, the host leaves a worker that goes on for a while,
with nobody to write its outputs.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from local.invocation import Broken, Call, receive, send
from local.processes import NotReady
from local.worker import Worker
from local.worker_log import OfRunningInvocations

_LONGEST_AFTER_THE_HOST: Final = 60
"""Seconds for what still runs when the host is gone."""


class _Serving:
    """Calls functions side by side, in the order in which the host asks."""

    def __init__(self, worker: Worker, running: OfRunningInvocations, writer: asyncio.StreamWriter) -> None:
        self._worker = worker
        self._running = running
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()

    async def until_the_host_ends(self, reader: asyncio.StreamReader) -> None:
        """Take calls until nobody is left to ask, and finish those that run."""
        try:
            while True:
                task = asyncio.create_task(self._call(await receive(reader)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (EOFError, ConnectionError):
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_LONGEST_AFTER_THE_HOST)

    async def _call(self, call: Call) -> None:
        with self._running.running(call.invocation):
            came_of_it = await self._worker.invoke(call)
        send(self._writer, came_of_it)


async def _serve(app: Path, connection: socket.socket, running: OfRunningInvocations) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        worker = await Worker.load(app)
    except NotReady as error:
        send(writer, Broken(str(error)))
        await writer.drain()
        return
    send(writer, worker.functions)
    await _Serving(worker, running, writer).until_the_host_ends(reader)


def _set_up_logging() -> OfRunningInvocations:
    """Plain lines on standard error, as far as the host takes them; libraries that would log whole addresses warn."""
    running = OfRunningInvocations()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(running)
    logging.basicConfig(
        handlers=[handler], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for name in ("azure", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return running


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.worker_process", description="The local host's worker.")
    parser.add_argument("app", type=Path)
    parser.add_argument("socket", type=int, help="file descriptor of its end of the socket to the host")
    arguments = parser.parse_args()
    # The host decides when it ends; a signal to the whole group is meant for the host.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.chdir(arguments.app)
    asyncio.run(_serve(arguments.app, socket.socket(fileno=arguments.socket), _set_up_logging()))
    logging.shutdown()
    # A thread of the app that blocks would keep the interpreter from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
