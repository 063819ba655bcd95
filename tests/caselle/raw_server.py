"""A peer on 127.0.0.1 that misbehaves byte by byte, as no HTTP library would."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Self

type Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Reads one request per connection, notes it, and lets the next behaviour answer; the last one repeats."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._behaviours = list(behaviours)
        self.requests: list[bytes] = []
        self.connections = 0
        self.asked = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._server.abort_clients()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def header(self, request: int, name: str) -> str | None:
        lines = self.requests[request].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        found = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name.lower()}:")]
        return found[0] if found else None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await self._request(reader))
                self.asked.set()
                behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                await behaviour(writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return head + await reader.readexactly(int(length.partition(b":")[2]))


def says(raw: bytes, *, then_closes: bool = True) -> Behaviour:
    """These bytes, and then the end of the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if then_closes:
            await writer.drain()
            writer.close()

    return behave


def answer(body: bytes, status: str = "200 OK", *headers: str, keep: bool = False) -> Behaviour:
    """A well-formed answer; ``keep`` leaves the connection open, as a usual server does."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return says("\r\n".join([*lines, "", ""]).encode() + body, then_closes=not keep)


async def hangs(_: asyncio.StreamWriter) -> None:
    """Takes the request and never says a word."""
    await asyncio.Event().wait()


async def resets(writer: asyncio.StreamWriter) -> None:
    """Breaks the connection as a crashed machine does."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drips(writer: asyncio.StreamWriter) -> None:
    """A byte now and then: every single read is quick, the whole never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)
