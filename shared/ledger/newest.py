"""Of the entries on one subject only the newest is ever sent, in whatever order they come and on however many hosts.

One row per kind and subject names the newest. It only ever moves on, and it moves in the transaction that writes or
claims the entry it names: a claim that was overtaken fails.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from shared.ledger import rows, settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.errors import Contended
from shared.ledger.store import Change, Insert, LedgerStore, Replace
from shared.vocabulary.errors import Unavailable

SUPERSEDED: Final = "superseded"
_TRIES: Final = 10
_PAGE: Final = 100


class Newest:
    """Marks of all subjects, over the ledger's store."""

    def __init__(self, ledger: Ledger, store: LedgerStore) -> None:
        """Keep what it reads."""
        self._ledger = ledger
        self._store = store

    async def begin(self, entry: Entry) -> Entry:
        """Write a new entry as the newest on its subject, or ``skipped`` where a newer one is known.

        Raises:
            Known: it exists; a repetition or a conflict.
            Unavailable: the store does not answer, or the mark keeps changing.
        """
        for _ in range(_TRIES):
            mark = await self.claim(entry)
            if mark is None:
                return await self._ledger.begin(settle.skipped(entry, SUPERSEDED))
            with suppress(Contended):
                return await self._ledger.begin(entry, also=[mark])
        raise Unavailable("the mark of the newest entry is contended")

    async def claim(self, entry: Entry) -> Change | None:
        """The change that marks an entry as the newest on its subject, or None where a newer one is known.

        Made in the transaction that acts on it, it meets another version of the row where a newer one came meanwhile.
        """
        key = rows.newest_key(entry.key, entry.subject or "")
        values = {"order": entry.order, "id": entry.key.id}
        found = await self._store.read(rows.shard_of(entry.key.biller), key)
        if found is None:
            return Insert(key, values)
        if str(found.values["order"]) > entry.order:
            return None
        return Replace(key, values, found.etag)

    async def each(self, biller: str, kind: Kind) -> AsyncIterator[Entry]:
        """The newest entry on every subject of a biller, in no particular order."""
        start = f"M~{biller}~{kind}~"
        end = f"{start}{rows.END}"
        while True:
            page = await self._store.scan(rows.shard_of(biller), start, end, limit=_PAGE)
            for row in page:
                entry = await self._ledger.read(Key(biller, kind, str(row.values["id"])))
                if entry is not None:
                    yield entry
            if len(page) < _PAGE:
                return
            start = f"{page[-1].key}{rows.BEHIND}"
