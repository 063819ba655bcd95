"""The one-machine stack with a tap on every wire between the app and its storage and vault."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from aiohttp import web
from anyio.from_thread import start_blocking_portal

from bench.counting_proxy import CountingProxy
from local.stack import Stack
from local.vault_certificate import CertificateFiles, certificate_files

_SHARD: Final = re.compile("eq '[0-9a-f]{2}'")
_NUMBER: Final = re.compile("[0-9]+")
TIMERS: Final = ("reconcile", "retain", "sweep", "sweep_tokens", "watch_poison")
_SENT: Final = {"posting-results": "results"}
_BATCH: Final = "$batch"
_OPEN_ROW: Final = b'"RowKey":"O~'


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; ``size`` of both in bytes, headers included, ``open`` rows of the ledger shown."""

    kind: str
    """What it does, as ``ledger_reads`` or ``dequeues``; empty for a look into an empty queue."""
    shape: str
    """What is asked, whichever shard and moment it is asked for."""
    size: int
    open: int


type Kind = Callable[[str, str, bytes, bytes], str]
"""Of an exchange: from method, path below the account, body and answer."""


class Tap(CountingProxy):
    """Remembers every exchange in ``passed``."""

    def __init__(self, target: str, kind: Kind, passed: list[Exchange], tls: CertificateFiles | None = None) -> None:
        super().__init__(target, tls)
        self._kind = kind
        self._passed = passed

    @override
    async def _forward(self, request: web.Request) -> web.Response:
        answer = await super()._forward(request)
        body, answered = await request.read(), bytes(answer.body or b"")  # type: ignore[arg-type]  # bytes, as set
        path = request.path.partition("/")[2].partition("/")[2]
        sizes = (_head(request.path_qs, request.headers), len(body), _head("", answer.headers), len(answered))
        asked = _NUMBER.sub("#", _SHARD.sub("eq shard", f"{path} {request.query.get('$filter', '')}"))
        kind, shown = self._kind(request.method, path, body, answered), answered.count(_OPEN_ROW)
        self._passed.append(Exchange(kind, asked, sum(sizes), shown))
        return answer


def table_kind(method: str, path: str, body: bytes, _: bytes) -> str:
    """A transaction is one request, whatever it holds."""
    if path == _BATCH:
        return f"{_table_of(body)}_transactions"
    return f"{path.partition('(')[0]}_{'reads' if method == 'GET' else 'writes'}"


def queue_kind(method: str, path: str, _: bytes, answer: bytes) -> str:
    """A look that finds nothing belongs to no payment."""
    if method == "GET":
        return "dequeues" if b"<QueueMessage>" in answer else ""
    sent = _SENT.get(path.partition("/")[0], "sends")
    return {"POST": sent, "DELETE": "deletes"}.get(method, "renewals")


def vault_kind(*_: object) -> str:
    """All alike."""
    return "vault_calls"


def _table_of(batch: bytes) -> str:
    """The table that a transaction writes; all its changes are to one."""
    found = re.search(rb"(?:POST|PUT|PATCH|MERGE|DELETE) https?://[^/]+/[^/]+/(\w+)", batch)
    return found[1].decode() if found else "unknown"


def _head(line: str, headers: object) -> int:
    """Bytes of the first line and the headers, to within a few."""
    return len(line) + len(str(headers))


class TappedStack(Stack):
    """A stack whose hosts reach Azurite and the vault through taps; ``passed`` holds what went through.

    No timer runs by its schedule, which could fall into any count.
    """

    @override
    def _start_services(self) -> None:
        super()._start_services()
        self.passed: list[Exchange] = []
        ports = self.azurite.ports
        loop = self._running.enter_context(start_blocking_portal())
        taps = [
            Tap(f"http://127.0.0.1:{ports.queue}", queue_kind, self.passed),
            Tap(f"http://127.0.0.1:{ports.table}", table_kind, self.passed),
            Tap(self.vault.url, vault_kind, self.passed, certificate_files(self._folder.path / "vault")),
        ]
        for tap in taps:
            self._running.enter_context(loop.wrap_async_context_manager(tap.running()))
        self._queue, self._table, self._vault = (tap.url for tap in taps)

    @property
    def master_key(self) -> str:
        """What a call of a timer needs."""
        return self._host_keys.master

    @property
    @override
    def host_storage(self) -> str:
        ports = self.azurite.ports
        through = {
            f"http://127.0.0.1:{ports.queue}/": f"{self._queue}/",
            f"http://127.0.0.1:{ports.table}/": f"{self._table}/",
        }
        text = self.storage
        for direct, tapped in through.items():
            text = text.replace(direct, tapped)
        return text

    @override
    def _settings(self) -> dict[str, str]:
        still = {f"AzureWebJobs.{timer}.Disabled": "true" for timer in TIMERS}
        return super()._settings() | still | {"KEY_VAULT_URL": self._vault}
