"""Writes down what a send came to: the entry, and what its answer says about the peer."""

from typing import Final

from shared.ledger import settle
from shared.ledger.answer import Accepted, Ambiguous, Answer, NotSent, Refused, Scope
from shared.ledger.asking import Asking, unasked
from shared.ledger.book import Ledger
from shared.ledger.entry import OUTCOME_UNKNOWN, Entry, State, Wait
from shared.ledger.errors import Moved
from shared.ledger.gate import Doubt
from shared.ledger.gates import Gates
from shared.ledger.peer import Peer
from shared.ledger.steps import backed_off, never_left, recalled
from shared.ledger.times import Times
from shared.vocabulary import events

DATE_REFUSALS: Final = frozenset({"period_closed", "date_refused"})
"""Codes of refusals that are about the posting date alone."""

_CORRECTABLE: Final = frozenset({State.UNKNOWN, State.HELD, State.RECEIVED})


class Recording:
    """Over the ledger and the gates."""

    def __init__(self, ledger: Ledger, gates: Gates, asking: Asking, times: Times) -> None:
        """Keep what it writes."""
        self._ledger = ledger
        self._gates = gates
        self._asking = asking
        self._times = times

    async def record(self, entry: Entry, answer: Answer, peer: Peer) -> Entry:
        """The entry as it stands after the answer to its attempt.

        Raises:
            Moved: somebody else concluded meanwhile what an acceptance cannot correct.
            Unavailable: the store does not answer; the lease will run out.
        """
        match answer:
            case Accepted():
                recorded = await self._record_accepted(entry, answer)
                await self._gates.succeeded(entry.lane, entry.channel, entry.posting_date)
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
                return await self._asking.post(current, self._accepted(current, entry, answer))
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
        recorded = await self._wait(never_left(entry), answer.code)
        await self._gates.left_alone(entry.lane, answer.retry_after, throttled=answer.throttled)
        if answer.peer_failed:
            await self._gates.failed(entry.lane)
        return recorded

    async def _record_refused(self, entry: Entry, answer: Refused, peer: Peer) -> Entry:
        """A refusal counts as *nothing was done* only where that was shown of its code at this biller."""
        believed = entry.key.kind.is_update or answer.code in (await self._gates.look(entry.lane)).proven
        if answer.scope is Scope.ENTRY:
            return await self._hold_refused(entry, answer, peer, believed=believed)
        if not believed:
            # What passes by itself is given the time to, so that one such moment does not make doubt after doubt.
            moment = answer.scope is Scope.MOMENT
            doubt = Doubt(
                blocks=None if moment else answer.code,
                stops=_stopped(entry, answer.scope),
                retry_after=self._times.breaker[-1] if moment else None,
            )
            refused = entry._replace(refused_with=answer.code)
            return await self._record_doubt(refused, Ambiguous(answer.code, detail=answer.detail), peer, doubt)
        recorded = await self._wait(entry, answer.code)
        if answer.scope is Scope.MOMENT:
            await self._gates.failed(entry.lane)
        else:
            await self._gates.stop(entry.lane, _stopped(entry, answer.scope), answer.code)
        return recorded

    async def _wait(self, entry: Entry, code: str) -> Entry:
        """After an attempt that certainly had no effect."""
        after = backed_off(recalled(entry), code, self._ledger.now(), self._times)
        return await self._record_or_stand_down(entry, after)

    async def _hold_refused(self, entry: Entry, answer: Refused, peer: Peer, *, believed: bool) -> Entry:
        since = entry.sent_at or entry.received_at
        doubtful = recalled(entry) if believed else settle.doubted(entry._replace(refused_with=answer.code), since)
        held = settle.held(doubtful, answer.code, self._ledger.now(), answer.detail)
        recorded = await self._record_or_stand_down(entry, held if peer.can_be_asked else unasked(held))
        await self._gates.answered(entry.lane)
        if answer.code in DATE_REFUSALS:
            await self._gates.refused_date(entry.lane, entry.posting_date, answer.code)
        return recorded

    async def _record_doubt(self, entry: Entry, answer: Ambiguous, peer: Peer, doubt: Doubt | None = None) -> Entry:
        try:
            return await self.doubt(entry, answer, peer, doubt)
        except Moved as moved:
            return moved.found

    async def doubt(self, entry: Entry, answer: Ambiguous, peer: Peer, doubt: Doubt | None = None) -> Entry:
        """The entry in doubt, and its gate with what that says about the peer.

        Raises:
            Moved: somebody else changed it first.
        """
        after, move = self._in_doubt(entry, answer, peer), self._ledger.move
        said = doubt or Doubt(
            unlisted=answer.code if answer.unlisted else None,
            retry_after=answer.retry_after,
            throttled=answer.throttled,
        )
        return await self._gates.doubt(entry.lane, said, lambda also: move(entry, after, also=also))

    async def _record_or_stand_down(self, entry: Entry, after: Entry) -> Entry:
        """Whoever changed the entry meanwhile knew no less than this."""
        try:
            return await self._ledger.move(entry, after)
        except Moved as moved:
            return moved.found

    def _in_doubt(self, entry: Entry, answer: Ambiguous, peer: Peer) -> Entry:
        if peer.can_be_asked:
            return settle.unknown(entry, answer.code, self._times, answer.detail)
        why = f"{answer.code}. {answer.detail}" if answer.detail else answer.code
        doubtful = settle.doubted(entry, entry.sent_at or entry.received_at)
        return unasked(settle.held(doubtful, OUTCOME_UNKNOWN, self._ledger.now(), detail=why))


def _stopped(entry: Entry, scope: Scope) -> str | None:
    """What a refusal stops: the channel, the application, or None: all of the biller."""
    narrow = {Scope.CHANNEL: entry.channel, Scope.APPLICATION: entry.channel.partition("/")[0]}
    return narrow.get(scope) or None
