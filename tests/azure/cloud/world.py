"""The whole stand-in, and the environment in which the real ``az`` finds it and nothing else."""

import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from admin.deploy.region import PROVIDERS
from tests.azure.cloud import arm, entra
from tests.azure.cloud.arm import Arm
from tests.azure.cloud.certificates import Certificates
from tests.azure.cloud.entra import Entra
from tests.azure.cloud.front import Front
from tests.azure.cloud.publishing import Publishing
from tests.azure.cloud.resources import Resources
from tests.azure.cloud.site import Site
from tests.azure.cloud.wire import Service

_OWN: Final = re.compile(r"([\w-]+)\.azurewebsites\.net")
_PUBLISHING: Final = re.compile(r"([\w-]+)\.scm\.azurewebsites\.net")
SUBJECT: Final = "repo:example/caselle:environment:westus2.prod"


class Cloud:
    """Running from ``with`` on.

    Args:
        folder: takes what is unpacked and logged.
        certificates: of its hosts.
        storage: connection string of the storage that the app gets.
        settings: of the app.
    """

    def __init__(self, folder: Path, certificates: Certificates, storage: str, settings: Mapping[str, str]) -> None:
        self._later = 0.0
        self.entra = Entra(lambda: time.time() + self._later)
        self.resources = Resources(set(PROVIDERS))
        self.site = Site(folder, storage, settings)
        self.arm = Arm(self.resources, lambda _: self.site.host_keys(), lambda _: self.site.functions())
        self.publishing = Publishing("app.scm.azurewebsites.net", self.site)
        self.front = Front(certificates, self._find)
        self._certificates = certificates

    def __enter__(self) -> Self:
        self.front.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.front.__exit__()
        self.site.close()

    def pass_time(self, seconds: float) -> None:
        """Entra's clock goes on."""
        self._later += seconds

    def environment(self, config: Path) -> dict[str, str]:
        """For ``az`` and for every client in this process: all ways lead to the stand-in."""
        trusted = str(self._certificates.authority)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.front.url)
        local = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        bundles = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), trusted)
        quiet = {"AZURE_CORE_COLLECT_TELEMETRY": "no", "AZURE_CORE_NO_COLOR": "yes", "AZURE_CORE_SURVEY_MESSAGE": "no"}
        compiler = {"AZURE_BICEP_USE_BINARY_FROM_PATH": "true", "AZURE_BICEP_CHECK_VERSION": "false"}
        return {**proxies, **local, **bundles, **quiet, **compiler, "AZURE_CONFIG_DIR": str(config)}

    def asked(self, method: str, pattern: str) -> list[str]:
        """Paths of the requests whose method and path have these patterns, in their order."""
        found = (each.path for each in self.front.came if re.fullmatch(method, each.method))
        return [path for path in found if re.search(pattern, path, re.IGNORECASE)]

    def _find(self, host: str) -> Service | None:
        if host == entra.HOST:
            return self.entra
        if host == arm.HOST:
            return self.arm
        app = _PUBLISHING.fullmatch(host) or _OWN.fullmatch(host)
        if app is None or not any(
            each["name"] == app[1] for each in self.resources if each["type"] == "Microsoft.Web/sites"
        ):
            return None
        return self.publishing if _PUBLISHING.fullmatch(host) else self.site


def run_az(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a person gives it."""
    return subprocess.run(["az", *arguments], check=False, capture_output=True, text=True, env=environment)  # noqa: S603, S607 - az itself


def login(cloud: Cloud, *, subject: str = SUBJECT, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """As the workflow signs in."""
    assertion = cloud.entra.assertion(subject, seconds=seconds)
    who = ("--service-principal", "--username", entra.CLIENT, "--tenant", entra.TENANT)
    return run_az("login", *who, "--federated-token", assertion, "--output", "none")
