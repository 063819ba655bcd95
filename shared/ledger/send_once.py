"""The algorithm: write before you send, and never send again without evidence.

first()  a message that is new       begin as ``sending`` -> send -> record
again()  one that waited             ask once more where a proof has aged, move to ``sending`` -> send -> record
expire() one whose lease has passed  move to ``unknown`` (or ``held`` where nobody can be asked)

Whose outcome is unknown is settled by ``shared.ledger.asking``.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from shared.ledger import settle
from shared.ledger.answer import Accepted, Ambiguous, Answer, NotSent, Refused, Scope
from shared.ledger.asking import Asking, unasked
from shared.ledger.book import Ledger
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, State, Wait
from shared.ledger.errors import Moved, SlotTaken
from shared.ledger.gate import Doubt, Gate
from shared.ledger.gates import Gates
from shared.ledger.peer import Peer
from shared.ledger.slots import LocalSlots
from shared.ledger.store import Change
from shared.ledger.times import Times, nth
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import CaselleError, Unavailable


@dataclass(frozen=True, slots=True)
class _Claim:
    """An entry in ``sending`` that is ours, and since when by the monotonic clock."""

    entry: Entry
    began: float


class SendOnce:
    """Sends entries of any kind through any peer, each at most once per piece of evidence."""

    def __init__(self, ledger: Ledger, gates: Gates, slots: LocalSlots, clock: Clock, times: Times) -> None:
        """All state is in the ledger; gates and slots only remember it."""
        self.asking = Asking(ledger, gates, times)
        self._ledger = ledger
        self._gates = gates
        self._slots = slots
        self._clock = clock
        self._times = times

    async def first(self, entry: Entry, peer: Peer) -> Entry:
        """Write a new entry and send it, or leave it ``received``.

        Raises:
            Known, ReferenceTaken: nothing was written or sent.
            Unavailable: the store does not answer; whatever was sent stands in the ledger as ``sending``.
        """
        gate = await self._gates.look(entry.lane)
        if gate.needs_probe or gate.closed_by(self._ledger.now()):
            return await self._ledger.begin(self._deferred(entry, gate))
        return await self._send_in_slot(entry, gate, peer, self._ledger.begin)

    async def again(self, entry: Entry, peer: Peer, *, also: Sequence[Change] = ()) -> Entry:
        """Send an entry that is ``received``, or leave it so with a later due time; ``also`` goes with the claim.

        Raises:
            Moved: somebody else changed it first.
            Contended, SubjectTaken: as ``Ledger.move`` says; nothing was sent.
            Unavailable: the store does not answer; whatever was sent stands in the ledger as ``sending``.
        """
        gate = await self._gates.look(entry.lane)
        if gate.closed_by(self._ledger.now()):
            return await self._ledger.move(entry, self._deferred(entry, gate))
        if self.asking.is_due(entry):
            asked = await self.asking.once_more(entry, peer)
            if asked.state is not State.RECEIVED:
                return await self.asking.post(entry, asked)
            entry = asked
        if gate.needs_probe and not await self._probed(entry, peer):
            return await self._ledger.move(entry, self._backed_off(entry, "probe_first"))
        gate = await self._gates.look(entry.lane)
        return await self._send_in_slot(entry, gate, peer, lambda after: self._ledger.move(entry, after, also=also))

    async def shelve(self, entry: Entry, reason: str) -> Entry:
        """Write a new entry and leave it waiting, with backoff; nothing is tried.

        Raises:
            Known, ReferenceTaken: nothing was written.
        """
        return await self._ledger.begin(self._backed_off(entry, reason))

    async def postpone(self, entry: Entry, reason: str) -> Entry:
        """Leave a received entry waiting, with backoff; nothing was tried."""
        return await self._ledger.move(entry, self._backed_off(entry, reason))

    async def expire(self, entry: Entry, peer: Peer) -> Entry:
        """Turn a ``sending`` entry whose lease has passed into ``unknown``; before that, leave it alone."""
        if entry.leased(self._ledger.now()):
            return entry
        return await self._doubt(entry, Ambiguous("lease_expired"), peer)

    async def take_over(self, entry: Entry, peer: Peer | None) -> Entry:
        """What becomes of a send whose message came again: its first delivery may be gone.

        Raises:
            Unavailable: its lease still runs. The delivery that sends it may yet die before it reports, and this
                message would be the only one to notice; so it must come once more.
        """
        if peer is None or entry.leased(self._ledger.now()):
            raise Unavailable("it is being sent by another delivery of its message")
        try:
            return await self.expire(entry, peer)
        except Moved:
            raise Unavailable("it changed at this moment") from None

    async def _send_in_slot(
        self, entry: Entry, gate: Gate, peer: Peer, write: Callable[[Entry], Awaitable[Entry]]
    ) -> Entry:
        """Take a slot here, claim it in the store, send; without a slot, leave the entry waiting for one."""
        lane, refused = entry.lane, frozenset[int]()
        while True:
            slot = await self._slots.take(lane, gate.slots(peer.slots, entry.channel), passing_over=refused)
            if slot is None:
                deferred = await write(self._waiting(entry))
                self._slots.remember_deferral(lane)
                return deferred
            try:
                if not await self._still_open(entry, slot, peer):
                    return await write(self._waiting(entry))
                began = self._clock.monotonic()
                claimed = await write(self._claimed(entry, slot))
                return await self._send(_Claim(claimed, began), peer)
            except SlotTaken:
                refused |= {slot}
            finally:
                await self._slots.release(lane, slot)

    async def _still_open(self, entry: Entry, slot: int, peer: Peer) -> bool:
        """Whether no answer that came while the slot was waited for speaks against using it."""
        gate = await self._gates.look(entry.lane)
        closed = gate.closed_by(self._ledger.now()) or gate.needs_probe
        return not closed and slot < gate.slots(peer.slots, entry.channel) and await self._gates.may_call(entry.lane)

    async def _send(self, claim: _Claim, peer: Peer) -> Entry:
        spent = self._clock.monotonic() - claim.began
        if spent > self._times.lease - self._times.deadline - self._times.lease_margin:
            return await self._record(claim.entry, NotSent("lease_too_short", peer_failed=False), peer)
        try:
            answer = await peer.send(claim.entry)
        except asyncio.CancelledError:
            # If the table fails as well, the lease runs out and says the same.
            with suppress(CaselleError):
                await asyncio.shield(self._record(claim.entry, Ambiguous("cancelled"), peer))
            raise
        # What the peer said is written down even when nobody waits for it any more.
        return await asyncio.shield(self._record(claim.entry, answer, peer))

    async def _record(self, entry: Entry, answer: Answer, peer: Peer) -> Entry:
        match answer:
            case Accepted():
                recorded = await self._record_accepted(entry, answer)
                await self._gates.succeeded(entry.lane, entry.channel)
                return recorded
            case NotSent():
                return await self._record_not_sent(entry, answer)
            case Refused():
                return await self._record_refused(entry, answer, peer)
            case Ambiguous():
                return await self._record_doubt(entry, answer, peer)

    async def _record_accepted(self, entry: Entry, answer: Accepted) -> Entry:
        """The peer's word for this very attempt outweighs what anybody concluded meanwhile."""
        current = entry
        while True:
            try:
                return await self.asking.post(current, self._accepted(current, entry, answer))
            except Moved as moved:
                found = moved.found
                fields = {"biller": entry.key.biller, "id": entry.key.id, "receipt": answer.receipt_number}
                if found.attempt != entry.attempt or found.state not in _CORRECTABLE:
                    if found.receipt_number != answer.receipt_number:
                        events.emit("ledger.receipt_unrecorded", events.ERROR, **fields)
                    raise
                events.emit("ledger.late_answer", events.WARNING, **fields, was=found.state)
                current = found

    def _accepted(self, current: Entry, sent: Entry, answer: Accepted) -> Entry:
        """After a late answer nobody may be left to report: an open row has it done."""
        posted = settle.posted(current, answer.receipt_number, answer.remark)
        return posted if current is sent else posted._replace(due=self._ledger.now(), wait=Wait.REPORT)

    async def _record_not_sent(self, entry: Entry, answer: NotSent) -> Entry:
        # The entry first: should the breaker's row fail, nothing is left to look like an unknown outcome.
        recorded = await self._record_or_stand_down(entry, self._backed_off(_recalled(entry), answer.code))
        if answer.peer_failed:
            await self._gates.failed(entry.lane)
        return recorded

    async def _record_refused(self, entry: Entry, answer: Refused, peer: Peer) -> Entry:
        """A refusal counts as *nothing was done* only where that was shown of its code at this biller."""
        believed = entry.key.kind.is_update or answer.code in (await self._gates.look(entry.lane)).proven
        if answer.scope is Scope.ENTRY:
            return await self._hold_refused(entry, answer, peer, believed=believed)
        if not believed:
            blocks = answer.code if answer.scope is Scope.BILLER else None
            refused = entry._replace(refused_with=answer.code)
            return await self._record_doubt(refused, Ambiguous(answer.code, detail=answer.detail), peer, blocks)
        recorded = await self._record_or_stand_down(entry, self._backed_off(_recalled(entry), answer.code))
        if answer.scope is Scope.BILLER:
            await self._gates.block(entry.lane, answer.code)
        else:
            await self._gates.failed(entry.lane)
        return recorded

    async def _hold_refused(self, entry: Entry, answer: Refused, peer: Peer, *, believed: bool) -> Entry:
        sent_at = entry.sent_at or entry.received_at
        refused = (_recalled(entry) if believed else settle.doubted(entry, sent_at))._replace(refused_with=answer.code)
        held = settle.held(refused, answer.code, self._ledger.now(), answer.detail)
        recorded = await self._record_or_stand_down(entry, held if peer.can_be_asked else unasked(held))
        await self._gates.answered(entry.lane)
        return recorded

    async def _record_doubt(self, entry: Entry, answer: Ambiguous, peer: Peer, blocks: str | None = None) -> Entry:
        try:
            return await self._doubt(entry, answer, peer, blocks)
        except Moved as moved:
            return moved.found

    async def _doubt(self, entry: Entry, answer: Ambiguous, peer: Peer, blocks: str | None = None) -> Entry:
        after, move = self._in_doubt(entry, answer, peer), self._ledger.move
        doubt = Doubt(
            unlisted=answer.unlisted, blocks=blocks, retry_after=answer.retry_after, throttled=answer.throttled
        )
        return await self._gates.doubt(entry.lane, doubt, lambda also: move(entry, after, also=also))

    async def _record_or_stand_down(self, entry: Entry, after: Entry) -> Entry:
        """Whoever changed the entry meanwhile knew no less than this."""
        try:
            return await self._ledger.move(entry, after)
        except Moved as moved:
            return moved.found

    async def _probed(self, entry: Entry, peer: Peer) -> bool:
        if not await self._gates.begin_probe(entry.lane):
            return False
        if await peer.probe(entry):
            await self._gates.answered(entry.lane)
            return True
        await self._gates.failed(entry.lane)
        return False

    def _claimed(self, entry: Entry, slot: int) -> Entry:
        now = self._ledger.now()
        until = now + timedelta(seconds=self._times.lease)
        sending = entry._replace(state=State.SENDING, attempt=entry.attempt + 1, sent_at=now, slot=slot, held_at=None)
        sending = sending._replace(lease_until=until, due=until, wait=Wait.LEASE, reason=None, detail=None)
        return _dated(sending._replace(refused_with=None, first_sent_at=entry.first_sent_at or now), now.date())

    def _waiting(self, entry: Entry) -> Entry:
        due = self._ledger.now() + timedelta(seconds=self._times.slot_retry)
        return entry._replace(state=State.RECEIVED, due=due, wait=Wait.SLOT)

    def _deferred(self, entry: Entry, gate: Gate) -> Entry:
        """Wait for the gate: as long as its breaker says, with jitter, otherwise as backoff says."""
        now = self._ledger.now()
        closed_by = gate.closed_by(now)
        if closed_by == "blocked":
            return self._backed_off(entry, closed_by)
        due = now
        if closed_by is not None:
            jitter = self._times.backoff[0] if gate.is_open else self._times.gate_cache
            due = gate.closed_until(now) + timedelta(seconds=random.uniform(0, jitter))
        return entry._replace(state=State.RECEIVED, due=due, wait=Wait.BACKOFF, reason=closed_by or "probe_first")

    def _backed_off(self, entry: Entry, reason: str) -> Entry:
        pause = nth(self._times.backoff, entry.backoffs) * random.uniform(0.8, 1.2)
        due = self._ledger.now() + timedelta(seconds=pause)
        back = entry._replace(state=State.RECEIVED, slot=None, lease_until=None, backoffs=entry.backoffs + 1)
        return back._replace(due=due, wait=Wait.BACKOFF, reason=reason)

    def _in_doubt(self, entry: Entry, answer: Ambiguous, peer: Peer) -> Entry:
        if peer.can_be_asked:
            return settle.unknown(entry, answer.code, self._times, answer.detail)
        why = f"{answer.code}. {answer.detail}" if answer.detail else answer.code
        doubtful = settle.doubted(entry, entry.sent_at or entry.received_at)
        return unasked(settle.held(doubtful, OUTCOME_UNKNOWN, self._ledger.now(), detail=why))


def _recalled(entry: Entry) -> Entry:
    """The entry whose latest attempt certainly had no effect; what was shown of earlier ones still stands."""
    return entry._replace(recalled=entry.recalled + 1)


def _dated(entry: Entry, made: date) -> Entry:
    """The entry with all days that an attempt was made or dated on; days of UTC, which are read with one to spare."""
    days = sorted(day for day in (entry.first_day, entry.last_day, entry.posting_date, made.isoformat()) if day)
    dated = min(day for day in (entry.first_dated, entry.posting_date) if day) if entry.posting_date else ""
    return entry._replace(first_day=days[0], last_day=days[-1], first_dated=dated)


_CORRECTABLE = frozenset({State.UNKNOWN, State.HELD, State.RECEIVED})
