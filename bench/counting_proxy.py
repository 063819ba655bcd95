"""Stands before an HTTP service and counts the requests that pass."""

import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, TCPConnector, web
from yarl import URL

from local.vault_certificate import CertificateFiles

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})


class CountingProxy:
    """On 127.0.0.1; ``tls`` are the files of a service that speaks TLS: clients trust both by the same authority."""

    def __init__(self, target: str, tls: CertificateFiles | None = None) -> None:
        self._target = target
        self._tls = tls
        self.requests: Counter[str] = Counter()
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["CountingProxy"]:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._server_tls())
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        # A kept connection may be stale, and a request lost over it would be this proxy's fault.
        connector = TCPConnector(ssl=self._client_tls() or True, force_close=True)
        async with ClientSession(auto_decompress=False, connector=connector) as self._session:
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

    def _server_tls(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._tls.certificate, self._tls.key)
        return context

    def _client_tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self._tls.certificate) if self._tls else None
