"""Payments on either side of going live: what shadow mode skipped may be nobody's, or the earlier data pump's."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from shared.billers.model import Biller, Mode
from shared.ledger import settle
from shared.ledger.entry import Entry, Kind, State, Wait
from shared.ledger.reading import Reader

SHADOW_OVERLAP: Final = "shadow_overlap"


def paid_at(entry: Entry) -> datetime | None:
    """When the payer paid; None of one so old that its message is gone."""
    found = json.loads(entry.message).get("paidAt")
    return datetime.fromisoformat(found) if found else None


def overlaps(entry: Entry, biller: Biller) -> bool:
    """Whether shadow mode skipped a payment that is ours by the moment at which its biller went live."""
    if entry.state is not State.SKIPPED or biller.mode is not Mode.LIVE or biller.go_live_at is None:
        return False
    paid = paid_at(entry)
    return paid is not None and paid >= biller.go_live_at


def held(entry: Entry, now: datetime) -> Entry:
    """The skipped payment as held; the earlier data pump may have sent it since it was paid, up to this moment."""
    since = min(paid_at(entry) or entry.received_at, entry.received_at)
    perhaps_sent = entry._replace(sent_at=now, first_sent_at=since, first_day=since.astimezone(UTC).date().isoformat())
    return settle.held(perhaps_sent, SHADOW_OVERLAP, now)


def reported(entry: Entry, now: datetime) -> Entry:
    """The same, told to Invoice Cloud by the sweeper: no message of its own asks."""
    return held(entry, now)._replace(due=now, wait=Wait.REPORT)


async def paid_since(reader: Reader, biller: str, since: datetime) -> AsyncIterator[Entry]:
    """The payments of a biller that were paid at this instant or later.

    Raises:
        Unavailable: the store does not answer.
    """
    async for entry in reader.entries(biller, {"kind": str(Kind.PAYMENT)}):
        paid = paid_at(entry)
        if paid is not None and paid >= since:
            yield entry
