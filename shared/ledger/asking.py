"""Asks the peer about entries whose outcome is not known, and writes what follows.

settle()     one that is ``unknown``, or held in doubt
once_more()  one that is about to leave, long after its absence was proved or a person let it go
look()       one that is posted after more than one attempt: is there a second receipt?
"""

from datetime import timedelta

from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, State, Wait
from shared.ledger.gates import Gates
from shared.ledger.peer import Peer
from shared.ledger.settle import Finding
from shared.ledger.times import Times
from shared.vocabulary import events


class Asking:
    """Over the ledger and the gates; what a reading shows is the peer's to say."""

    def __init__(self, ledger: Ledger, gates: Gates, times: Times) -> None:
        """Keep what it works with."""
        self._ledger = ledger
        self._gates = gates
        self._times = times

    async def settle(self, entry: Entry, peer: Peer) -> Entry:
        """Ask the peer about an entry that is ``unknown``, or held in doubt, and write what follows."""
        if not peer.can_be_asked:
            return await self._unaskable(entry)
        finding, now = await self._ask(entry, peer), self._ledger.now()
        if entry.state is State.HELD:
            return await self._settled_held(entry, settle.conclude_held(entry, finding, now, self._times))
        after = settle.conclude(entry, finding, now, self._times)
        if after.proved_at is not None and entry.refused_with:
            await self._gates.prove(entry.lane, entry.refused_with)
        if after.state is State.POSTED:
            await self._gates.was_made(entry.lane)
        return await self.post(entry, after)

    async def look(self, entry: Entry, peer: Peer) -> Entry:
        """Ask whether a ``posted`` entry, of which more than one attempt left, has a second receipt; tell it if so."""
        finding = await self._ask(entry, peer) if peer.can_be_asked else settle.NotProved("")
        if isinstance(finding, settle.NoAnswer):
            pause = timedelta(seconds=self._times.ask_every)
            return await self._ledger.tidy(entry, entry._replace(due=self._ledger.now() + pause))
        looked = entry._replace(backoffs=entry.backoffs + 1)
        later, more = settle.looked_at_next(looked, self._ledger.now(), self._times), _second(entry, finding)
        if more is None or more == entry.detail:
            return await self._ledger.tidy(entry, later)
        events.emit("receipt.second", events.ERROR, biller=entry.key.biller, id=entry.key.id, receipts=more)
        return await self._ledger.move(entry, later._replace(reason="second_receipt", detail=more))

    async def _unaskable(self, entry: Entry) -> Entry:
        now = self._ledger.now()
        if entry.state is State.HELD:
            return await self._ledger.tidy(entry, entry._replace(due=None, wait=None))
        return await self._ledger.move(entry, unasked(settle.held(entry, OUTCOME_UNKNOWN, now, entry.detail)))

    async def _ask(self, entry: Entry, peer: Peer) -> Finding:
        if not await self._gates.may_call(entry.lane):
            return settle.NoAnswer("throttled")
        finding = await peer.ask(entry)
        if isinstance(finding, settle.NoAnswer):
            await self._gates.left_alone(entry.lane, finding.retry_after, throttled=finding.throttled)
        elif not isinstance(finding, settle.Repeatable):
            await self._gates.answered(entry.lane)
        return finding

    async def _settled_held(self, entry: Entry, after: Entry) -> Entry:
        """What changes nothing for the person changes no version."""
        if after.state is State.POSTED:
            return await self.post(entry, after)
        if after.proved_at == entry.proved_at:
            return await self._ledger.tidy(entry, after)
        if entry.refused_with:
            await self._gates.prove(entry.lane, entry.refused_with)
        return await self._ledger.move(entry, after)

    def is_due(self, entry: Entry) -> bool:
        """Whether it may have come to be at the peer since that was last looked at, by whatever hand."""
        at_risk = entry.ever_left or (entry.told_held_at is not None and not entry.key.kind.is_update)
        return at_risk and not settle.is_fresh(entry, self._ledger.now(), self._times)

    async def once_more(self, entry: Entry, peer: Peer) -> Entry:
        """The entry, not written, with a fresh proof, or as it stands where the peer shows it, or shows nothing."""
        now = self._ledger.now()
        if not peer.can_be_asked:
            return unasked(settle.held(entry, "proof_expired", now))
        finding = await self._ask(entry, peer)
        match finding:
            case settle.Found(receipt_number):
                return settle.posted(entry, receipt_number)
            case settle.Odd(reason, detail):
                return settle.held(entry, reason, now, detail)
            case settle.Absent():
                return settle.proved(entry, now)
            case settle.Repeatable():
                return entry
            case _:
                return settle.unknown_again(entry, finding, now, self._times)

    async def post(self, before: Entry, after: Entry) -> Entry:
        """Write what follows; what undoes a payment changes that, too, and a number that begins again binds nobody."""
        if after.state is State.POSTED and after.reverses is not None:
            return await self._ledger.move_reversing(before, after)
        return await self._ledger.move(before, self._looked_at_again(after), rebind=True)

    def _looked_at_again(self, after: Entry) -> Entry:
        """Of a payment that left more than once, a second receipt may come to be hours later."""
        if after.state is not State.POSTED or after.wait is Wait.REPORT:
            return after
        return settle.looked_at_next(after, self._ledger.now(), self._times)


def unasked(entry: Entry) -> Entry:
    """A held entry that nobody can be asked about."""
    return entry._replace(due=None, wait=None)


def _second(entry: Entry, finding: Finding) -> str | None:
    """What is there beside the one receipt that should be, or None."""
    if isinstance(finding, settle.Odd) and finding.reason == settle.SEVERAL:
        return finding.detail
    if entry.state is State.REVERSED and isinstance(finding, settle.Found):
        return f"receipt {finding.receipt_number}"
    return None
