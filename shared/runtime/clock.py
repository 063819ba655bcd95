"""The system's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """``shared.vocabulary.clock.Clock`` on the machine's own time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps back."""
        return time.monotonic()
