"""What a server said, whatever it was: while an app is replaced, anything may answer in its place."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

_SECONDS: Final = 300
_SHOWN_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; its text may be no JSON, cut off, or empty."""

    status: int
    text: str = ""

    @property
    def json(self) -> Any:  # noqa: ANN401 - as JSON is
        """Its JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def fields(self) -> dict[str, Any]:
        """Its JSON object; empty where it is none."""
        found = self.json
        return found if isinstance(found, dict) else {}

    def words(self, *names: str) -> str:
        """The first of its fields that holds words, shortened; empty where none does."""
        found = (self.fields.get(name) for name in names)
        return next((each.strip()[:_SHOWN_WORDS] for each in found if isinstance(each, str) and each.strip()), "")


class Server:
    """One host that is asked again and again; ``with`` closes its connections.

    Args:
        url: without a path.
    """

    def __init__(self, url: str) -> None:
        self.url: Final = url
        self._client: Final = httpx.Client(timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, headers: dict[str, str], content: bytes | None = None) -> Answer | None:
        """One request; None where no answer came."""
        try:
            found = self._client.request(method, f"{self.url}{path}", content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return Answer(found.status_code, found.content.decode(errors="replace"))


def tries(most: int, seconds: float, wait: Callable[[float], None]) -> Iterator[int]:
    """Numbers from 1, with a wait of ``seconds`` between each two."""
    for number in range(1, most + 1):
        if number > 1:
            wait(seconds)
        yield number
