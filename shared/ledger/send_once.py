"""The algorithm: write before you send, and never send again without evidence.

first()  a message that is new       begin as ``sending`` -> send -> record
again()  one that waited             ask once more where a proof has aged, move to ``sending`` -> send -> record
expire() one whose lease has passed  move to ``unknown`` (or ``held`` where nobody can be asked)

Whose outcome is unknown is settled by ``shared.ledger.asking``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.ledger.answer import Ambiguous, NotSent
from shared.ledger.asking import Asking
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, State
from shared.ledger.errors import Moved, SlotTaken
from shared.ledger.gate import Gate
from shared.ledger.gates import Gates
from shared.ledger.peer import Peer
from shared.ledger.recording import Recording
from shared.ledger.slots import LocalSlots
from shared.ledger.steps import backed_off, claimed, deferred, waiting
from shared.ledger.store import Change
from shared.ledger.times import Times
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
        self._recording = Recording(ledger, gates, self.asking, times)
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
        if gate.needs_probe or gate.closed_for(entry.channel, entry.posting_date, self._ledger.now()):
            return await self._ledger.begin(deferred(entry, gate, self._ledger.now(), self._times))
        return await self._send_in_slot(entry, gate, peer, self._ledger.begin)

    async def again(self, entry: Entry, peer: Peer, *, also: Sequence[Change] = ()) -> Entry:
        """Send an entry that is ``received``, or leave it so with a later due time; ``also`` goes with the claim.

        Raises:
            Moved: somebody else changed it first.
            Contended, SubjectTaken: as ``Ledger.move`` says; nothing was sent.
            Unavailable: the store does not answer; whatever was sent stands in the ledger as ``sending``.
        """
        gate = await self._gates.look(entry.lane)
        if gate.closed_for(entry.channel, entry.posting_date, self._ledger.now()):
            return await self._ledger.move(entry, deferred(entry, gate, self._ledger.now(), self._times))
        if self.asking.is_due(entry):
            asked = await self.asking.once_more(entry, peer)
            if asked.state is not State.RECEIVED:
                return await self.asking.post(entry, asked)
            entry = asked
        if gate.needs_probe and not await self._probed(entry, peer):
            return await self._ledger.move(entry, backed_off(entry, "probe_first", self._ledger.now(), self._times))
        gate = await self._gates.look(entry.lane)
        return await self._send_in_slot(entry, gate, peer, lambda after: self._ledger.move(entry, after, also=also))

    async def shelve(self, entry: Entry, reason: str) -> Entry:
        """Write a new entry and leave it waiting, with backoff; nothing is tried.

        Raises:
            Known, ReferenceTaken: nothing was written.
        """
        return await self._ledger.begin(backed_off(entry, reason, self._ledger.now(), self._times))

    async def postpone(self, entry: Entry, reason: str) -> Entry:
        """Leave a received entry waiting, with backoff; nothing was tried."""
        return await self._ledger.move(entry, backed_off(entry, reason, self._ledger.now(), self._times))

    async def expire(self, entry: Entry, peer: Peer) -> Entry:
        """Turn a ``sending`` entry whose lease has passed into ``unknown``; before that, leave it alone."""
        if entry.leased(self._ledger.now()):
            return entry
        return await self._recording.doubt(entry, Ambiguous("lease_expired"), peer)

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
                deferred = await write(waiting(entry, self._ledger.now(), self._times))
                self._slots.remember_deferral(lane)
                return deferred
            try:
                if not await self._still_open(entry, slot, peer):
                    return await write(waiting(entry, self._ledger.now(), self._times))
                began = self._clock.monotonic()
                sending = await write(claimed(entry, slot, self._ledger.now(), self._times))
                return await self._send(_Claim(sending, began), peer)
            except SlotTaken:
                refused |= {slot}
            finally:
                await self._slots.release(lane, slot)

    async def _still_open(self, entry: Entry, slot: int, peer: Peer) -> bool:
        """Whether no answer that came while the slot was waited for speaks against using it."""
        gate = await self._gates.look(entry.lane)
        closed = gate.closed_for(entry.channel, entry.posting_date, self._ledger.now()) or gate.needs_probe
        return not closed and slot < gate.slots(peer.slots, entry.channel) and await self._gates.may_call(entry.lane)

    async def _send(self, claim: _Claim, peer: Peer) -> Entry:
        spent = self._clock.monotonic() - claim.began
        if spent > self._times.lease - self._times.deadline - self._times.lease_margin:
            return await self._recording.record(claim.entry, NotSent("lease_too_short", peer_failed=False), peer)
        try:
            answer = await peer.send(claim.entry)
        except asyncio.CancelledError:
            # If the table fails as well, the lease runs out and says the same.
            with suppress(CaselleError):
                await asyncio.shield(self._recording.record(claim.entry, Ambiguous("cancelled"), peer))
            raise
        # What the peer said is written down even when nobody waits for it any more.
        return await asyncio.shield(self._recording.record(claim.entry, answer, peer))

    async def _probed(self, entry: Entry, peer: Peer) -> bool:
        if not await self._gates.begin_probe(entry.lane):
            return False
        if await peer.probe(entry):
            await self._gates.answered(entry.lane)
            return True
        await self._gates.failed(entry.lane)
        return False
