"""One loopback port that stands for the whole internet: a proxy that ends TLS itself, for the hosts of the stand-in only.

``az``, MSAL, httpx and every library of Azure go through it by ``HTTPS_PROXY``, to the hosts' real names; so no port of
its own has to be 443, and nothing leaves this machine.
"""

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.azure.cloud.certificates import Certificates
from tests.azure.cloud.wire import Request, Response, Service


class Front:
    """Running from ``with`` on.

    Args:
        certificates: for the hosts' names.
        find: the service of a host; None where there is no such host.
    """

    def __init__(self, certificates: Certificates, find: Callable[[str], Service | None]) -> None:
        self.came: list[Request] = []
        self.strange: list[str] = []
        """Hosts that somebody looked for and that are not here."""
        handler = type(
            "Handler",
            (_Handler,),
            {"front": self, "context": certificates.server_context(), "find": staticmethod(find)},
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """First the proxy's ``CONNECT``, then, on the same socket and under TLS, requests to the host."""

    protocol_version = "HTTP/1.1"
    front: Front
    context: ssl.SSLContext
    find: Callable[[str], Service | None]
    host = ""

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if port != "443" or self.find(host) is None:
            self.front.strange.append(self.path)
            self.send_error(502, "no such host in the stand-in")
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.host = host
        try:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True  # The client trusts another certificate, or has gone.
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")

    def _answer(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.host, self.path, headers, body)
        self.front.came.append(request)
        service = self.find(self.host)
        self._write(service.answer(request) if service else Response(502))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _write(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _answer  # noqa: N815 - as the base class looks for them

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            pass  # The client has gone.
        finally:
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection.close()

    def log_message(self, *_: object) -> None:
        """Nothing."""
