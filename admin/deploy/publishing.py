"""The endpoint that takes a package and swaps the app's code for it (``/api/publish`` of Flex Consumption).

Paths, codes and states as in azure-cli 2.91 (``_check_zip_deployment_status_flex``) and azd
(``funcapp_host_client.go``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from admin.deploy.answers import Answer, Server, tries
from admin.errors import WrongUse
from admin.output import warn

RETRY_SECONDS: Final = 15
POLL_SECONDS: Final = 1
_PUBLISH_TRIES: Final = 20
"""Five minutes: a role that was just granted takes that long to be known everywhere."""
_STATUS_TRIES: Final = 900
_UNSEEN_TRIES: Final = 60
"""How long a deployment that nobody has seen yet may be unknown, in polls."""
_TOO_EARLY: Final = frozenset({401, 403, 404, 408, 429, 500, 502, 503, 504})
_TAKEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})
_SUCCEEDED: Final = 4
_ENDED: Final = {
    -1: "was cancelled",
    3: "failed",
    5: "was given up, since another one is under way",
    6: "succeeded only in part",
}
_ID: Final = re.compile(r"[\w-]{1,100}")


@dataclass(slots=True)
class Publishing:
    """One app's endpoint.

    Args:
        url: without a path.
        token: gives a fresh access token; it is never printed.
        wait: takes seconds.
    """

    url: str
    token: Callable[[], str]
    wait: Callable[[float], None]
    _held: str | None = None

    def publish(self, package: Path) -> None:
        """Replace the app's code; dependencies are in the package, so nothing is built there.

        That it returns says that the endpoint is done. Which code runs, the app itself must say.

        Raises:
            WrongUse: it was refused, or it did not succeed in time.
        """
        with Server(self.url) as server:
            self._follow(server, self._sent(server, package.read_bytes()))

    def _sent(self, server: Server, content: bytes) -> Answer:
        """The answer that took the package."""
        last: Answer | None = None
        for _ in tries(_PUBLISH_TRIES, RETRY_SECONDS, self.wait):
            last = self._ask(server, "POST", "/api/publish?RemoteBuild=false&Deployer=icadmin", content)
            if last is not None and last.status in _TAKEN:
                return last
            if last is not None and last.status not in _TOO_EARLY:
                raise WrongUse(_refusal(last))
        said = "no answer came" if last is None else f"HTTP {last.status} at last"
        raise WrongUse(f"The package was refused for five minutes ({said}): you may lack the role Website Contributor.")

    def _follow(self, server: Server, taken: Answer) -> None:
        """Until the deployment of that answer has ended: its body is the id, as JSON text."""
        number = taken.json
        if not isinstance(number, str) or not _ID.fullmatch(number):
            warn("Azure took the package and did not say under which id; the app itself must tell.")
            return
        seen = False
        for polled in tries(_STATUS_TRIES, POLL_SECONDS, self.wait):
            found = self._ask(server, "GET", f"/api/deployments/{number}")
            if found is not None and found.status == HTTPStatus.NOT_FOUND and (seen or polled >= _UNSEEN_TRIES):
                return  # The worker that knew of it was recycled: its deployment is over.
            state = found.fields.get("status") if found is not None and found.status in _TAKEN else None
            if found is None or not isinstance(state, int):
                continue
            seen = True
            if state == _SUCCEEDED:
                return
            if state in _ENDED:
                raise WrongUse(_end(state, found))
        raise WrongUse("Azure took the package and has not deployed it within fifteen minutes.")

    def _ask(self, server: Server, method: str, path: str, content: bytes | None = None) -> Answer | None:
        self._held = self._held or self.token()
        headers = {"Authorization": f"Bearer {self._held}"}
        if content is not None:
            headers["Content-Type"] = "application/zip"
        found = server.ask(method, path, headers, content)
        if found is not None and found.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            self._held = None
        return found


def _refusal(answer: Answer) -> str:
    if answer.status == HTTPStatus.CONFLICT:
        return "Another deployment of this app is under way: wait for its end, then deploy again."
    said = answer.words("message", "Message", "detail")
    return f"The package was refused with HTTP {answer.status}{': ' + said if said else ''}."


def _end(state: int, answer: Answer) -> str:
    said = answer.words("status_text", "message", "progress")
    where = said or "its deployment log says why"
    return f"Azure took the package, and its deployment {_ENDED[state]}: {where}."
