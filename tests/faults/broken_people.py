"""Ways to break a rule of what people do: retries, answers, voids of what a clerk touched, going live, retiring."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from shared.billers.model import Biller, Mode
from shared.ledger import settle, transition
from shared.ledger.entry import Entry, State, Wait
from shared.payments import overlap, rules
from shared.payments.drive import PaymentDriver
from shared.payments.evidence.absence import Absence
from shared.payments.evidence.facts import Absent
from shared.payments.message import PaymentMessage
from shared.payments.named_receipt import NamedReceipt
from shared.payments.reading import Around
from shared.repair import inquiry
from shared.repair.decision import Decision
from shared.repair.inquiry import Answer
from shared.repair.retry import Retry
from shared.reversals import peer as reversals_peer
from shared.reversals.drive import ReversalDriver
from shared.reversals.peer import VoidPeer
from shared.reversals.standing import Live, Standing, Undone, Unlike, standing
from tests.faults import auditor


@contextmanager
def retry_without_a_question() -> Iterator[None]:
    """Nobody is asked whether what was told as held was entered by hand."""
    retry = Retry.__call__

    async def trusting(self: Retry, key: Any, decision: Decision, **options: Any) -> Entry:
        return await retry(self, key, replace(decision, not_by_hand=True), **options)

    with patch.object(Retry, "__call__", trusting):
        yield


@contextmanager
def retry_without_the_list() -> Iterator[None]:
    """What never left is let go on a person's word, and no list is read."""
    evidence = Retry._evidence

    async def blind(self: Retry, entry: Entry, peer: Any, *, override: bool) -> str:
        if not entry.ever_left and entry.state is State.HELD:
            return "not by hand"
        return await evidence(self, entry, peer, override=override)

    with patch.object(Retry, "_evidence", blind):
        yield


def like_receipt_lets_it_go() -> AbstractContextManager[Any]:
    """A receipt of the same cents that is none of ours is nobody's concern where nothing of the payment left."""
    return patch.object(Absence, "of_what_never_left", lambda *_: Absent())


@contextmanager
def word_for_what_is_posted() -> Iterator[None]:
    """A person's word sends again what is posted."""
    evidence = Retry._evidence

    async def trusting(self: Retry, entry: Entry, peer: Any, *, override: bool) -> str:
        return await evidence(self, entry, peer, override=override or entry.state is State.POSTED)

    with patch.object(Retry, "_evidence", trusting):
        yield


@contextmanager
def named_receipt_not_looked_at() -> Iterator[None]:
    """Whatever number a person names is believed."""

    async def fine(*_: object) -> None:
        return None

    with patch.object(NamedReceipt, "objection", fine):
        yield


@contextmanager
def void_without_looking() -> Iterator[None]:
    """The receipt's number is voided, whosever it is by now."""

    async def careless(_: VoidPeer, payment: Entry) -> Standing:
        return Live(payment.receipt_number or "")

    with patch.object(VoidPeer, "look", careless):
        yield


def void_ends_beside_its_reference() -> AbstractContextManager[Any]:
    """One that is void is undone, whatever else has its reference."""
    return _undone_in_spite_of("several_receipts")


def void_ends_beside_its_like() -> AbstractContextManager[Any]:
    """One that is void is undone, whatever else of the same cents is nobody's."""
    return _undone_in_spite_of("similar_receipt")


@contextmanager
def _undone_in_spite_of(reason: str) -> Iterator[None]:
    def hasty(*given: Any) -> Standing:
        found = standing(*given)
        void = isinstance(found, Unlike) and found.reason == reason and any(each.voided for each in found.receipts)
        return Undone(given[1]) if void else found

    with patch.object(reversals_peer, "standing", hasty):
        yield


@contextmanager
def void_absent_by_one_reading() -> Iterator[None]:
    """A receipt that still counts in one list was not voided, however early that is."""
    finding, proves = VoidPeer._finding, settle.proves

    def hasty(self: VoidPeer, entry: Entry, payment: Entry, seen: Around) -> settle.Finding:
        found = finding(self, entry, payment, seen)
        return seen.absent(entry) if isinstance(found, settle.NotProved) else found

    def once(entry: Entry, *given: Any) -> bool:
        return entry.reverses is not None or proves(entry, *given)

    with patch.object(VoidPeer, "_finding", hasty), patch.object(settle, "proves", once):
        yield


@contextmanager
def void_ends_a_doubt() -> Iterator[None]:
    """A void ends whatever of its payment is not posted, be it in doubt."""

    async def hasty(self: ReversalDriver, entry: Entry, payment: Entry) -> Entry:
        return await self._end_both(entry, payment)

    with patch.object(ReversalDriver, "_end_unposted", hasty):
        yield


@contextmanager
def void_by_an_old_proof() -> Iterator[None]:
    """What was once shown absent, or never left, is ended without another look."""
    end = ReversalDriver._end_unposted

    async def hasty(self: ReversalDriver, entry: Entry, payment: Entry) -> Entry:
        return await (end if payment.perhaps_there else ReversalDriver._end_both)(self, entry, payment)

    with patch.object(ReversalDriver, "_end_unposted", hasty):
        yield


@contextmanager
def sheet_line_of_another_attempt() -> Iterator[None]:
    """What a city answered about an earlier attempt counts for the latest."""
    other = inquiry._other_question
    with patch.object(inquiry, "_other_question", lambda answer, entry: other(_of_attempt(answer, entry), entry)):
        yield


def _of_attempt(answer: Answer, entry: Entry) -> Answer:
    return replace(answer, attempt=entry.attempt)


@contextmanager
def sheet_line_of_another_city() -> Iterator[None]:
    """A line counts, whichever city was asked."""
    idle = inquiry.idle

    def trusting(answer: Answer, entry: Entry | None, _: str, now: datetime) -> str | None:
        return idle(answer, entry, answer.key.biller, now)

    with patch.object(inquiry, "idle", trusting):
        yield


def stale_sheet() -> AbstractContextManager[Any]:
    """What was not there once is not there."""
    return patch.object(inquiry, "_out_of_time", lambda *_: None)


def sheet_of_what_may_arrive() -> AbstractContextManager[Any]:
    """A city is asked about what may still be on its way to it."""
    return patch.object(inquiry, "can_be_answered", lambda *_: True)


@contextmanager
def shadow_overlap_sent() -> Iterator[None]:
    """What shadow mode skipped, and was paid since the biller went live, is sent at once."""

    def let_go(entry: Entry, now: datetime) -> Entry:
        return entry._replace(state=State.RECEIVED, due=now, wait=Wait.BACKOFF)

    allowed = transition.TRANSITIONS[State.SKIPPED] | {State.RECEIVED}
    table = MappingProxyType({**transition.TRANSITIONS, State.SKIPPED: allowed})
    with ExitStack() as patches:
        for module in (transition, auditor):
            patches.enter_context(patch.object(module, "TRANSITIONS", table))
        patches.enter_context(patch.object(overlap, "held", let_go))
        patches.enter_context(patch.object(overlap, "reported", let_go))
        yield


def shadow_overlap_forgotten() -> AbstractContextManager[Any]:
    """What shadow mode skipped stays so, whenever it was paid."""
    return patch.object(overlap, "overlaps", lambda *_: False)


@contextmanager
def paid_before_going_live_sent() -> Iterator[None]:
    """What was paid before a biller went live is sent like everything else."""
    about_time = rules._about_time

    def late(message: PaymentMessage, biller: Biller) -> str | None:
        return about_time(message, biller.model_copy(update={"go_live_at": None}))

    with patch.object(rules, "_about_time", late):
        yield


@contextmanager
def retired_forgotten() -> Iterator[None]:
    """What is open of a biller that is retired waits for ever."""
    go_on = PaymentDriver.go_on

    async def forgetful(self: PaymentDriver, entry: Entry) -> Entry:
        biller = await self._biller(entry)
        if biller.mode is Mode.RETIRED:
            return await self._desk.send_once.postpone(entry, "paused")
        return await go_on(self, entry)

    with patch.object(PaymentDriver, "go_on", forgetful):
        yield
