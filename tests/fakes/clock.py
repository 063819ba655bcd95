"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class StoppedClock:
    def __init__(self, at: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) -> None:
        self._at = at
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._monotonic += seconds

    def step(self, **by: float) -> None:
        """The wall clock is set to another time; monotonic time does not notice."""
        self._at += timedelta(**by)
