"""Finds what of one customer is not finished: open and held rows name the customer, finished entries have neither."""

import asyncio
from datetime import datetime
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.store import LedgerStore
from shared.vocabulary.errors import Unavailable

MOST: Final = 500
"""Of one customer, open or held; nobody has that many, and a cut list would hide money."""


class Unfinished:
    """Reads the ledger only; two range queries and the entries found."""

    def __init__(self, store: LedgerStore) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store

    def now(self) -> datetime:
        """The storage service's clock."""
        return self._store.now()

    async def of(self, biller: str, kind: Kind, customer_number: str) -> list[Entry]:
        """Entries of one customer that have an open or held row, as they stand now.

        Raises:
            Unavailable: the store does not answer, or there are more than can be read.
        """
        shard, found = rows.shard_of(biller), dict[Key, None]()
        only = {"biller": biller, "kind": str(kind), "customer": customer_number}
        # The held ones last: what is held meanwhile was open, or is among them.
        for prefix in ("O~", "H~"):
            page = await self._store.scan(shard, prefix, f"{prefix}{rows.END}", limit=MOST, only=only)
            if len(page) == MOST:
                raise Unavailable("too many entries of one customer")
            found |= dict.fromkeys(rows.key_of(row) for row in page)
        read = await asyncio.gather(*(self._store.read(shard, rows.state_key(key)) for key in found))
        return [rows.entry_of(row) for row in read if row]
