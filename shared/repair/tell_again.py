"""Has outcomes reported once more, for results that Invoice Cloud lost."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from shared.ledger.book import Ledger
from shared.ledger.entry import SETTLED, Entry, Wait
from shared.ledger.errors import Moved
from shared.ledger.reading import Reader

_SPACING: Final = timedelta(seconds=1.5)
"""Between two reports of one biller: the sweeper takes 50 of them a minute."""


class TellAgain:
    """Gives settled entries an open row that reports them; version and identity of the result stay as they were."""

    def __init__(self, ledger: Ledger, reader: Reader) -> None:
        """Keep what it reads and writes."""
        self._ledger = ledger
        self._reader = reader

    async def since(self, instant: datetime, biller: str | None = None) -> AsyncIterator[Entry]:
        """Entries that are settled and changed at this instant or later."""
        async for entry in self._reader.entries(biller):
            if entry.state in SETTLED and (entry.changed_at or entry.received_at) >= instant:
                yield entry

    async def again(self, entry: Entry, number: int = 0) -> bool:
        """Have one reported, ``number`` places behind the first; False where that is under way already.

        Raises:
            Unavailable: the store does not answer.
        """
        if entry.state not in SETTLED or entry.wait is Wait.REPORT:
            return False
        due = self._ledger.now() + number * _SPACING
        with suppress(Moved):
            await self._ledger.tidy(entry, entry._replace(due=due, wait=Wait.REPORT))
            return True
        return False
