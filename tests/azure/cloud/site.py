"""The app's own host name: the published package runs there, on the one-machine host, with the stores of a running stack."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from local.processes import ROOT
from local.services import FunctionsHost, HostKeys
from tests.azure.cloud.wire import Request, Response

_INDEXER = ROOT / "tests/e2e/index_app.py"
_HOP: frozenset[str] = frozenset(
    {"connection", "transfer-encoding", "content-length", "content-encoding", "host", "server", "date"}
)


class Site:
    """One app; nothing runs until a package was published.

    Args:
        folder: takes unpacked packages and logs.
        storage: connection string of the stack's storage.
        settings: of the app, as the stack's own host has them.
    """

    def __init__(self, folder: Path, storage: str, settings: Mapping[str, str]) -> None:
        self._folder, self._storage, self._settings = folder, storage, settings
        self.keys = HostKeys.random()
        self.early: list[Response] = []
        """Answers that come before the app's own: while its host starts, ends itself, or the front end knows no instance."""
        self.listed: Callable[[list[str]], list[str]] = lambda names: names
        """What Azure lists of the functions that there are."""
        self._host: FunctionsHost | None = None
        self._swaps = 0
        self._app = folder
        # A child ends with the thread that started it (``local/leash.py``), so one thread starts them all.
        self._starter = ThreadPoolExecutor(max_workers=1)

    def swap(self, package: zipfile.ZipFile) -> None:
        """End the code that runs, and start another."""
        self._starter.submit(self._swapped, package).result()

    def close(self) -> None:
        """Nothing runs any more."""
        self._starter.submit(self._ended).result()
        self._starter.shutdown()

    def _swapped(self, package: zipfile.ZipFile) -> None:
        self._ended()
        self._swaps += 1
        self._app = self._folder / f"app-{self._swaps}"
        package.extractall(self._app)
        self._host = FunctionsHost(
            self._app,
            storage=self._storage,
            log=self._folder / f"app-{self._swaps}.log",
            keys=self.keys,
            settings=self._settings,
        )
        self._host.wait_ready()

    def _ended(self) -> None:
        if self._host is not None:
            self._host.stop()
            self._host = None

    @property
    def url(self) -> str:
        """Of the running code, past the front end.

        Raises:
            LookupError: nothing runs.
        """
        if self._host is None:
            raise LookupError("nothing was published")
        return self._host.url

    def functions(self) -> list[str]:
        """Names of what runs, by Microsoft's worker library over the unpacked package."""
        if self._host is None:
            return []
        command = [sys.executable, "-P", str(_INDEXER), str(self._app)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})  # noqa: S603 - fixed command
        return self.listed(sorted(json.loads(done.stdout.splitlines()[-1])))

    def host_keys(self) -> dict[str, Any]:
        return {"masterKey": self.keys.master, "functionKeys": {"default": self.keys.function}, "systemKeys": {}}

    def answer(self, request: Request) -> Response:
        if self.early:
            return self.early.pop(0)
        if self._host is None:
            return Response(
                503, b"<html><body>The service is unavailable.</body></html>", {"Content-Type": "text/html"}
            )
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        found = httpx.request(
            request.method, f"{self.url}{request.target}", headers=headers, content=request.body, trust_env=False
        )
        return Response(
            found.status_code,
            found.content,
            {name: value for name, value in found.headers.items() if name.lower() not in _HOP},
        )
