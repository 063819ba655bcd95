"""Ways to break a rule of sending, storing and undoing; each replaces one function of the product while it is applied."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import httpx

from shared.caselle import protocol
from shared.caselle.client import CaselleClient, HttpAnswer, Wire
from shared.exchange.result import Handled
from shared.ledger import retention, rows, settle, steps
from shared.ledger.answer import Ambiguous, NotSent
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.recording import Recording
from shared.ledger.send_once import SendOnce
from shared.ledger.store import ANY, Change, Delete, Insert, Replace, Row
from shared.ledger.times import Times
from shared.payments.evidence import judge
from shared.payments.evidence.facts import Known, Sent
from shared.payments.gateway import Receipt
from shared.payments.post import PostPayment
from shared.repair import retry
from shared.repair.retry import Retry
from shared.reversals.drive import ReversalDriver
from shared.reversals.peer import VoidPeer
from shared.vocabulary.errors import Unavailable
from tests.fakes.ledger import MemoryLedger


@contextmanager
def ack_before_insert() -> Iterator[None]:
    """A message is acknowledged although the store did not take it."""
    accept = PostPayment.accept

    async def careless(self: PostPayment, body: bytes, message_id: str) -> Handled:
        try:
            return await accept(self, body, message_id)
        except Unavailable:
            return Handled()

    with patch.object(PostPayment, "accept", careless):
        yield


@contextmanager
def retry_on_a_disconnect() -> Iterator[None]:
    """The connection was cut, so the request is sent once more."""
    post = Wire.post

    async def insistent(self: Wire, request: protocol.Request, remaining: float) -> HttpAnswer:
        try:
            return await post(self, request, remaining)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return await post(self, request, remaining)

    with patch.object(Wire, "post", insistent):
        yield


@contextmanager
def no_write_ahead() -> Iterator[None]:
    """A new payment is sent first and written afterwards."""

    async def eager(self: SendOnce, entry: Entry, peer: Any) -> Entry:
        answer = await peer.send(entry)
        begun = await self._ledger.begin(steps.claimed(entry, 0, self._ledger.now(), self._times))
        return await self._recording.record(begun, answer, peer)

    with patch.object(SendOnce, "first", eager):
        yield


@contextmanager
def record_deleted_on_error() -> Iterator[None]:
    """After a failed send the record is dropped, and the message comes again as if it were new."""

    async def forget(self: Recording, entry: Entry, *_: object) -> Entry:
        shard = rows.shard_of(entry.key.biller)
        kept = (rows.state_key(entry.key), rows.open_key(entry.due, entry.key))
        slot = rows.slot_key(entry.key.biller, entry.slot)
        bound = [rows.reference_key(entry.key.biller, entry.reference)] if entry.reference else []
        events = [rows.event_key(entry.key, version + 1) for version in range(entry.version)]
        await self._ledger._store.commit(shard, [Delete(key) for key in (*kept, slot, *bound, *events)])
        raise Unavailable("the send failed")

    with patch.object(Recording, "_record_doubt", forget):
        yield


@contextmanager
def write_without_etag() -> Iterator[None]:
    """Whoever writes last wins: no version is compared, and no guard of the same transaction stands in for it."""
    commit = MemoryLedger.commit

    async def blind(self: MemoryLedger, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        loose = [_loose(change, self.rows.get((shard, change.key))) for change in changes]
        return await commit(self, shard, [change for change in loose if change is not None])

    with patch.object(MemoryLedger, "commit", blind):
        yield


def _loose(change: Change, there: Row | None) -> Change | None:
    match change:
        case Replace(key, values, _):
            return Replace(key, values, ANY) if there else Insert(key, values)
        case Delete():
            return change if there else None
        case Insert(key, values) if there and key[0] in "EO":
            return Replace(key, values, ANY)
    return change


@contextmanager
def a_5xx_taken_as_not_processed() -> Iterator[None]:
    """A gateway's failure is taken for a sign that nothing was sent."""
    write = CaselleClient.write

    async def trusting(self: CaselleClient, *args: Any) -> Any:
        answer = await write(self, *args)
        gateway = isinstance(answer, Ambiguous) and answer.code.startswith("http_5")
        return NotSent(answer.code) if gateway else answer

    with patch.object(CaselleClient, "write", trusting):
        yield


@contextmanager
def expired_claim_run_again() -> Iterator[None]:
    """A lease that has passed is a licence to send."""

    async def again(self: SendOnce, entry: Entry, _: Any) -> Entry:
        now = self._ledger.now()
        if entry.leased(now):
            return entry
        proved = settle.proved(entry, now)
        back = proved._replace(state=State.RECEIVED, slot=None, lease_until=None, due=now, wait=Wait.BACKOFF)
        return await self._ledger.move(entry, back)

    with patch.object(SendOnce, "expire", again):
        yield


def absent_believed_before_settling() -> AbstractContextManager[Any]:
    """A list without the receipt is believed, however early it is."""
    return _taken_as_absent(lambda finding: finding == settle.NotProved("too_early"))


def query_error_taken_as_absent() -> AbstractContextManager[Any]:
    """No answer to the question is taken for the answer no."""
    return _taken_as_absent(lambda finding: isinstance(finding, settle.NoAnswer))


@contextmanager
def _taken_as_absent(which: Callable[[settle.Finding], bool]) -> Iterator[None]:
    conclude = settle.conclude

    def hasty(entry: Entry, finding: settle.Finding, now: datetime, times: Times) -> Entry:
        if which(finding):
            return settle._again(settle.proved(entry, now), "attempts_exhausted", now)
        return conclude(entry, finding, now, times)

    with patch.object(settle, "conclude", hasty):
        yield


@contextmanager
def late_owner_sends() -> Iterator[None]:
    """A sender that stood still sends, although its lease has passed meanwhile."""

    async def late(self: SendOnce, claim: Any, peer: Any) -> Entry:
        answer = await peer.send(claim.entry)
        return await asyncio.shield(self._recording.record(claim.entry, answer, peer))

    with patch.object(SendOnce, "_send", late):
        yield


@contextmanager
def foreign_receipt_taken_as_evidence() -> Iterator[None]:
    """Any receipt over the same cents is taken for ours, whatever its reference."""

    def alike(sent: Sent, receipts: Iterable[Receipt], known: Known) -> list[Receipt]:
        return [each for each in receipts if each.live and int(each.amount) == sent.cents][-1:]

    with patch.object(judge, "_with_reference", alike):
        yield


@contextmanager
def void_before_posted() -> Iterator[None]:
    """A reject is carried out without looking whether its payment is posted."""

    async def rash(self: ReversalDriver, entry: Entry) -> Entry:
        payment = await self._desk.ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses or ""))
        if payment is None or payment.state is State.REVERSED:
            return await self._wait(entry, self._desk.times.patience)
        biller = await self._biller(entry)
        known = entry._replace(receipt_number=payment.receipt_number or payment.reference)
        return await self._desk.send_once.again(known, VoidPeer(biller, self._desk))

    with patch.object(ReversalDriver, "go_on", rash):
        yield


@contextmanager
def blind_retry_of_a_void() -> Iterator[None]:
    """A void whose answer was lost is sent once more at once."""
    send = VoidPeer.send

    async def twice(self: VoidPeer, entry: Entry) -> Any:
        answer = await send(self, entry)
        return await send(self, entry) if isinstance(answer, Ambiguous) else answer

    with patch.object(VoidPeer, "send", twice):
        yield


@contextmanager
def retention_reduces_what_is_to_be_told() -> Iterator[None]:
    """Whatever has come to its end is reduced, told or not."""
    is_old = retention._is_old
    with patch.object(retention, "_is_old", lambda entry, before: is_old(entry._replace(due=None), before)):
        yield


def held_owner_gives_its_reference_away() -> AbstractContextManager[Any]:
    """Another payment takes the confirmation number of one that is held."""
    return patch.object(retry, "_ENDED", retry._ENDED | {State.HELD})


def second_look_left_out() -> AbstractContextManager[Any]:
    """Nobody looks whether what left more than once is there twice."""
    return patch.object(settle, "looked_enough", lambda *_: True)


@contextmanager
def later_owner_loses_its_number() -> Iterator[None]:
    """A payment whose number begins again is posted without one."""
    write = Ledger._write_without_receipt

    async def without(self: Ledger, before: Entry, after: Entry, *more: Any) -> Entry:
        return await write(self, before, after._replace(receipt_number=None), *more)

    with patch.object(Ledger, "_write_without_receipt", without):
        yield


def retry_asks_nobody() -> AbstractContextManager[Any]:
    """What a person lets go is not looked for first."""

    async def word(*_: Any, **__: Any) -> str:
        return "override"

    return patch.object(Retry, "_evidence", word)


def proof_used_after_hours() -> AbstractContextManager[Any]:
    """What was once shown not to be there leaves hours later without another question."""
    return patch.object(settle, "is_fresh", lambda entry, *_: entry.proved_at is not None)
