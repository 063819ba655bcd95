"""The storage service's clock, which all instances of a stamp have in common."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from azure.core.pipeline import PipelineResponse

from shared.vocabulary.clock import Clock


class ServerTime:
    """The storage service's clock: the ``Date`` header of its latest answer, and the monotonic time since then."""

    def __init__(self, clock: Clock) -> None:
        """Until the first answer, the local clock is all there is."""
        self._clock = clock
        self._learned: datetime | None = None
        self._learned_at = 0.0

    def now(self) -> datetime:
        """The service's time now; a step of the local wall clock since the latest answer does not move it."""
        if self._learned is None:
            return self._clock.now()
        return self._learned + timedelta(seconds=self._clock.monotonic() - self._learned_at)

    def learn(self, response: PipelineResponse[Any, Any]) -> None:
        """Take the time of one answer; the header counts whole seconds, so a smaller difference is none."""
        date = response.http_response.headers.get("Date")
        if date:
            theirs, ours = _instant(date), self._clock.now()
            self._learned = theirs if abs(theirs - ours) > timedelta(seconds=2) else ours
            self._learned_at = self._clock.monotonic()


@lru_cache(maxsize=1)
def _instant(date: str) -> datetime:
    """Of a ``Date`` header: all answers of one second have the same."""
    return parsedate_to_datetime(date).astimezone(UTC)
