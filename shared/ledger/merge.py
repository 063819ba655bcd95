"""One message that became an entry at a biller's old home and at its new one: which of them goes on. Decides only."""

from datetime import datetime
from typing import Final

from shared.ledger import settle
from shared.ledger.entry import SETTLED, Entry, State, Wait

SENT_AT_BOTH: Final = "sent_at_both_homes"

_AT_THE_PEER: Final = frozenset({State.SENDING, State.UNKNOWN, State.POSTED, State.REVERSED})
_ENDED: Final = frozenset({State.NOT_POSTED, State.SKIPPED})


def merged(old: Entry, new: Entry, now: datetime) -> Entry | None:
    """What takes the place of ``new``, or None: it stays as it is.

    Args:
        old: the entry of the old home as it would go on at the new one.
        new: the entry that the new home made of the same message.
        now: the storage service's clock.
    """
    if not _sent(new):
        # What ended at the new home was told to be final, and nothing speaks against it.
        stays = new.state in _ENDED and not _sent(old)
        return None if stays else _in_its_place(old, new, now)
    if not _sent(old):
        return None
    if old.key.kind.is_update or _same_receipt(old, new):
        return _in_its_place(old, new, now) if old.state is State.REVERSED else None
    both = _in_its_place(old, new, now)
    held = settle.held(
        both, SENT_AT_BOTH, now, detail=f"{_receipt(old)} at the old home, {_receipt(new)} at the new one"
    )
    return held._replace(attempt=max(old.attempt, new.attempt), receipt_number=None, due=now, wait=Wait.REPORT)


def _sent(entry: Entry) -> bool:
    """Whether it was sent, posted or asked about, as far as anybody knows."""
    return entry.attempt > 0 or entry.sent_at is not None or entry.state in _AT_THE_PEER


def _same_receipt(old: Entry, new: Entry) -> bool:
    return old.receipt_number is not None and old.receipt_number == new.receipt_number


def _receipt(entry: Entry) -> str:
    return f"receipt {entry.receipt_number}" if entry.receipt_number else f"no known receipt ({entry.state})"


def _in_its_place(old: Entry, new: Entry, now: datetime) -> Entry:
    """The old home's entry above every version that either told; what is settled is told once more."""
    above = old._replace(
        version=max(old.version, new.version) + 1, etag=new.etag, booked_on=new.booked_on, changed_at=now
    )
    return above._replace(due=now, wait=Wait.REPORT) if above.state in SETTLED else above
