"""Lets a held entry be sent after all, where nothing of it can be at the peer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from shared.ledger import rows, settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.errors import Contended, Moved
from shared.ledger.peer import Peer
from shared.ledger.reading import Reader, owner_in
from shared.ledger.store import Change, Insert, Replace
from shared.ledger.times import Times
from shared.payments import message as payments
from shared.repair.decision import Decision, NotAllowed, known
from shared.repair.history import doubtful
from shared.reversals import message as reversals

type PeerOf = Callable[[Entry], Awaitable[Peer | None]]
"""The server that an entry is for; None where the biller's record is gone."""

_ENDED: Final = frozenset({State.NOT_POSTED, State.SKIPPED})


class Retry:
    """``held`` becomes ``received``; what drives it from there runs every check again."""

    def __init__(self, ledger: Ledger, reader: Reader, peer_of: PeerOf, times: Times) -> None:
        """Keep what it reads and asks."""
        self._ledger = ledger
        self._reader = reader
        self._peer_of = peer_of
        self._times = times

    async def __call__(self, key: Key, decision: Decision, *, override: bool = False) -> Entry:
        """Let it go.

        After an attempt whose outcome was lost, Caselle must show that nothing is there, or ``override`` says so on
        the person's own word; and never within ``times.settle`` of the attempt.

        Raises:
            NotAllowed: it may not be sent again, or somebody else was first.
            Unavailable: a store does not answer; look what became of it.
        """
        entry = known(await self._ledger.read(key), key)
        _check_state(entry)
        evidence = "none needed"
        if doubtful(entry, await self._reader.events_of(key)):
            check_settled(entry, self._ledger, self._times)
            evidence = await self._evidence(entry, override=override)
        reference = _reference(entry)
        claim = await self._claim(entry, reference)
        again = entry._replace(state=State.RECEIVED, held_at=None, due=self._ledger.now(), wait=Wait.BACKOFF)
        again = again._replace(reference=reference, backoffs=0, reason=None, detail=None)
        try:
            return await self._ledger.move(entry, again, also=claim, note=decision.note(evidence=evidence))
        except (Moved, Contended) as first:
            raise NotAllowed(f"Somebody else was faster ({first}); look at it again.") from None

    async def _evidence(self, entry: Entry, *, override: bool) -> str:
        peer = await self._peer_of(entry)
        if peer is None or not peer.can_be_asked:
            if not override:
                raise NotAllowed("Its outcome was lost and Caselle cannot be asked here: ask the city, then override.")
            return "override"
        finding = await peer.ask(entry)
        if isinstance(finding, settle.Found):
            raise NotAllowed(f"Caselle has it, under receipt {finding.receipt_number}: resolve it as posted.")
        if override:
            return "override"
        return await self._absent(entry, finding)

    async def _absent(self, entry: Entry, finding: settle.Finding) -> str:
        """Absent twice, with the gap between, as the machine itself demands; the first time is written down."""
        match finding:
            case settle.Absent(controlled=True):
                pass
            case settle.Absent():
                raise NotAllowed("Caselle shows no receipt made after the attempt, so absence is not proved.")
            case settle.Odd(reason):
                raise NotAllowed(f"Caselle shows something with this reference ({reason}): a person must look there.")
            case _:
                raise NotAllowed("Caselle does not answer now, or not completely.")
        now, gap = self._ledger.now(), timedelta(seconds=self._times.absence_gap)
        if entry.absent_at is not None and now - entry.absent_at >= gap:
            return "absent twice"
        if entry.absent_at is None:
            await self._remember(entry)
        again = (entry.absent_at or now) + gap
        raise NotAllowed(f"Caselle shows that it is absent; once more after {again:%Y-%m-%d %H:%M} UTC proves it.")

    async def _remember(self, entry: Entry) -> None:
        try:
            await self._ledger.tidy(entry, entry._replace(absent_at=self._ledger.now()))
        except Moved:
            raise NotAllowed("Somebody else changed it; look at it again.") from None

    async def _claim(self, entry: Entry, reference: str) -> list[Change]:
        """Its reference, where another entry had it when it came: free again only if that one ended unposted."""
        if not reference or entry.reference:
            return []
        key = rows.reference_key(entry.key.biller, reference)
        taken = await self._reader.reference(entry.key.biller, reference)
        if taken is None:
            return [Insert(key, {"key": str(entry.key)})]
        owner = await self._ledger.read(owner_in(taken))
        if owner is not None and owner.state not in _ENDED:
            raise NotAllowed(f"{owner.key.kind} {owner.key.id} uses the same reference and is {owner.state}.")
        return [Replace(key, {"key": str(entry.key)}, taken.etag)]


def check_settled(entry: Entry, ledger: Ledger, times: Times) -> None:
    """Whatever an attempt left on its way must have had time to arrive.

    Raises:
        NotAllowed: too early.
    """
    earliest = (entry.sent_at or entry.received_at) + timedelta(seconds=times.settle)
    if ledger.now() < earliest:
        raise NotAllowed(f"Its attempt may still arrive: not before {earliest:%Y-%m-%d %H:%M} UTC.")


def _check_state(entry: Entry) -> None:
    if entry.state is State.UNKNOWN:
        raise NotAllowed("Its outcome is unknown: Caselle is being asked, and nothing is sent again without evidence.")
    if entry.state is not State.HELD:
        raise NotAllowed(f"It is {entry.state}; only what is held can be retried.")


def _reference(entry: Entry) -> str:
    """The reference that its message asks for."""
    match entry.key.kind:
        case Kind.PAYMENT:
            return payments.stored(entry.message).confirmation_number
        case Kind.ACH_REJECT | Kind.REVERSAL:
            return reversals.reference(reversals.stored(entry.key.kind, entry.message))
        case _:
            return entry.reference
