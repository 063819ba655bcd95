"""One biller's page: what is held and whom to call, one day's figures per tender, and the last 30 days."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.billers.model import Biller, Contact, Contacts
from shared.billers.registry import BillerRegistry
from shared.console.figures import DayFigures, tender_figures
from shared.console.stamp import Line, Tokens, line_of
from shared.console.standing import Standings, count, midnight, read_shard
from shared.exchange.reasons import REASONS, listed
from shared.ledger import rows
from shared.ledger.backlog import MOST
from shared.ledger.entry import UPDATES, Entry, Kind
from shared.ledger.reading import Reader
from shared.ledger.store import LedgerStore, Row
from shared.reconciliation.day_report import Total

DAYS: Final = 30
MOST_LISTED: Final = 100
"""Held entries listed under one cause; the rest is counted."""

CALLED: Final[Mapping[str, str]] = {"CSM": "csm", "clerk": "clerk", "COWS admin": "cows_admin", "CRM": "crm"}
"""How an action names a person, and which of the biller's contacts that is."""


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to call: what they are to the city, and who it is, where that is known."""

    role: str
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Everything held for one reason, the longest held first; ``more`` are not listed."""

    code: str
    message: str
    action: str
    calls: Sequence[Call]
    total: Total
    oldest: datetime
    entries: Sequence[Entry]
    more: int


@dataclass(frozen=True, slots=True)
class BillerView:
    """All of one biller's page. ``updates``: why its customer updates are blocked, if they are."""

    at: datetime
    biller: Biller
    line: Line
    updates: str
    causes: Sequence[Cause]
    day: date
    figures: DayFigures
    days: Sequence[tuple[date, Total]]
    at_least: bool

    @property
    def today(self) -> date:
        """The present day at the city."""
        return self.at.astimezone(self.biller.zone).date()


async def view_biller(
    store: LedgerStore, registry: BillerRegistry, tokens: Tokens, biller_id: str, day: date | None
) -> BillerView | None:
    """One biller's page, or None where there is no such biller. ``day`` is one of its own; None is the present one.

    Somebody may have paid a biller that is not set up here: then what is held for it is shown all the same.

    Raises:
        Unavailable: a store does not answer.
        Misconfigured: the biller's record breaks the rules.
    """
    known = await registry.get(biller_id)
    biller = known or Biller(biller_id=biller_id, name=f"{biller_id}, not set up here", time_zone="UTC")
    now = store.now()
    midnights = {biller_id: midnight(biller, now)}
    shard, row = await asyncio.gather(
        read_shard(store, rows.shard_of(biller_id), midnights[biller_id], biller_id), tokens.read(biller_id)
    )
    standings = Standings()
    count(shard, midnights, now, standings)
    if known is None and biller_id not in standings.billers():
        return None
    today = now.astimezone(biller.zone).date()
    causes, figures, days = await asyncio.gather(
        _causes(store, biller, shard.lists.held),
        tender_figures(store, biller, await _posted(store, biller, day or today)),
        _last_days(store, biller, today),
    )
    return BillerView(
        at=now,
        biller=biller,
        line=line_of(biller, standings, row, now),
        updates=standings.gate(f"{biller_id}{UPDATES}").blocked or "",
        causes=causes,
        day=day or today,
        figures=figures,
        days=days,
        at_least=standings.cut,
    )


def calls_of(action: str, contacts: Contacts) -> list[Call]:
    """Whom an action names."""
    return [Call(role, getattr(contacts, field)) for role, field in CALLED.items() if role in action]


async def _causes(store: LedgerStore, biller: Biller, held: Sequence[Row]) -> list[Cause]:
    """By reason, the longest held first."""
    by_code: defaultdict[str, list[Row]] = defaultdict(list)
    for row in held:
        by_code[listed(str(row.values["reason"]))].append(row)
    found = [await _cause(store, biller, code, found) for code, found in by_code.items()]
    return sorted(found, key=lambda cause: cause.oldest)


async def _cause(store: LedgerStore, biller: Biller, code: str, held: Sequence[Row]) -> Cause:
    keys = [rows.key_in(row.key) for row in held[:MOST_LISTED]]
    entries = [entry async for entry in Reader(store).each(keys)]
    words, total = REASONS[code], Total()
    for row in held:
        total.add(int(row.values.get("cents", 0)))
    return Cause(
        code=code,
        message=words.message,
        action=words.action,
        calls=calls_of(words.action, biller.contacts),
        total=total,
        oldest=rows.moment_in(held[0].key),
        entries=entries,
        more=max(0, len(held) - MOST_LISTED),
    )


async def _last_days(store: LedgerStore, biller: Biller, today: date) -> list[tuple[date, Total]]:
    """Payments posted on each of the last days, the present one last."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    read = await asyncio.gather(*(_posted(store, biller, day) for day in days))
    return [(day, _payments(found)) for day, found in zip(days, read, strict=True)]


def _payments(posted: Iterable[Row]) -> Total:
    total = Total()
    for row in posted:
        if rows.key_in(row.key).kind is Kind.PAYMENT:
            total.add(int(row.values["cents"]))
    return total


async def _posted(store: LedgerStore, biller: Biller, day: date) -> list[Row]:
    """What came to be at Caselle on one of the biller's days."""
    first, last = (
        datetime.combine(each, time(), biller.zone).astimezone(UTC) for each in (day, day + timedelta(days=1))
    )
    start, end = rows.posted_from(first), rows.posted_from(last)
    only = {"biller": biller.biller_id}
    return await store.scan(rows.shard_of(biller.biller_id), start, end, limit=MOST, only=only, fields=("cents",))
