"""The app over HTTPS: publishing a package, and whether the app answers afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from admin.errors import WrongUse

RETRY_SECONDS: Final = 15
_PUBLISH_TRIES: Final = 20
"""Five minutes: a role that was just granted takes that long to be known everywhere."""
_STATUS_TRIES: Final = 60
_ANSWER_TRIES: Final = 20
_TOO_EARLY: Final = frozenset({401, 403, 404, 409, 429, 500, 502, 503, 504})
_SUCCEEDED: Final = 4
_FAILED: Final = 3
_UPLOAD_SECONDS: Final = 300


@dataclass(frozen=True)
class Site:
    """One app.

    Args:
        publishing: URL of the publishing endpoint, without a path.
        app: URL of the app, without a path.
        token: gives a fresh access token for each request; it is never printed.
        wait: takes seconds.
    """

    publishing: str
    app: str
    token: Callable[[], str]
    wait: Callable[[float], None]

    def publish(self, package: Path) -> None:
        """Replace the app's code; dependencies are in the package, so nothing is built there.

        Raises:
            WrongUse: it was refused, or it did not succeed in time.
        """
        url = f"{self.publishing}/api/publish?RemoteBuild=false&Deployer=icadmin"
        content = package.read_bytes()
        for _ in self._tries(_PUBLISH_TRIES):
            status = self._status("POST", url, content=content)
            if status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
                return self._published()
            if status is not None and status not in _TOO_EARLY:
                raise WrongUse(f"The package was refused with HTTP {status}.")
        raise WrongUse("The package was refused for five minutes: you may lack the role Website Contributor.")

    def _published(self) -> None:
        for _ in self._tries(_STATUS_TRIES):
            found = self._request("GET", f"{self.publishing}/api/deployments/latest")
            state = found.json().get("status") if found is not None and found.status_code == HTTPStatus.OK else None
            if state == _SUCCEEDED:
                return
            if state == _FAILED:
                raise WrongUse("Azure took the package and could not deploy it; its deployment log says why.")
        raise WrongUse("Azure took the package and has not deployed it within fifteen minutes.")

    def answers(self) -> None:
        """The app is up.

        Raises:
            WrongUse: it is not.
        """
        for _ in self._tries(_ANSWER_TRIES):
            if self._status("GET", f"{self.app}/api/health", signed=False) == HTTPStatus.OK:
                return
        raise WrongUse(f"{self.app}/api/health does not answer: the log stream of the app says why.")

    def ready(self, key: str) -> None:
        """Settings, tables and vault answer the app.

        Raises:
            WrongUse: naming the first that does not.
        """
        said = "it does not answer"
        for _ in self._tries(_ANSWER_TRIES):
            found = self._request("GET", f"{self.app}/api/ready", signed=False, headers={"x-functions-key": key})
            if found is not None and found.status_code == HTTPStatus.OK:
                return
            if found is not None and found.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                said = str(found.json().get("detail"))
        raise WrongUse(f"The app is up and not ready: {said}.")

    def _tries(self, most: int) -> Iterator[None]:
        for number in range(most):
            if number:
                self.wait(RETRY_SECONDS)
            yield

    def _status(self, method: str, url: str, *, signed: bool = True, content: bytes | None = None) -> int | None:
        found = self._request(method, url, signed=signed, content=content)
        return None if found is None else found.status_code

    def _request(
        self,
        method: str,
        url: str,
        *,
        signed: bool = True,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response | None:
        """None where no answer came."""
        sent = dict(headers or {})
        if signed:
            sent["Authorization"] = f"Bearer {self.token()}"
        if content is not None:
            sent["Content-Type"] = "application/zip"
        try:
            return httpx.request(method, url, content=content, headers=sent, timeout=_UPLOAD_SECONDS)
        except httpx.HTTPError:
            return None
