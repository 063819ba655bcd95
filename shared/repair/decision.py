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
    not_by_hand: bool = False
    """Asked whether it was entered by hand since it was told as held, they say that it was not."""

    def note(self, **more: str) -> Values:
        """As it stands in an event."""
        answer: Values = {"not_by_hand": True} if self.not_by_hand else {}
        return {"by": self.by, "why": self.why, **answer, **more}


def known(entry: Entry | None, key: Key) -> Entry:
    """The entry that was looked up.

    Raises:
        NotAllowed: the ledger has none under this key.
    """
    if entry is None:
        raise NotAllowed(f"The ledger knows no {key.kind} {key.id} of biller {key.biller}.")
    return entry
