"""Why the ledger did not write: each names what stood in the way."""

from shared.ledger.entry import Entry
from shared.vocabulary.errors import CaselleError


class Known(CaselleError):
    """The ledger already has an entry under this key."""

    def __init__(self, found: Entry) -> None:
        """Carry the entry as it stands."""
        super().__init__(f"{found.key} is known")
        self.found = found


class Forestalled(CaselleError):
    """A void of this payment came before it; nothing was written."""


class ReferenceTaken(CaselleError):
    """Another entry of this biller uses the same reference."""


class ReceiptTaken(CaselleError):
    """Another entry of this biller is bound to the same receipt."""


class SlotTaken(CaselleError):
    """Another send of this biller holds the slot."""


class SubjectTaken(CaselleError):
    """Another entry on the same subject is being sent or in doubt."""


class Moved(CaselleError):
    """Somebody else changed the entry first; nothing was written."""

    def __init__(self, found: Entry) -> None:
        """Carry the entry as it now stands."""
        super().__init__("the entry has moved on")
        self.found = found


class Contended(CaselleError):
    """A row that was to change together with the entry was changed by somebody else first; nothing was written."""
