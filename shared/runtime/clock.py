"""The system's clock, and the storage service's."""

import time
from datetime import UTC, datetime
from typing import Protocol


class SystemClock:
    """``shared.vocabulary.clock.Clock`` on the machine's own time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps back."""
        return time.monotonic()


class Service(Protocol):
    """A service whose time is known from its answers."""

    def now(self) -> datetime:
        """The service's time now."""
        ...


class SharedClock(SystemClock):
    """The storage service's time: claims that stand in a table are compared by one clock, whatever the machines say."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def now(self) -> datetime:
        """The present instant by the service, in UTC."""
        return self._service.now()
