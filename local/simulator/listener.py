"""A uvicorn server on 127.0.0.1 that can be stopped and started again on its port."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.simulator.answers import Address

_HOST: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 1
# Longer than any client keeps an idle connection: closing one just as it is used again would look like a lost answer.
_KEEP_ALIVE_SECONDS: Final = 75


class Listener:
    """Takes its port when it is made; answers with ``app`` between ``start`` and ``stop``, and refuses after."""

    app: ASGIApp
    """Set it before ``start``."""

    def __init__(self, port: int) -> None:
        """Take the port; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self._socket: socket.socket | None = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._one_change = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{_HOST}:{self.port}"

    async def start(self) -> None:
        """Serve; does nothing when it serves already.

        Raises:
            OSError: it was stopped, and its port is taken.
        """
        async with self._one_change:
            if self._serving is None:
                self._socket = self._socket or _listen(self.port)
                self._server = _Server(self._config())
                self._serving = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """Refuse connections; requests under way get a second to end. Does nothing when it is stopped."""
        async with self._one_change:
            if self._server and self._serving:
                # Cutting requests short is what a stop is for, not an error; the next start sets the level back.
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
                self._server.should_exit = True
                await self._serving
            if self._socket:
                self._socket.close()
            self._socket = self._server = self._serving = None

    def hang_up(self, client: Address) -> None:
        """Close the connection of the client at this address."""
        for connection in self._server.server_state.connections if self._server else ():
            if isinstance(connection, H11Protocol) and connection.client == client:
                connection.transport.close()

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )


def _listen(port: int) -> socket.socket:
    listening = socket.create_server((_HOST, port))
    # uvicorn writes head and body apart: with Nagle's algorithm every answer would wait 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: the process handles them once for both its servers."""
        yield
