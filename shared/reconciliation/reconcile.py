"""The nightly run: ties Invoice Cloud's totals, the ledger, Caselle's receipts and the deposits of each biller."""

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.billers import capabilities
from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.reading import Reader, owner_in
from shared.payments.evidence.shown import Reading
from shared.payments.gateway import CashReceipting, Receipt
from shared.payments.reading import learn
from shared.reconciliation import feed, tie
from shared.reconciliation.control_totals import ControlTotal, ControlTotals
from shared.reconciliation.day_report import AT_CASELLE, DayReport, Line, payment_line
from shared.reconciliation.finding import COMPLETENESS, WITHOUT_CITY, Finding, Findings, What
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import CaselleError

DAYS: Final = 14
"""How far back the deposits of a run reach: the weekend, a holiday, and a city that was down for days."""

_SETTLED: Final = timedelta(hours=1)
"""A receipt younger than this may not be shown yet."""
_AT_ONCE: Final = 4
_MOST_SECONDS: Final = 120
"""For one biller: with the budget of a run it stays below the functions' timeout."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What reconciling reads and writes."""

    billers: BillerRegistry
    ledger: Ledger
    reader: Reader
    receipting: CashReceipting
    totals: ControlTotals
    findings: Findings
    clock: Clock
    regions: Container[str]
    """At home here; the others are reconciled where they are."""


class Reconcile:
    """Each biller once a night; a run that is cut off is gone on with by the next."""

    def __init__(self, books: Books) -> None:
        """Keep what it works with."""
        self._books = books
        self._report = DayReport(books.reader)

    async def run(self, budget: float) -> None:
        """Reconcile billers that are not done today, for ``budget`` seconds; the rest waits for the next run."""
        until = self._books.clock.monotonic() + budget
        billers = [biller for biller in await self._books.billers.all() if self._is_ours(biller)]
        for start in range(0, len(billers), _AT_ONCE):
            if self._books.clock.monotonic() >= until:
                events.emit("reconcile.paused", left=len(billers) - start)
                return
            await asyncio.gather(*(self._nightly(biller) for biller in billers[start : start + _AT_ONCE]))
        events.emit("reconcile.ran", billers=len(billers))

    def _is_ours(self, biller: Biller) -> bool:
        return biller.mode is Mode.LIVE and (biller.region is None or biller.region in self._books.regions)

    async def _nightly(self, biller: Biller) -> None:
        """Whatever goes wrong with one biller keeps no other from being reconciled."""
        today, id_ = self._today(biller), biller.biller_id
        done_for: date | None = None
        try:
            done_for = await self._books.findings.done_for(id_)
            if done_for != today:
                async with asyncio.timeout(_MOST_SECONDS):
                    await self._once(biller, today, done_for)
        except (CaselleError, TimeoutError) as error:
            # A night is missed by one city that is down; two are worth a person's time.
            level = events.WARNING if done_for and today - done_for > _DAY else events.INFO
            events.emit("reconcile.incomplete", level, biller=id_, error=str(error))
        except Exception as error:  # noqa: BLE001 - as said above
            events.emit("reconcile.failed", events.ERROR, biller=id_, error=type(error).__name__)

    async def _once(self, biller: Biller, today: date, done_for: date | None) -> None:
        """Compare the last ``DAYS`` deposit days; what needs no city is told also while the city does not answer.

        Raises:
            Unavailable: a store or the city does not answer, or not completely.
        """
        last = today - _DAY
        first = last - (DAYS - 1) * _DAY
        # The ledger before the receipts: what is posted in between is no stranger, and is looked up.
        entries = [entry async for entry in self._report.entries(biller.biller_id, first, last)]
        payments = [entry for entry in entries if entry.key.kind is Kind.PAYMENT]
        found = await self._without_city(biller, payments, first, last)
        known = await self._books.findings.of(biller.biller_id)
        try:
            receipts = await self._receipts(biller, payments, first, last)
        except CaselleError:
            as_before = [each for each in known if each.what not in WITHOUT_CITY]
            await self._keep(biller, done_for, known, [*found, *as_before])
            raise
        if await feed.silent(self._books.reader, biller, last):
            events.emit("feed.silent", events.ERROR, biller=biller.biller_id, day=last)
        await self._keep(biller, today, known, [*found, *receipts])

    async def _keep(self, biller: Biller, day: date | None, known: Sequence[Finding], found: Sequence[Finding]) -> None:
        """Tell what is new before it is kept: a crash in between tells twice, never not."""
        _tell(biller.biller_id, [finding for finding in found if finding not in known])
        await self._books.findings.replace(biller.biller_id, day, sorted(found))

    async def _without_city(self, biller: Biller, payments: Sequence[Entry], first: date, last: date) -> list[Finding]:
        totals = await self._books.totals.of(biller.biller_id, first, last)
        lines = [payment_line(entry, biller) for entry in payments]
        return [*await self._completeness(totals, lines), *tie.tie_deposits(totals, lines)]

    async def _completeness(self, totals: Sequence[ControlTotal], lines: Sequence[Line]) -> list[Finding]:
        found: list[Finding] = []
        for total in totals:
            mine = [line for line in lines if tie.same_deposit(total, line)]
            missing = set(total.payment_ids or ()) - {line.id for line in mine}
            found += tie.tie_total(total, mine, await self._elsewhere(total.biller_id, missing))
        return found

    async def _elsewhere(self, biller: str, ids: set[str]) -> dict[str, str]:
        keys = [Key(biller, Kind.PAYMENT, id_) for id_ in sorted(ids)]
        return {each.key.id: f"it stands under {each.booked_on}" async for each in self._books.reader.each(keys)}

    async def _receipts(self, biller: Biller, payments: Sequence[Entry], first: date, last: date) -> list[Finding]:
        """Caselle's receipts of the days that these payments are dated, where its release has the query."""
        if not capabilities.can_query_receipts(biller):
            return []
        at_caselle = [entry for entry in payments if entry.state in AT_CASELLE]
        dates = [date.fromisoformat(entry.posting_date) for entry in at_caselle]
        receipts = await self._read(biller, min([*dates, first]), max([*dates, last]))
        found = [finding for entry, finding in tie.tie_receipts(at_caselle, receipts) if await self._stands(entry)]
        mine = {entry.receipt_number for entry in at_caselle}
        strangers = (each for each in receipts if each.receipt_number not in mine)
        return [*found, *[finding for each in strangers if (finding := await self._stranger(biller, each))]]

    async def _read(self, biller: Biller, first: date, last: date) -> list[Receipt]:
        """The list of these days; what it shows of ours also says how late it is, and by what clock."""
        ledger, at = self._books.ledger, self._books.ledger.now()
        receipts = await self._books.receipting.receipts(biller, first, last)
        since = datetime.combine(first - _DAY, time(), UTC)
        reading = Reading(at=at, first=first, last=last, receipts=receipts)
        ours = await ledger.posted.since(biller.biller_id, since)
        await learn(ledger, biller.biller_id, reading, ours, since)
        return receipts

    async def _stands(self, entry: Entry) -> bool:
        """Whether a mismatch is more than a moment: the entry is as it was read, and not just posted."""
        changed = entry.changed_at or entry.sent_at or entry.received_at
        if self._books.ledger.now() - changed < _SETTLED:
            return False
        current = await self._books.ledger.read(entry.key)
        return current is not None and current.version == entry.version

    async def _stranger(self, biller: Biller, receipt: Receipt) -> Finding | None:
        """Only live receipts with a confirmation number, made since this biller is live here."""
        young = self._books.ledger.now() - receipt.created_at < _SETTLED
        earlier = biller.go_live_at is not None and receipt.created_at < biller.go_live_at
        if not receipt.live or not receipt.reference or young or earlier:
            return None
        taken = await self._books.reader.reference(biller.biller_id, receipt.reference.strip())
        owner = await self._books.ledger.read(owner_in(taken)) if taken else None
        return tie.tie_stranger(receipt, owner)

    def _today(self, biller: Biller) -> date:
        return self._books.ledger.now().astimezone(biller.zone).date()


def _tell(biller: str, found: Sequence[Finding]) -> None:
    for finding in found:
        fields = {"biller": biller, "day": finding.day, "what": finding.what, "subject": finding.subject}
        if finding.what in COMPLETENESS:
            events.emit("completeness.mismatch", events.ERROR, **fields, words=finding.words)
        elif finding.what is What.DEPOSIT_DIFFERS:
            events.emit("deposit.mismatch", events.WARNING, **fields, words=finding.words)
        else:
            events.emit("receipt.mismatch", events.ERROR, **fields, words=finding.words)
