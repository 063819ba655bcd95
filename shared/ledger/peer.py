"""What the ledger needs to know of the server that it sends to."""

from typing import Protocol

from shared.ledger.answer import Answer
from shared.ledger.entry import Entry
from shared.ledger.settle import Finding


class Peer(Protocol):
    """One biller's server, as far as the ledger needs to know it."""

    @property
    def slots(self) -> int:
        """Most sends at once."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """Whether it can show what it has."""
        ...

    def after_loss(self, entry: Entry) -> Entry:
        """The entry as a ledger that was lost may have left it, where that is not known of it yet."""
        ...

    async def send(self, entry: Entry) -> Answer:
        """Send one entry; every failure is an answer, only cancellation is raised."""
        ...

    async def probe(self, entry: Entry) -> bool:
        """Whether a harmless read succeeds."""
        ...

    async def ask(self, entry: Entry) -> Finding:
        """What the peer shows about an entry whose outcome is unknown."""
        ...
