"""What a posting leaves beside its entry, taken away where the posting turns out not to be."""

from datetime import datetime

from shared.ledger import rows
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, State
from shared.ledger.reading import Reader
from shared.ledger.store import Change, Delete


async def unbound(ledger: Ledger, reader: Reader, entry: Entry) -> list[Change]:
    """Changes that free the number bound to a posted entry and take it from the list of what was posted."""
    if entry.state is not State.POSTED:
        return []
    biller, number = entry.key.biller, entry.receipt_number or ""
    changes: list[Change] = []
    if await ledger.receipt_owner(biller, number) == str(entry.key):
        changes.append(Delete(rows.receipt_key(biller, number)))
    posted = [row.values for row in await reader.events_of(entry.key) if row.values.get("state") == State.POSTED]
    moments = [str(each["at"]) for each in posted if each.get("was") != State.POSTED]
    return [*changes, *(Delete(rows.posted_key(datetime.fromisoformat(at), entry.key)) for at in moments[-1:])]
