"""Lets a held entry be sent after all, where nothing of it can be at the peer."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Final

from shared.ledger import rows, settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.errors import Contended, Moved
from shared.ledger.peer import Peer
from shared.ledger.reading import Reader, owner_in
from shared.ledger.retention import REDUCED
from shared.ledger.store import Change, Insert, Replace
from shared.ledger.times import Times
from shared.payments import message as payments
from shared.repair.decision import Decision, NotAllowed, known
from shared.repair.unbind import unbound
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

    async def __call__(
        self, key: Key, decision: Decision, *, override: bool = False, others: Collection[str] = ()
    ) -> Entry:
        """Let it go; for as long as the evidence is good, it leaves without another question.

        Whatever Caselle shows that may be it refuses this. After an attempt that may have had an effect, Caselle must
        show twice that nothing is there, or ``override`` says so on the person's own word; and never within
        ``times.settle`` of the attempt. A payment that Caselle has lost again may be sent again by the same proof.

        Args:
            key: the entry.
            decision: who says so, and why; and that it was not entered by hand.
            override: the person vouches for it where Caselle proves nothing.
            others: receipt numbers that the person names as other payments'.

        Raises:
            NotAllowed: it may not be sent again, or somebody else was first.
            Unavailable: a store does not answer; look what became of it.
        """
        entry = known(await self._ledger.read(key), key)
        _check_state(entry)
        _check_whole(entry)
        if entry.told_held_at is not None and not entry.key.kind.is_update and not decision.not_by_hand:
            raise NotAllowed("It was told as held: say first whether somebody entered it by hand meanwhile.")
        peer = await self._peer_of(entry)
        entry = peer.after_loss(entry) if peer else entry
        entry = entry._replace(others=" ".join(sorted({*entry.others.split(), *others})))
        reference = _reference(entry)
        also = [*await self._claim(entry, reference), *await unbound(self._ledger, self._reader, entry)]
        # Of what is posted, only Caselle itself can show that it is there no more.
        word = override and entry.state is not State.POSTED
        evidence = await self._evidence(entry, peer, override=word)
        now = self._ledger.now()
        again = settle.proved(entry, now)._replace(state=State.RECEIVED, held_at=None, due=now, wait=Wait.BACKOFF)
        again = again._replace(reference=reference, backoffs=0, reason=None, detail=None, doubt_at=None)
        again = again._replace(receipt_number=None) if entry.key.kind is Kind.PAYMENT else again
        try:
            return await self._ledger.move(entry, again, also=also, note=decision.note(evidence=evidence))
        except (Moved, Contended) as first:
            raise NotAllowed(f"Somebody else was faster ({first}); look at it again.") from None

    async def _evidence(self, entry: Entry, peer: Peer | None, *, override: bool) -> str:
        """What speaks for it; a person's word stands where Caselle proves nothing, never against what it shows."""
        if entry.key.kind.is_update:
            return "may be set again"
        must_prove = entry.perhaps_there or entry.state is State.POSTED
        if must_prove:
            check_settled(entry, self._ledger, self._times)
        if peer is None or not peer.can_be_asked:
            in_doubt = must_prove or (entry.ever_left and not settle.is_fresh(entry, self._ledger.now(), self._times))
            if in_doubt and not override:
                raise NotAllowed("Its outcome was lost and Caselle cannot be asked here: ask the city, then override.")
            return "override" if in_doubt else "not by hand"
        finding = await peer.ask(entry)
        _check_nothing_there(finding, override=override)
        if isinstance(finding, settle.Absent) and not must_prove:
            return "not there"
        return "override" if override else await self._absent(entry, finding)

    async def _absent(self, entry: Entry, finding: settle.Finding) -> str:
        """Absent twice, with the gap between, as the machine itself demands; the first time is written down."""
        if not isinstance(finding, settle.Absent):
            why = getattr(finding, "why", "nothing")
            raise NotAllowed(f"Caselle proves nothing now ({why}): try again later, or ask the city, then override.")
        now = self._ledger.now()
        if settle.proves(entry, finding, now, self._times):
            return "absent twice"
        seen = settle.looked(entry, finding)
        if seen is not entry:
            await self._remember(entry, seen)
        again = settle.proves_from(seen, settle.look_of(seen) or finding.look, self._times)
        raise NotAllowed(f"Caselle shows that it is absent; once more after {again:%Y-%m-%d %H:%M} UTC proves it.")

    async def _remember(self, entry: Entry, seen: Entry) -> None:
        try:
            await self._ledger.tidy(entry, seen)
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


def _check_nothing_there(finding: settle.Finding, *, override: bool) -> None:
    match finding:
        case settle.Found(receipt_number):
            raise NotAllowed(f"Caselle has it, under receipt {receipt_number}: resolve it as posted.")
        case settle.Odd("receipt_voided") if override:
            return
        case settle.Odd("similar_receipt", detail) | settle.NotProved(alike=str(detail)):
            raise NotAllowed(
                f"Caselle shows what may be it: {detail}. Resolve it as posted, or name it as another payment's."
            )
        case settle.Odd(reason, detail):
            raise NotAllowed(f"Caselle shows {detail or 'something'} with this reference ({reason}): look there.")
        case _:
            return


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
        return
    if entry.state is not State.HELD and (entry.state is not State.POSTED or entry.key.kind is not Kind.PAYMENT):
        raise NotAllowed(f"It is {entry.state}; only what is held, in doubt, or lost by Caselle can be retried.")


def _check_whole(entry: Entry) -> None:
    """What retention reduced, or what a result alone told of, cannot be made again."""
    if entry.message == REDUCED or not entry.fingerprint:
        raise NotAllowed("Its message is not kept here: nobody can send it again. Invoice Cloud may, under another id.")


def _reference(entry: Entry) -> str:
    """The reference that its message asks for."""
    match entry.key.kind:
        case Kind.PAYMENT:
            return payments.stored(entry.message).confirmation_number
        case Kind.ACH_REJECT | Kind.REVERSAL:
            return reversals.reference(reversals.stored(entry.key.kind, entry.message))
        case _:
            return entry.reference
