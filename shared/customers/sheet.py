"""The sheet for the clerk: what was never sent because its operation is off, to be entered in Caselle by hand."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from shared.billers.capabilities import OFF_REASONS
from shared.customers.message import AutopayChange, Update, stored
from shared.exchange.spreadsheet import plain
from shared.ledger.entry import Entry, Kind, State
from shared.ledger.newest import Newest

_COLUMNS: Final = {
    Kind.AUTOPAY_CHANGE: ("customerNumber", "change", "effectiveOn", "changedAt", "changeId"),
    Kind.REGISTRATION: ("customerNumber", "email", "registeredAt", "eventId"),
}


async def to_enter(newest: Newest, biller: str, kind: Kind, since: datetime | None = None) -> list[Update]:
    """The newest message on each customer, where it was never sent; by the time of the change.

    One that a newer message overtook is not among them, whether that one was sent or not.

    Args:
        newest: marks of the ledger.
        biller: its id.
        kind: AutoPay changes or registrations.
        since: leaves out what was received before this.

    Raises:
        Unavailable: the store does not answer.
    """
    found = [entry async for entry in newest.each(biller, kind) if _is_for_hand(entry, since)]
    return [stored(kind, entry.message) for entry in sorted(found, key=lambda entry: entry.order)]


def sheet(kind: Kind, updates: Iterable[Update]) -> str:
    """CSV with a head line; customer numbers are text, so import the column as text to keep leading zeros."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(_COLUMNS[kind])
    lines.writerows([plain(cell) for cell in _cells(update)] for update in updates)
    return written.getvalue()


def _is_for_hand(entry: Entry, since: datetime | None) -> bool:
    off = entry.state is State.SKIPPED and entry.reason in OFF_REASONS
    # Whose it was may have been erased since.
    return off and entry.subject is not None and (since is None or entry.received_at >= since)


def _cells(update: Update) -> Sequence[str]:
    at = update.set_at.isoformat()
    if isinstance(update, AutopayChange):
        return update.customer_number, update.change, update.effective_on.isoformat(), at, update.id
    return update.customer_number, update.email, at, update.id
