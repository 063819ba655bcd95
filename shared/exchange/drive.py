"""Drive what waits in the ledger: what the queue ``due`` brings, whatever the kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from pydantic import ValidationError

from shared.exchange.quarantine import Quarantine, quarantined
from shared.exchange.result import Handled, result_of
from shared.exchange.told import answered, tell
from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.due import Due, due_of
from shared.ledger.entry import SETTLED, Entry, Kind, State, Wait
from shared.ledger.errors import Moved
from shared.ledger.peer import Peer
from shared.ledger.send_once import SendOnce
from shared.ledger.times import Times, nth
from shared.vocabulary import events
from shared.vocabulary.errors import Unavailable, place_of

QUEUE = "due"


class Driver(Protocol):
    """What one kind of message adds to the steps that all have in common."""

    async def peer(self, entry: Entry) -> Peer | None:
        """The server that it is for; None where the biller's record is gone."""
        ...

    async def go_on(self, entry: Entry) -> Entry:
        """The next state of one that is ``received`` or ``waiting``.

        Raises:
            Moved: somebody else changed it first.
            Unavailable: a store does not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Takes one step: send, expire, ask, or report."""

    ledger: Ledger
    send_once: SendOnce
    chain: Chain
    quarantine: Quarantine
    times: Times
    drivers: Mapping[Kind, Driver]

    async def step(self, due: Due, *, redelivered: bool) -> Handled:
        """Handle one message of the queue.

        Raises:
            Unavailable: a store does not answer; the message must come again.
        """
        try:
            return await self._step(due, redelivered=redelivered)
        finally:
            self.chain.ended(due)

    async def _step(self, due: Due, *, redelivered: bool) -> Handled:
        entry = await self.ledger.read(due.key)
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
        except Unavailable:
            raise
        except Exception as error:
            if not await self._put_off(entry, error):
                raise
            return Handled()

    async def give_up(self, body: bytes, message_id: str) -> Handled:
        """Only report, whatever version the entry stands at; for a step that failed again and again."""
        now = self.ledger.now()
        try:
            due = Due.model_validate_json(body)
        except ValidationError:
            detail = "not a message that this app wrote"
            item = quarantined(QUEUE, message_id, body, reason="rule_broken", detail=detail, at=now)
            await self.quarantine.keep(item)
            return Handled()
        entry = await self.ledger.read(due.key)
        if entry is None or entry.state not in SETTLED:
            return Handled()
        tell(entry)
        return Handled([result_of(entry, now)])

    async def _drive(self, entry: Entry, due: Due) -> Handled:
        if entry.state in SETTLED and entry.wait is Wait.REPORT:
            return await self._report(entry, due)
        driver = self.drivers[entry.key.kind]
        peer = await driver.peer(entry)
        if peer is None:
            # The sweeper brings it again; its age raises the alert.
            events.emit("biller.missing", events.ERROR, biller=entry.key.biller)
            return Handled()
        if entry.state in SETTLED:
            return await self._asked_again(entry, peer)
        match entry.state:
            case State.SENDING:
                return self._told(await self.send_once.expire(entry, peer))
            case State.UNKNOWN:
                return self._told(await self.send_once.asking.settle(entry, peer))
            case _:
                return await self._gone_on(await driver.go_on(entry))

    async def _asked_again(self, entry: Entry, peer: Peer) -> Handled:
        """What has an outcome is told again only where that has changed."""
        if entry.wait not in {Wait.ASK, Wait.SECOND}:
            return Handled()
        asking = self.send_once.asking
        after = await (asking.look(entry, peer) if entry.wait is Wait.SECOND else asking.settle(entry, peer))
        return self._told(after) if after.version != entry.version else Handled()

    async def _gone_on(self, entry: Entry) -> Handled:
        handled = self._told(entry)
        following = await self.chain.after_waiting(entry.lane) if answered(entry) else []
        return replace(handled, due=[*handled.due, *following])

    def _told(self, entry: Entry) -> Handled:
        tell(entry)
        now = self.ledger.now()
        if entry.state in SETTLED:
            return Handled([result_of(entry, now)])
        goes_on = entry.state is State.RECEIVED and entry.due is not None and entry.due <= now
        return Handled(due=[due_of(entry)] if goes_on else [])

    async def _report(self, entry: Entry, due: Due) -> Handled:
        """Report first, close the open row with the message after: a crash in between reports twice, never not."""
        if due.reported:
            await self.ledger.tidy(entry, settle.reported(entry, self.ledger.now(), self.times))
            return Handled()
        return Handled([result_of(entry, self.ledger.now())], [due_of(entry, reported=True)])

    async def _overtaken(self, entry: Entry, *, redelivered: bool, report: bool) -> Handled:
        """Another delivery drove it, and may be cut off before its report: this message is the only other witness."""
        if redelivered and entry.state is State.SENDING:
            entry = await self.send_once.take_over(entry, await self.drivers[entry.key.kind].peer(entry))
        if not report or entry.state not in SETTLED:
            return Handled(due=await self.chain.after_waiting(entry.lane))
        tell(entry)
        return Handled([result_of(entry, self.ledger.now())], await self.chain.after_waiting(entry.lane))

    async def _put_off(self, entry: Entry, error: Exception) -> bool:
        """Let a step that this code cannot do wait longer each time, so that the biller's others are swept.

        False where the step wrote something before it failed: then its message must come again and report.
        """
        pause = nth(self.times.put_off, entry.backoffs)
        later = entry._replace(due=self.ledger.now() + timedelta(seconds=pause), backoffs=entry.backoffs + 1)
        try:
            await self.ledger.tidy(entry, later)
        except Moved:
            return False
        named = {"biller": entry.key.biller, "kind": entry.key.kind, "id": entry.key.id}
        events.emit("due.failed", events.ERROR, **named, error=type(error).__name__, place=place_of(error))
        return True

    def _watch_age(self, entry: Entry) -> None:
        """What is waiting for its payment has time: the payment raises an alert of its own."""
        if entry.state in SETTLED:
            return
        limit = self.times.alone if entry.state is State.WAITING else self.times.overdue
        age = self.ledger.now() - entry.received_at
        if age > timedelta(seconds=limit):
            hours = round(age.total_seconds() / 3600, 1)
            event = f"{entry.key.kind.noun}.overdue"
            events.emit(event, events.ERROR, biller=entry.key.biller, id=entry.key.id, hours=hours)
