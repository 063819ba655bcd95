"""The app over HTTPS: which code runs, and whether it could do its work."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from admin.deploy.answers import Answer, Server, tries
from admin.errors import WrongUse
from admin.output import say
from shared.runtime.build import Build

RETRY_SECONDS: Final = 15
_RUN_TRIES: Final = 40
"""Ten minutes: until its roles at the storage are known everywhere, the host ends itself again and again."""
_READY_TRIES: Final = 20
_FIRST_TIME: Final = (
    "On a first deployment its roles at the storage take minutes to be known, and its host ends itself until they are."
)


@dataclass(frozen=True, slots=True)
class Site:
    """One app.

    Args:
        url: without a path.
        wait: takes seconds.
    """

    url: str
    wait: Callable[[float], None]

    def runs(self, wanted: Build) -> None:
        """The code that answers is the package's.

        Raises:
            WrongUse: nothing answers, or another package does.
        """
        last: Answer | None = None
        with Server(self.url) as server:
            for number in tries(_RUN_TRIES, RETRY_SECONDS, self.wait):
                last = server.ask("GET", "/api/health", {})
                if _build(last) == wanted:
                    return
                if number == 1:
                    say(f"{_state(last, wanted)}; waiting at most ten minutes. {_FIRST_TIME}")
        raise WrongUse(f"{self.url}/api/health: {_state(last, wanted)}. The log stream of the app says why.")

    def ready(self, key: str) -> None:
        """Settings, tables and vault answer the app.

        Raises:
            WrongUse: naming the first that does not.
        """
        said = "it does not answer"
        with Server(self.url) as server:
            for _ in tries(_READY_TRIES, RETRY_SECONDS, self.wait):
                found = server.ask("GET", "/api/ready", {"x-functions-key": key})
                if found is not None and found.status == HTTPStatus.OK and found.fields.get("status") == "ready":
                    return
                if found is not None:
                    said = found.words("detail") or f"it answers HTTP {found.status}"
        raise WrongUse(f"The app is up and not ready: {said}.")


def _build(answer: Answer | None) -> Build | None:
    return Build.parse(answer.text) if answer is not None and answer.status == HTTPStatus.OK else None


def _state(answer: Answer | None, wanted: Build) -> str:
    if answer is None:
        return "The app does not answer"
    if answer.status != HTTPStatus.OK:
        return f"The app answers HTTP {answer.status}"
    found = _build(answer)
    other = f"runs {found}" if found else "does not say which package it runs"
    return f"The app {other}, and not {wanted}"
