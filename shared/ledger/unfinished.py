"""Finds what of one customer is not finished: open and held rows name the customer, finished entries have neither."""

import asyncio
from datetime import datetime
from itertools import chain
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.store import LedgerStore, Values
from shared.vocabulary.errors import Unavailable

MOST: Final = 500
"""Of one customer, open or held; nobody has that many, and a cut list would hide money."""

_LISTS: Final = ("O~", "H~")
"""The held ones last: what is held meanwhile was open, or is among them."""


class Unfinished:
    """Reads the ledger only; two range queries and the entries found."""

    def __init__(self, store: LedgerStore) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store

    def now(self) -> datetime:
        """The storage service's clock."""
        return self._store.now()

    async def of(self, biller: str, kind: Kind, customer_number: str, *, side_by_side: bool = False) -> list[Entry]:
        """Entries of one customer that have an open or held row, as they stand now.

        ``side_by_side`` asks for both lists at once: sooner, but what is held meanwhile may be in neither.

        Raises:
            Unavailable: the store does not answer, or there are more than can be read.
        """
        shard = rows.shard_of(biller)
        only = {"biller": biller, "kind": str(kind), "customer": customer_number}
        if side_by_side:
            lists = await asyncio.gather(*(self._listed(shard, prefix, only) for prefix in _LISTS))
        else:
            lists = [await self._listed(shard, prefix, only) for prefix in _LISTS]
        found = dict.fromkeys(chain.from_iterable(lists))
        read = await asyncio.gather(*(self._store.read(shard, rows.state_key(key)) for key in found))
        return [rows.entry_of(row) for row in read if row]

    async def _listed(self, shard: str, prefix: str, only: Values) -> list[Key]:
        page = await self._store.scan(shard, prefix, f"{prefix}{rows.END}", limit=MOST, only=only)
        if len(page) == MOST:
            raise Unavailable("too many entries of one customer")
        return [rows.key_of(row) for row in page]
