"""Stands before an HTTP service and counts the requests that pass."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web
from yarl import URL

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})


class CountingProxy:
    def __init__(self, target: str) -> None:
        self._target = target
        self.requests: Counter[str] = Counter()
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["CountingProxy"]:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        async with ClientSession(auto_decompress=False) as self._session:
            yield self
        await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.Response:
        self.requests[f"{request.method} {request.path.rpartition('/')[2].partition('(')[0]}"] += 1
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        body = await request.read() or None
        url = URL(f"{self._target}{request.raw_path}", encoded=True)
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())
