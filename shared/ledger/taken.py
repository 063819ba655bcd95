"""What a refused insert means, by the row that was there already."""

from shared.ledger import rows, transition
from shared.ledger.entry import Entry
from shared.ledger.errors import Forestalled, ReferenceTaken, SlotTaken, SubjectTaken
from shared.ledger.store import RowExists


def explain(error: RowExists, entry: Entry) -> None:
    """Raise what the row that an entry met stands for; nothing where it stands for nothing of its own.

    Raises:
        Forestalled, SlotTaken, SubjectTaken, ReferenceTaken: as ``Ledger`` says of them.
    """
    if error.key == rows.event_key(entry.key, transition.FIRST):
        raise Forestalled(str(error)) from error
    if entry.slot is not None and error.key == rows.slot_key(entry.lane, entry.slot):
        raise SlotTaken(str(error)) from error
    if entry.subject is not None and error.key == rows.subject_key(entry.key, entry.subject):
        raise SubjectTaken(str(error)) from error
    if error.key == rows.reference_key(entry.key.biller, entry.reference):
        raise ReferenceTaken(str(error)) from error
