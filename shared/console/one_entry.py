"""The page of one payment, or of what undoes one: how it stands, what to do, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry
from shared.console.one_biller import Call, calls_of
from shared.console.reading import entry_in, fields_of
from shared.exchange.result import ReasonText, result_of
from shared.ledger import rows
from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.store import LedgerStore, Row

_MOST: Final = 500
"""Events shown; nothing has that many."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event: what it was, what it became, and who decided, where a person did."""

    at: datetime
    was: str
    became: str
    attempt: int
    cause: str
    receipt: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """All of one entry's page; nothing of who paid but the customer's number."""

    at: datetime
    biller: Biller | None
    entry: Entry
    reason: ReasonText | None
    calls: Sequence[Call]
    tender: str
    deposit: str
    confirmation: str
    undone_by: Key | None
    steps: Sequence[Step]
    conflicts: int


async def view_entry(store: LedgerStore, registry: BillerRegistry, key: Key) -> EntryView | None:
    """One entry's page, or None where the ledger does not know it.

    Raises:
        Unavailable: a store does not answer.
    """
    shard = rows.shard_of(key.biller)
    row = await store.read(shard, rows.state_key(key))
    entry, now = entry_in(row) if row else None, store.now()
    if entry is None:
        return None
    biller, message = await registry.get(key.biller), fields_of(entry)
    reason = result_of(entry, now).reason
    acts = reason.action if reason and entry.state is State.HELD else ""
    return EntryView(
        at=now,
        biller=biller,
        entry=entry,
        reason=reason,
        calls=calls_of(acts, biller.contacts) if biller else [],
        tender=str(message.get("tender") or ""),
        deposit=str(message.get("depositId") or ""),
        confirmation=str(message.get("confirmationNumber") or ""),
        undone_by=await _undone_by(store, key),
        steps=[_step(event) for event in await _under(store, shard, f"E~{key}~")],
        conflicts=len(await _under(store, shard, f"C~{key}~")),
    )


async def _under(store: LedgerStore, shard: str, start: str) -> list[Row]:
    return await store.scan(shard, start, f"{start}{rows.END}", limit=_MOST)


async def _undone_by(store: LedgerStore, key: Key) -> Key | None:
    if key.kind is not Kind.PAYMENT:
        return None
    row = await store.read(rows.shard_of(key.biller), rows.reference_key(key.biller, f"reverses~{key.id}"))
    if row is None:
        return None
    biller, kind, id_ = str(row.values["key"]).split("~", 2)
    return Key(biller, Kind(kind), id_)


def _step(row: Row) -> Step:
    values = row.values
    return Step(
        at=datetime.fromisoformat(str(values["at"])),
        was=str(values["was"]),
        # A void that came first left the event by which the payment began.
        became=str(values["state"]) or f"voided by {values['forestalled_by']!s}",
        attempt=int(values.get("attempt", 0)),
        cause=str(values.get("reason", "")),
        receipt=str(values.get("receipt_number", "")),
        by=str(values.get("by", "")),
        why=str(values.get("why", "")),
    )
