"""Two more children of the stack: the Caselle simulator, and Azure Functions Core Tools where they are installed."""

import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from local.processes import READY_WITHIN, ROOT, Child, NotReady, Service, bind_loopback

_POLL_SECONDS = 0.2


class Simulator(Service):
    """A running ``local.simulator``. What it was told and what it recorded end with it."""

    caselle_url: str
    token_url: str
    control_url: str

    def __init__(self, log: Path) -> None:
        super().__init__(Child.module("Caselle simulator", "local.simulator", log=log))

    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        ready = self._child.wait_ready(seconds)
        self.caselle_url, self.token_url = ready["caselleUrl"], ready["tokenUrl"]
        self.control_url = ready["controlUrl"]


class CoreTools(Service):
    """Microsoft's own host, started as ``func start``. It asks for no keys, as Core Tools do by default."""

    def __init__(self, *, port: int, log: Path, settings: Mapping[str, str]) -> None:
        # It cannot report a port of its own choice, so one that is free now has to do.
        with bind_loopback(port, "the functions host") as free:
            chosen = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{chosen}"
        environment = {**settings, "languageWorkers__python__defaultExecutablePath": sys.executable}
        command = ["func", "start", "--port", str(chosen)]
        super().__init__(Child("functions host (Core Tools)", command, log=log, env=environment, cwd=ROOT))

    @staticmethod
    def installed() -> bool:
        return shutil.which("func") is not None

    def wait_ready(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self._healthy():
            if self.exit_code is not None or time.monotonic() > deadline:
                self.kill()
                raise NotReady(f"`func start` did not become ready.\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False
