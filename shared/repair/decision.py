"""Who decides, and why: kept with the event of each change."""

from dataclasses import dataclass

from shared.ledger.entry import Entry, Key
from shared.ledger.store import Values
from shared.vocabulary.errors import CaselleError


class NotAllowed(CaselleError):
    """A person asked for what the rules do not allow now; the text says what to do instead. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision."""

    by: str
    """Object id in Entra."""
    why: str

    def note(self, **more: str) -> Values:
        """As it stands in an event."""
        return {"by": self.by, "why": self.why, **more}


def known(entry: Entry | None, key: Key) -> Entry:
    """The entry that was looked up.

    Raises:
        NotAllowed: the ledger has none under this key.
    """
    if entry is None:
        raise NotAllowed(f"The ledger knows no {key.kind} {key.id} of biller {key.biller}.")
    return entry
