"""Every look at the console is recorded before anything is read, so that none happens unrecorded."""

from typing import Protocol

from shared.console.access import Person
from shared.vocabulary import events


class Views(Protocol):
    """Where looks are kept, for ever and unchanged."""

    async def add(self, person: Person, subject: str) -> None:
        """Keep who looked at what: the stamp, a biller, or an entry's key.

        Raises:
            Unavailable: it was not kept.
        """
        ...


class Recorder:
    """Keeps looks, and tells them as events."""

    def __init__(self, views: Views) -> None:
        """Keep where they go."""
        self._views = views

    async def __call__(self, person: Person, subject: str) -> None:
        """Record one look.

        Raises:
            Unavailable: it could not be kept, and nothing may be shown.
        """
        await self._views.add(person, subject)
        events.emit("console.viewed", by=person.object_id, subject=subject)
