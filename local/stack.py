"""The one-machine stack: Azurite, vault, Caselle simulator and functions host, started, filled and stopped together.

Start it from the main thread: its children end with the thread that started them (``local/leash.py``).
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from local.azurite import Azurite
from local.processes import ROOT, NotReady, Service, bind_loopback
from local.services import FunctionsHost, HostKeys, Vault
from local.simulator.client import SimulatorControl
from local.stack_services import CoreTools, Simulator
from local.stack_setup import (
    fill_stores,
    for_each,
    introduce,
    keep_client_secrets,
    renews,
    supervise_renewals,
    takes_tokens,
)
from local.state_folder import StateFolder
from shared.billers.model import Biller

CALLBACK_ROUTE = "api/ICOAuthTokenProcessor"

_NO_REGION = "local"

type Host = FunctionsHost | CoreTools


def _silent(_: str) -> None:
    """Say nothing."""


class Stack:
    """A running stack. ``with`` starts and stops it; every start begins with empty stores.

    Args:
        state: the state folder.
        billers: who is posted for.
        lines: the payments file's; the simulator learns its customers and invoices from them.
        region: the home stamp; without it, home to every region of the billers.
        caselle_url: a Caselle that somebody else runs; its peer then calls the callback.
        token_url: that Caselle's token endpoint.
        port: the functions host's; 0 takes a free one.
        time_divisor: how many times faster the app's waiting times pass.
        queue_lease: seconds that a message stays hidden once a host took it; None for the platform's ten minutes.
        settings: application settings beside those that the stack makes itself.
        say: takes a line about each part that has started.
    """

    def __init__(
        self,
        state: Path,
        billers: Sequence[Biller],
        lines: Sequence[str] = (),
        *,
        region: str | None = None,
        caselle_url: str | None = None,
        token_url: str | None = None,
        port: int = 0,
        time_divisor: float = 1,
        queue_lease: int | None = None,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = _silent,
    ) -> None:
        self.billers = list(billers)
        self.hosts: list[Host] = []
        self.simulator: Simulator | None = None
        self.functions_url = ""
        self._lines = list(lines)
        self._folder = StateFolder(state)
        self._regions = region or ",".join(sorted({biller.region or _NO_REGION for biller in billers}))
        self._caselle_url, self._token_url = caselle_url, token_url
        self._port = port
        self._time_divisor = time_divisor
        self._queue_lease = queue_lease
        self._more_settings = dict(settings or {})
        self._say = say
        self._host_keys = HostKeys.random()
        self._callback_keys: dict[str, SecretStr] = {}
        self._hosts_started = 0
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and fill every part, deliver the tokens, and publish ``stack.json``.

        Raises:
            WrongUse: the state folder is in use.
            NotReady: the port is taken, or a part did not start; everything is stopped again.
        """
        try:
            # Told now rather than after everything else has started.
            self._take_port()
            self._folder.claim()
            self._running.callback(self._folder.release)
            self._start_services()
            self._callback_keys = asyncio.run(fill_stores(self.storage, self.vault, self.billers))
            self.start_host()
            asyncio.run(self._deliver_tokens())
        except BaseException:
            self.stop()
            raise
        self._folder.write(self._description())

    def stop(self) -> None:
        """Stop everything, hosts first. Does nothing when it is stopped."""
        self._running.close()
        self.hosts.clear()

    def start_host(self) -> Host:
        """One more instance of the functions host, on the port of the callback URLs unless another one has it."""
        port = 0 if any(host.url == self.functions_url for host in self.hosts) else self._port
        self._hosts_started += 1
        host = self._new_host(port, self._folder.logs / f"functions-host-{self._hosts_started}.log")
        self._running.callback(host.stop)
        host.wait_ready()
        self.hosts.append(host)
        if not self.functions_url:
            self.functions_url = host.url
            self._port = urlsplit(host.url).port or 0
            self._say(f"functions host      {host.url}")
        return host

    def kill_host(self) -> None:
        """End the oldest instance with SIGKILL, as a crash would."""
        self.hosts.pop(0).kill()

    def check(self) -> None:
        """Look whether every part still runs.

        Raises:
            NotReady: naming one that has ended, with the end of its log.
        """
        parts = {"Azurite": self.azurite, "The vault": self.vault, "The Caselle simulator": self.simulator}
        hosts = {f"Functions host {number}": host for number, host in enumerate(self.hosts, start=1)}
        for name, service in (parts | hosts).items():
            if service is not None and service.exit_code is not None:
                end = f"{name} has ended (exit code {service.exit_code}); its log ends so:\n{service.log_tail()}"
                raise NotReady(f"{end}\nStart again for a fresh stack; nothing of this one is needed.")

    @property
    def storage(self) -> str:
        """Connection string of the storage account. Holds its key."""
        return self.azurite.connection_string

    @property
    def host_storage(self) -> str:
        """The connection string that the hosts get."""
        return self.storage

    @property
    def control_url(self) -> str:
        """The simulator's control API.

        Raises:
            NotReady: somebody else runs Caselle.
        """
        if self.simulator is None:
            raise NotReady("This stack has no Caselle simulator: it was started with --caselle-url.")
        return self.simulator.control_url

    @property
    def function_key(self) -> str:
        """What callers of the functions host send as ``x-functions-key``."""
        return self._host_keys.function

    @property
    def callback_urls(self) -> dict[str, str]:
        """By biller id. Each holds the biller's key."""
        return {
            biller: f"{self.functions_url}/{CALLBACK_ROUTE}?BK={key.get_secret_value()}"
            for biller, key in self._callback_keys.items()
        }

    def _take_port(self) -> None:
        """Keep the hosts' port until the end, so that nobody is given it by chance while no host runs."""
        taken = bind_loopback(self._port, "the functions host")
        self._running.callback(taken.close)
        # Only Linux lets one socket listen where another is bound; whether Core Tools ask for that is not known.
        if sys.platform != "linux" or CoreTools.installed():
            taken.close()
        else:
            self._port = taken.getsockname()[1]

    def _start_services(self) -> None:
        """Begin all three before waiting for the first: they start side by side."""
        self.azurite = self._part(Azurite(self._folder.path / "azurite"))
        self.vault = self._part(Vault(self._folder.path / "vault"))
        if self._caselle_url is None:
            self.simulator = self._part(Simulator(self._folder.logs / "simulator.log"))
        self.azurite.wait_ready()
        self._say(f"Azurite             queues, tables and blobs on ports {', '.join(map(str, self.azurite.ports))}")
        self.vault.wait_ready()
        self._say(f"vault               {self.vault.url}")
        if self.simulator is not None:
            self.simulator.wait_ready()
            self._caselle_url, self._token_url = self.simulator.caselle_url, self.simulator.token_url
        self._say(f"Caselle {'simulator' if self.simulator else '':<11} {self._caselle_url}")

    def _part[ServiceT: Service](self, service: ServiceT) -> ServiceT:
        self._running.callback(service.stop)
        return service

    def _new_host(self, port: int, log: Path) -> Host:
        # Core Tools know neither another lease nor a faster clock.
        if CoreTools.installed() and self._time_divisor == 1 and self._queue_lease is None:
            settings = self._settings() | {"AzureWebJobsStorage": self.host_storage}
            return CoreTools(port=port, log=log, settings=settings)
        lease = {} if self._queue_lease is None else {"queue_lease": self._queue_lease}
        return FunctionsHost(
            ROOT,
            storage=self.host_storage,
            log=log,
            port=port,
            keys=self._host_keys,
            settings=self._settings(),
            **lease,
        )

    def _settings(self) -> dict[str, str]:
        """The application settings that the platform would give; storage comes with the host."""
        caselle_url = str(self._caselle_url)
        divided = {"TIME_DIVISOR": str(self._time_divisor)} if self._time_divisor != 1 else {}
        renewing = {"CASELLE_TOKEN_URL": self._token_url} if self._token_url else {}
        return (
            self._more_settings
            | divided
            | renewing
            | {
                "FUNCTIONS_WORKER_RUNTIME": "python",
                "KEY_VAULT_URL": self.vault.url,
                "KEY_VAULT_CA_FILE": self.vault.ca_file,
                "STAMP_REGIONS": self._regions,
                "CASELLE_BASE_URL": caselle_url,
                "CASELLE_ALLOWED_HOSTS": urlsplit(caselle_url).hostname or "",
                "CASELLE_ALLOW_LOOPBACK": "1",
                **self.vault.environment,
            }
        )

    async def _deliver_tokens(self) -> None:
        """The simulator calls each biller's callback, as Caselle does; the app keeps the token."""
        if self.simulator is None:
            return
        async with SimulatorControl(self.control_url) as control:
            client_secrets = await introduce(control, self.billers, self.callback_urls, self._lines)
            await keep_client_secrets(self.storage, self.vault, client_secrets)

            async def deliver(biller: Biller) -> None:
                status = await control.deliver_token(str(biller.subdomain))
                if status != HTTPStatus.OK:
                    raise NotReady(f"The callback answered {status} when biller {biller.biller_id}'s token came.")

            await for_each(filter(takes_tokens, filter(self._at_home, self.billers)), deliver)
        renewing = [biller for biller in self.billers if renews(biller)]
        urls = {"caselle_url": self.simulator.caselle_url, "token_url": self.simulator.token_url}
        if renewing:
            await supervise_renewals(self.storage, self.vault, renewing, **urls)

    def _at_home(self, biller: Biller) -> bool:
        return biller.region is None or biller.region in self._regions.split(",")

    def _description(self) -> dict[str, Any]:
        callbacks = {biller: {"callbackUrl": url} for biller, url in self.callback_urls.items()}
        described = {
            "functionsUrl": self.functions_url,
            "storageConnectionString": self.storage,
            "vaultUrl": self.vault.url,
            "caselleUrl": self._caselle_url,
            "tokenUrl": self._token_url,
            "keys": {"host": self._host_keys.function, "master": self._host_keys.master},
            "settings": self._settings(),
            "billers": callbacks,
        }
        return described | ({"controlUrl": self.simulator.control_url} if self.simulator else {})
