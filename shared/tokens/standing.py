"""What this process has seen of each token: may a write leave with it, or must a read pass first?

A write that is refused for its token may have acted, so none leaves with a token that is likely to be refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr

from shared.vocabulary.clock import Clock

FRESH: Final = 3600.0
"""Seconds for which a read that passed vouches for its token."""

LAST_DAY: Final = timedelta(hours=24)
"""Before its end a token is no longer taken at its word."""


@dataclass(slots=True)
class _Seen:
    """Of one token. ``passed``: when its last read did, by both clocks; ``refused``: whether it ever was."""

    passed: tuple[float, datetime] | None = None
    refused: bool = False


class Standing:
    """Remembers reads that passed and refusals; a process has few tokens of each biller in its life."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, SecretStr], _Seen] = {}

    def passed(self, biller_id: str, token: SecretStr) -> None:
        """A read with it was answered."""
        self._of(biller_id, token).passed = self._clock.monotonic(), self._clock.now()

    def refused(self, biller_id: str, token: SecretStr) -> None:
        """It was refused: what passed before shows nothing any more."""
        seen = self._of(biller_id, token)
        seen.passed, seen.refused = None, True

    def needs_read(self, biller_id: str, token: SecretStr, ends: datetime | None) -> bool:
        """Whether a read must pass with it before a write; ``ends``: None where nobody knows."""
        seen = self._of(biller_id, token)
        lasts = ends is not None and ends - self._clock.now() > LAST_DAY
        return (seen.refused or not lasts) and not self._fresh(seen, ends)

    def _fresh(self, seen: _Seen, ends: datetime | None) -> bool:
        if seen.passed is None:
            return False
        monotonic, on = seen.passed
        ended_since = ends is not None and on < ends <= self._clock.now()
        return not ended_since and self._clock.monotonic() - monotonic <= FRESH

    def _of(self, biller_id: str, token: SecretStr) -> _Seen:
        return self._seen.setdefault((biller_id, token), _Seen())
