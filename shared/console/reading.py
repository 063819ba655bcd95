"""Reads entries side by side, as far as this release can read them."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from shared.ledger import rows
from shared.ledger.entry import Entry, Key
from shared.ledger.store import LedgerStore, Row

_AT_ONCE: Final = 16


async def each_entry(store: LedgerStore, keys: Sequence[Key]) -> list[Entry]:
    """The entries under these keys, in their order; what is gone is left out."""
    found: list[Entry] = []
    for start in range(0, len(keys), _AT_ONCE):
        asked = keys[start : start + _AT_ONCE]
        read = await asyncio.gather(*(store.read(rows.shard_of(key.biller), rows.state_key(key)) for key in asked))
        found += [entry for row in read if row and (entry := entry_in(row))]
    return found


def entry_in(row: Row) -> Entry | None:
    """The entry in a state row, or None where a newer release wrote it."""
    try:
        return rows.entry_of(row)
    except (KeyError, ValueError):
        return None


def fields_of(entry: Entry) -> dict[str, Any]:
    """The message's fields by their wire names, as far as they are still kept."""
    found = json.loads(entry.message)
    return found if isinstance(found, dict) else {}
