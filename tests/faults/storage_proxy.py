"""An HTTP proxy on 127.0.0.1 before Table storage that spoils the answers a test names."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from aiohttp import web

from bench.counting_proxy import CountingProxy

_BUSY_BODY: Final = json.dumps(
    {"odata.error": {"code": "ServerBusy", "message": {"lang": "en-US", "value": "The server is busy."}}}
)
_BUSY_HEADERS: Final = MappingProxyType(
    {"x-ms-error-code": "ServerBusy", "Content-Type": "application/json;odata=minimalmetadata"}
)


class Fate(Enum):
    """What becomes of one request."""

    NONE = auto()
    """It is served."""
    BUSY = auto()
    """503 ServerBusy; the service never sees it."""
    CUT_BEFORE = auto()
    """The connection ends; the service never sees it."""
    HANGS = auto()
    """No answer; the service never sees it."""
    BUSY_AFTER = auto()
    """The service acts on it; 503 all the same."""
    CUT_AFTER = auto()
    """The service acts on it; the connection ends instead of its answer."""


_NEVER_SEEN: Final = frozenset({Fate.BUSY, Fate.CUT_BEFORE, Fate.HANGS})
_CUT: Final = frozenset({Fate.CUT_BEFORE, Fate.CUT_AFTER})


class StorageProxy(CountingProxy):
    """``commits`` are the fates of the next transactions, ``fates`` of the next requests of any kind."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.fates: deque[Fate] = deque()
        self.commits: deque[Fate] = deque()
        self.always: Fate | None = None
        """Of every request, while it is set."""
        self.retry_after: str | None = None
        """What a busy service says beside 503."""
        self.released = asyncio.Event()
        """Lets go whatever hangs."""

    async def _forward(self, request: web.Request) -> web.Response:
        fate = self._next(request)
        answer = self._busy() if fate in _NEVER_SEEN else await super()._forward(request)
        if fate is Fate.HANGS:
            await self.released.wait()
        if fate in _CUT and request.transport:
            request.transport.abort()
        return self._busy() if fate is Fate.BUSY_AFTER else answer

    def _next(self, request: web.Request) -> Fate | None:
        if self.always:
            return self.always
        if self.commits and request.path.endswith("$batch"):
            return self.commits.popleft()
        return self.fates.popleft() if self.fates else None

    def _busy(self) -> web.Response:
        headers: Mapping[str, str] = {"Retry-After": self.retry_after} if self.retry_after else {}
        return web.Response(status=503, text=_BUSY_BODY, headers={**_BUSY_HEADERS, **headers})
