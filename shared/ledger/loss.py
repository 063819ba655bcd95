"""What a lost ledger leaves behind: nothing that it may have sent or told is taken for unsent or untold."""

from datetime import UTC, datetime
from typing import Final

_BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)


def version_base(lost_at: datetime | None) -> int:
    """What is added to versions that are told after a loss, so that they are above all that were told before.

    The minutes from 2020 to the loss: no entry has a new version every minute from one loss to the next.
    """
    return 0 if lost_at is None else int((lost_at - _BEGINNING).total_seconds() // 60)
