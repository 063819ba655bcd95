"""Stands between one process and the services it talks to, and has it killed at one exact request.

From the moment of the trap nothing that the process sends reaches a service, whatever it still does before it is
gone: so it counts as dead at that very point, however late the signal takes effect. A trap that does not cut the wires
kills one process and lets another one go on; one that cuts some of them kills a service.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from aiohttp import ClientError, ClientSession, TCPConnector, web
from yarl import URL

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})
_LARGEST_BODY = 4 * 1024 * 1024
_GRACE_SECONDS = 5


class Moment(Enum):
    """When, in the life of the request that the trap waits for."""

    ARRIVED = auto()
    """The process has sent it; the service has not seen a byte."""
    HALF_SENT = auto()
    """The service has half of it."""
    SENT = auto()
    """The service has the whole of it and is at work."""
    ANSWERED = auto()
    """The service has done it; the process has not heard."""
    RELAYED = auto()
    """The process has the answer; it is killed with its next request, which goes nowhere."""


_LATE = frozenset({Moment.ANSWERED, Moment.RELAYED})


@dataclass(frozen=True, slots=True)
class Request:
    """What the process asks; ``path`` holds the query too, without percent signs."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def accomplished(answer: Answer) -> bool:
    """Whether the service did as asked; a batch tells of its failure inside its body."""
    return answer.status < 300 and b"HTTP/1.1 4" not in answer.body


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind: over which wire, how they look, and how an answer looks that counts."""

    wire: str
    asked: Callable[[Request], bool]
    answered: Callable[[Answer], bool] = accomplished


@dataclass(slots=True)
class Trap:
    """The first request of a kind after so many that may pass, and a moment of it."""

    kind: Kind
    moment: Moment
    passing: int = 0

    def closes_at(self, wire: str, request: Request, answer: Answer | None) -> bool:
        """Whether this is it; those that may pass are counted down."""
        kind = self.kind
        if wire != kind.wire or (answer is not None) != (self.moment in _LATE) or not kind.asked(request):
            return False
        if answer is not None and not kind.answered(answer):
            return False
        self.passing -= 1
        return self.passing < 0


@dataclass(slots=True)
class _Armed:
    trap: Trap
    kill: Callable[[], None]
    cuts: bool
    wires: frozenset[str]
    killed: Future[None] = field(default_factory=Future)
    last_request: bool = False


class Tripwire:
    """A wire per service, each an HTTP proxy with an address of its own that outlives the process it watches.

    ``with`` runs them in a thread of their own, so that the test may block while it starts a process.
    """

    def __init__(self, services: Mapping[str, str]) -> None:
        """Take the services' base URLs by name."""
        self._wires = {name: _Wire(name, url, self) for name, url in services.items()}
        self._armed: _Armed | None = None
        self.cut = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tripwire", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def urls(self) -> dict[str, str]:
        """Where the process finds each service, by name."""
        return {name: wire.url for name, wire in self._wires.items()}

    def arm(
        self, trap: Trap, kill: Callable[[], None], *, cuts: bool = True, wires: Collection[str] | None = None
    ) -> Future[None]:
        """Set the trap; the future is done when ``kill`` has been called.

        Without ``cuts`` the request itself passes, and all after it: before it is sent (``ARRIVED``), or with its answer
        (``ANSWERED``), somebody else dies. ``wires`` names those that are cut, where the others' services go on.
        """
        self._armed = armed = _Armed(trap, kill, cuts, frozenset(self._wires if wires is None else wires))
        return armed.killed

    def mend(self) -> None:
        """Let requests pass again, once nothing of the dead process is left in any wire."""
        self._run(self._mend())

    def restore(self) -> None:
        """Let requests of a process that lives on pass again; its service is back."""
        self._armed, self.cut = None, False

    def is_cut(self, wire: str) -> bool:
        """Whether nothing passes there now."""
        return self.cut and self._armed is not None and wire in self._armed.wires

    def closes(self, wire: str, request: Request, answer: Answer | None = None) -> Moment | None:
        """The trap's moment if it closes here and cuts every wire from then on."""
        if self._armed is None or self.cut or not self._armed.trap.closes_at(wire, request, answer):
            return None
        if not self._armed.cuts:
            self.spring()
            self._armed = None
            return None
        self.cut = True
        return self._armed.trap.moment

    def spring(self) -> None:
        """Kill the process."""
        if self._armed is not None and not self._armed.killed.done():
            self._armed.kill()
            self._armed.killed.set_result(None)

    def spring_next(self) -> None:
        """Kill the process with its next request."""
        if self._armed is not None:
            self._armed.last_request = True

    def came_late(self) -> None:
        """A request came after the cut."""
        if self._armed is not None and self._armed.last_request:
            self.spring()

    def _run(self, task: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(task, self._loop).result()

    async def _open(self) -> None:
        for wire in self._wires.values():
            await wire.open()

    async def _close(self) -> None:
        await asyncio.gather(*(wire.close() for wire in self._wires.values()))

    async def _mend(self) -> None:
        await self._close()
        self._armed, self.cut = None, False
        await self._open()


class _Wire:
    """One HTTP proxy."""

    def __init__(self, name: str, service: str, tripwire: Tripwire) -> None:
        self._name = name
        self._service = service
        self._tripwire = tripwire
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        """Listen, on the port of the time before."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._pass)
        # A kept connection may be stale, and a request lost over it would be this proxy's fault.
        connector = TCPConnector(force_close=True)
        # A header that the process did not send would break its signature.
        added = ("Content-Type", "Accept", "Accept-Encoding", "User-Agent")
        self._session = ClientSession(auto_decompress=False, connector=connector, skip_auto_headers=added)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Refuse connections, end those that are idle, and let what the services have begun come to its end."""
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        try:
            asked = Request(request.method, unquote(request.raw_path), await request.read())
        except OSError:
            return _hung_up(request)  # the process died while it was sending
        if self._tripwire.is_cut(self._name):
            self._tripwire.came_late()
            return _hung_up(request)
        moment = self._tripwire.closes(self._name, asked)
        if moment is not None:
            await self._end_early(request, asked.body, moment)
            return _hung_up(request)
        try:
            answer = await self._forward(request, asked.body)
        except ClientError:
            return _hung_up(request)  # as the service did
        moment = self._tripwire.closes(self._name, asked, answer)
        if moment is Moment.RELAYED:
            return await self._relay_and_end(request, answer)
        if moment is Moment.ANSWERED:
            self._tripwire.spring()
        return _hung_up(request) if self._tripwire.is_cut(self._name) else _response(answer)

    async def _forward(self, request: web.Request, body: bytes) -> Answer:
        url = URL(f"{self._service}{request.raw_path}", encoded=True)
        async with self._session.request(
            request.method, url, headers=_end_to_end(request.headers), data=body
        ) as answer:
            return Answer(answer.status, _end_to_end(answer.headers), await answer.read())

    async def _end_early(self, request: web.Request, body: bytes, moment: Moment) -> None:
        if moment is Moment.ARRIVED:
            self._tripwire.spring()
            return
        service = urlsplit(self._service)
        reader, writer = await asyncio.open_connection(service.hostname, service.port)
        writer.write(_on_the_wire(request, body[: len(body) // 2] if moment is Moment.HALF_SENT else body, len(body)))
        await writer.drain()
        self._tripwire.spring()
        if moment is Moment.SENT:
            await reader.read()
        writer.close()

    async def _relay_and_end(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = _response(answer)
        await response.prepare(request)
        await response.write_eof()
        self._tripwire.spring_next()
        return response


def _hung_up(request: web.Request) -> web.Response:
    """No answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}


def _on_the_wire(request: web.Request, part: bytes, length: int) -> bytes:
    lines = [f"{request.method} {request.raw_path} HTTP/1.1", f"Host: {request.host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in _end_to_end(request.headers).items()]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode() + part
