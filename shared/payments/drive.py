"""Drive a payment that waits in the ledger: what the queue ``due`` brings."""

from dataclasses import replace
from datetime import timedelta

from pydantic import ValidationError

from shared.billers.model import Biller, Mode
from shared.ledger import settle
from shared.ledger.book import Moved
from shared.ledger.due import Due, due_of
from shared.ledger.entry import SETTLED, Entry, State, Wait
from shared.payments.message import stored
from shared.payments.post import Desk, answered, expired, tell
from shared.payments.quarantine import quarantined
from shared.payments.result import Handled, result_of
from shared.payments.rules import hold_reason, paused, posting_date
from shared.vocabulary import events

QUEUE = "due"


class DrivePayment:
    """Takes one step: send, expire, ask, or report."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk

    async def step(self, due: Due, *, redelivered: bool) -> Handled:
        """Handle one message of the queue.

        Raises:
            Unavailable: a store does not answer; the message must come again.
        """
        self._desk.chain.arrived(due)
        entry = await self._desk.ledger.read(due.key)
        if entry is None:
            events.emit("due.unknown_entry", events.ERROR, biller=due.biller_id, id=due.id)
            return Handled()
        if entry.version != due.version:
            return await self._overtaken(entry, redelivered=redelivered, report=redelivered)
        self._watch_age(entry)
        try:
            return await self._drive(entry, due)
        except Moved as moved:
            return await self._overtaken(moved.found, redelivered=redelivered, report=True)

    async def give_up(self, body: bytes, message_id: str) -> Handled:
        """Only report, whatever version the entry stands at; for a step that failed again and again."""
        now = self._desk.ledger.now()
        try:
            due = Due.model_validate_json(body)
        except ValidationError:
            detail = "not a message that this app wrote"
            item = quarantined(QUEUE, message_id, body, reason="rule_broken", detail=detail, at=now)
            await self._desk.quarantine.keep(item)
            return Handled()
        entry = await self._desk.ledger.read(due.key)
        return Handled([result_of(entry, now)] if entry and entry.state in SETTLED else [])

    async def _drive(self, entry: Entry, due: Due) -> Handled:
        if entry.state in SETTLED:
            return await self._report(entry, due)
        biller = await self._desk.billers.get(entry.key.biller)
        if biller is None:
            # The sweeper brings the payment again; its age raises the alert.
            events.emit("biller.missing", events.ERROR, biller=entry.key.biller)
            return Handled()
        match entry.state:
            case State.RECEIVED:
                return await self._resend(entry, biller)
            case State.SENDING:
                return await self._told(await self._desk.send_once.expire(entry, self._desk.peer(biller)))
            case _:
                return await self._told(await self._desk.send_once.settle(entry, self._desk.peer(biller)))

    async def _resend(self, entry: Entry, biller: Biller) -> Handled:
        now, message = self._desk.ledger.now(), stored(entry.message)
        if paused(biller, now) or biller.mode is Mode.SHADOW:
            return await self._told(await self._desk.send_once.postpone(entry, "paused"))
        reason = hold_reason(message, biller, self._desk.regions, now)
        if reason is not None:
            return await self._told(await self._desk.ledger.move(entry, settle.held(entry, reason, now)))
        dated = posting_date(message, biller, now).isoformat()
        sent = await self._desk.send_once.again(replace(entry, posting_date=dated), self._desk.peer(biller))
        handled = await self._told(sent)
        following = await self._desk.chain.after_waiting(entry.key.biller) if answered(sent) else []
        return replace(handled, due=[*handled.due, *following])

    async def _told(self, entry: Entry) -> Handled:
        tell(entry)
        now = self._desk.ledger.now()
        if entry.state in SETTLED:
            return Handled([result_of(entry, now)])
        proved_absent = entry.state is State.RECEIVED and entry.due is not None and entry.due <= now
        return Handled(due=[due_of(entry)] if proved_absent else [])

    async def _report(self, entry: Entry, due: Due) -> Handled:
        """Report first, close the open row with the message after: a crash in between reports twice, never not."""
        if entry.wait is not Wait.REPORT:
            return Handled()
        if due.reported:
            await self._desk.ledger.tidy(entry, replace(entry, due=None, wait=None))
            return Handled()
        return Handled([result_of(entry, self._desk.ledger.now())], [due_of(entry, reported=True)])

    async def _overtaken(self, entry: Entry, *, redelivered: bool, report: bool) -> Handled:
        """Another delivery drove it, and may be cut off before its report: this message is the only other witness."""
        if redelivered and entry.state is State.SENDING:
            entry = await expired(self._desk, entry)
        results = [result_of(entry, self._desk.ledger.now())] if report and entry.state in SETTLED else []
        return Handled(results, await self._desk.chain.after_waiting(entry.key.biller))

    def _watch_age(self, entry: Entry) -> None:
        age = self._desk.ledger.now() - entry.received_at
        if entry.state not in SETTLED and age > timedelta(seconds=self._desk.times.overdue):
            hours = round(age.total_seconds() / 3600, 1)
            events.emit("payment.overdue", events.ERROR, biller=entry.key.biller, id=entry.key.id, hours=hours)
