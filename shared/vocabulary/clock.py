"""Time, injected: nothing below ``runtime`` reads the system's clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Wall time to date things, and monotonic time to bound waiting."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps back."""
        ...


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, rounded down."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The UTC instant so many milliseconds after 1970-01-01."""
    return _EPOCH + milliseconds * _MILLISECOND
