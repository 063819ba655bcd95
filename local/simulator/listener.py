"""A uvicorn server on 127.0.0.1 that can be stopped and started again on its port."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from local.simulator.answers import Address

HOST = "127.0.0.1"
_GRACE_SECONDS = 1
# Longer than any client keeps an idle connection: closing one just as it is used again would look like a lost answer.
_KEEP_ALIVE_SECONDS = 75


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override]  # the process has one handler for both servers
        yield


class Listener:
    """Holds its port from the start; answers with an application between ``start`` and ``stop``."""

    def __init__(self, port: int) -> None:
        """Bind the port; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self._socket = socket.create_server((HOST, port))
        self.port: int = self._socket.getsockname()[1]
        self.app: ASGIApp | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._one_change = asyncio.Lock()

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Serve; does nothing while it does."""
