"""A TCP proxy on 127.0.0.1 before one HTTP peer: each connection ends as a test says, down to the byte and the packet."""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Final, Self

from local.processes import bind_loopback

_FILLERS: Final = 4
"""Connections that fill a backlog of none, with some to spare: from then on the system drops every SYN."""


class Door(Enum):
    """How the port meets a connection."""

    OPEN = auto()
    SHUT = auto()
    """Refused with a RST."""
    FULL = auto()
    """No answer to a SYN: the backlog is full and nobody takes from it."""


class Call:
    """One connection of the client, as a behaviour sees it."""

    def __init__(self, proxy: "FaultProxy", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._request: bytes | None = None

    @property
    def elsewhere(self) -> str:
        """The base URL of another server."""
        return self._proxy.elsewhere

    async def request(self) -> bytes:
        """The client's request, read whole."""
        if self._request is None:
            self._request = await read_message(self._reader)
            self._proxy.requests.append(self._request)
        return self._request

    async def forward(self) -> bytes:
        """Have the peer process the request; its answer, head and body."""
        return await self._proxy.ask_peer(await self.request())

    async def say(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def client_leaves(self) -> None:
        """Say nothing until the client gives up."""
        await self._reader.read()

    async def released(self) -> None:
        """Until the test lets go what is kept back."""
        await self._proxy.release.wait()

    def reset(self) -> None:
        """Break the connection with a RST, as a machine does that has lost it."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


type Behaviour = Callable[[Call], Awaitable[None]]
"""What becomes of one connection; it is closed at the end."""


async def passes(call: Call) -> None:
    """As if there were no proxy."""
    await call.say(await call.forward())


class FaultProxy:
    """``plan`` holds the behaviours of the next connections; behind its end every connection passes."""

    def __init__(self, peer_url: str, *, certificate: ssl.SSLContext | None = None, elsewhere: str = "") -> None:
        """``certificate``: of a second port, that speaks TLS. ``elsewhere``: where a redirect points."""
        host, _, port = peer_url.rpartition("/")[2].partition(":")
        self._peer = host, int(port)
        self._certificate = certificate
        self.elsewhere = elsewhere
        self.plan: deque[Behaviour] = deque()
        self.release = asyncio.Event()
        self.connections = 0
        self.requests: list[bytes] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._servers: dict[int, asyncio.Server] = {}
        self._held: list[socket.socket] = []
        self._door = Door.OPEN
        self._port = self._tls_port = 0

    async def __aenter__(self) -> Self:
        self._port = await self._listen(0, None)
        if self._certificate:
            self._tls_port = await self._listen(0, self._certificate)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()
        for server in self._servers.values():
            server.close()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url_of_nobody(self) -> str:
        """A name that no name server knows."""
        return f"http://caselle.invalid:{self._port}"

    @property
    def tls_url(self) -> str:
        """TLS, with the certificate given."""
        return f"https://127.0.0.1:{self._tls_port}"

    @property
    def url_without_tls(self) -> str:
        """TLS is asked for, where the behaviours speak to the bare connection."""
        return f"https://127.0.0.1:{self._port}"

    async def become(self, door: Door) -> None:
        """Change how the plain port meets the next connection."""
        if door is self._door:
            return
        self._door = door
        self._leave()
        if door is Door.OPEN:
            await self._listen(self._port, None)
            return
        listener = bind_loopback(self._port, "the fault proxy")
        self._held.append(listener)
        if door is Door.FULL:
            listener.listen(0)
            self._held += [_begin_to_connect(self._port) for _ in range(_FILLERS)]

    async def quiet(self) -> None:
        """Until every connection has met its end; what went wrong in a behaviour is raised here."""
        await asyncio.gather(*self._calls)

    async def ask_peer(self, request: bytes) -> bytes:
        """The peer's answer to a request, over a connection of its own."""
        reader, writer = await asyncio.open_connection(*self._peer)
        try:
            writer.write(request)
            await writer.drain()
            return await read_message(reader)
        finally:
            writer.close()

    async def _listen(self, port: int, certificate: ssl.SSLContext | None) -> int:
        listener = bind_loopback(port, "the fault proxy")
        taken: int = listener.getsockname()[1]
        self._servers[taken] = await asyncio.start_server(self._serve, sock=listener, ssl=certificate)
        return taken

    def _leave(self) -> None:
        """Free the plain port; connections that are open stay so."""
        for held in self._held:
            held.close()
        self._held.clear()
        if self._port in self._servers:
            self._servers.pop(self._port).close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        self.connections += 1
        behaviour = self.plan.popleft() if self.plan else passes
        try:
            await behaviour(Call(self, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone: its answer is what counts
        finally:
            writer.close()
            self._calls.discard(task)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP message with a Content-Length, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.partition(b":")[2]))


def _begin_to_connect(port: int) -> socket.socket:
    connecting = socket.socket()
    connecting.settimeout(0)
    connecting.connect_ex(("127.0.0.1", port))
    return connecting
