"""The local vault and the local functions host, as the process that starts them sees them."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from local.processes import READY_WITHIN, Child, Service


class Vault(Service):
    """A running ``local.vault``. Secrets, certificate and identity live in its folder and survive a restart."""

    url: str
    ca_file: str
    identity_endpoint: str
    identity_header: str

    def __init__(self, folder: Path, port: int = 0, identity_port: int = 0) -> None:
        arguments = ("--state", str(folder), "--port", str(port), "--identity-port", str(identity_port))
        super().__init__(Child.module("vault", "local.vault", *arguments, log=folder / "vault.log"))

    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        ready = self._child.wait_ready(seconds)
        self.url, self.ca_file = ready["vaultUrl"], ready["caFile"]
        self.identity_endpoint, self.identity_header = ready["identityEndpoint"], ready["identityHeader"]

    @property
    def environment(self) -> dict[str, str]:
        """What ``ManagedIdentityCredential`` reads. Holds a secret."""
        return {"IDENTITY_ENDPOINT": self.identity_endpoint, "IDENTITY_HEADER": self.identity_header}


class HostKeys(NamedTuple):
    """Keys that callers of the functions host send as ``x-functions-key``."""

    master: str
    function: str

    @classmethod
    def random(cls) -> "HostKeys":
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


class FunctionsHost(Service):
    """A running ``local.host`` over one function app."""

    url: str

    def __init__(
        self,
        app: Path,
        *,
        storage: str,
        log: Path,
        port: int = 0,
        queue_lease: int = 600,
        keys: HostKeys | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Start it over the folder ``app``.

        Args:
            app: the folder that holds ``function_app.py`` and ``host.json``.
            storage: connection string for ``AzureWebJobsStorage``.
            log: takes what host and app log.
            port: 0 takes a free one.
            queue_lease: seconds a queue message stays hidden while it is worked on.
            keys: random when not given.
            settings: application settings, as environment variables.
        """
        self.keys = keys or HostKeys.random()
        environment = {
            **(settings or {}),
            "AzureWebJobsStorage": storage,
            "LOCAL_HOST_MASTER_KEY": self.keys.master,
            "LOCAL_HOST_FUNCTION_KEY": self.keys.function,
        }
        arguments = (str(app.resolve()), "--port", str(port), "--queue-lease", str(queue_lease))
        super().__init__(Child.module("functions host", "local.host", *arguments, log=log, env=environment))

    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        self.url = self._child.wait_ready(seconds)["url"]
