"""Azurite, the emulator of Azure Storage: queues, tables and blobs on disk, on 127.0.0.1."""

import base64
import secrets
import shutil
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from local.private_files import write_private
from local.processes import READY_WITHIN, ROOT, Child, NotReady, Service, bind_loopback

ACCOUNT = "localstorage"
_SCRIPT = ROOT / "local/node_modules/azurite/dist/src/azurite.js"
_LISTENING = "successfully listening at "


class Ports(NamedTuple):
    """TCP ports of Azurite's services; 0 asks the system for a free one."""

    blob: int = 0
    queue: int = 0
    table: int = 0


class Azurite(Service):
    """A running Azurite. Its data and its random account key live in one folder and survive a restart.

    End it with ``stop``: killed, it loses the last seconds of writes that it has acknowledged.
    """

    def __init__(self, folder: Path, ports: Ports = Ports()) -> None:  # noqa: B008 - an immutable tuple
        """Start Azurite on ``folder``.

        Raises:
            NotReady: a port is taken, or Node.js or the npm package is missing.
        """
        node = _find_node()
        for service, port in ports._asdict().items():
            bind_loopback(port, f"Azurite's {service} service").close()
        folder.mkdir(parents=True, exist_ok=True)
        self.key = _account_key(folder / "account.key")
        self.ports = ports
        child = Child(
            "Azurite",
            [node, str(_SCRIPT), *_options(folder / "data", ports)],
            log=folder / "azurite.log",
            env={"AZURITE_ACCOUNTS": f"{ACCOUNT}:{self.key}"},
        )
        super().__init__(child)

    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        """Wait until all three services listen; ``ports`` holds their real ports then."""
        found = {}
        for _ in Ports._fields:
            line = self._child.wait_line(_LISTENING, seconds)
            found[line.split()[1].lower()] = urlsplit(line.partition(_LISTENING)[2]).port or 0
        self.ports = Ports(**found)

    @property
    def connection_string(self) -> str:
        """For ``AzureWebJobsStorage`` and the storage SDKs. Holds the account key."""
        endpoints = (
            f"{service.title()}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};"
            for service, port in self.ports._asdict().items()
        )
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={self.key};{''.join(endpoints)}"


def _find_node() -> str:
    node = shutil.which("node")
    if node is None:
        raise NotReady("Node.js is missing: install Node.js 20 or newer, then run `make setup`.")
    if not _SCRIPT.exists():
        raise NotReady("Azurite is not installed: run `make setup`.")
    return node


def _account_key(path: Path) -> str:
    """The account's key: kept in the file, made on first use, so that no well-known key opens anything."""
    if not path.exists():
        write_private(path, base64.b64encode(secrets.token_bytes(64)))
    return path.read_text()


def _options(data: Path, ports: Ports) -> list[str]:
    listen = [
        option
        for service, port in ports._asdict().items()
        for option in (f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port))
    ]
    return ["--location", str(data), *listen, "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
