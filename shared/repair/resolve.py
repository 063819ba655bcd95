"""Writes what a person found out about an entry that has not ended: it is posted, or it is not and never will be."""

from datetime import datetime, timedelta
from typing import Final

from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.errors import Contended, Moved, ReceiptTaken
from shared.ledger.reading import Reader
from shared.ledger.times import Times
from shared.payments.evidence.shown import number_of
from shared.payments.named_receipt import NamedReceipt
from shared.repair.decision import Decision, NotAllowed, known
from shared.repair.retry import check_settled
from shared.repair.unbind import unbound
from shared.reversals import message as reversals
from shared.vocabulary.errors import Unavailable

ENDED_BY_PERSON: Final = "ended_by_person"
REOPENED: Final = "reopened"

_STUCK: Final = timedelta(days=1)
"""Invoice Cloud shows a bill as due again after a day."""
_LONGEST: Final = 64
_DIGITS: Final = 5
"""After the dot of a receipt number, at least: [receipt group].[number], as Caselle's help shows them."""


class Resolve:
    """Ends what is held, in doubt, or waits; Invoice Cloud is told by the open row that each change leaves."""

    def __init__(self, ledger: Ledger, reader: Reader, named: NamedReceipt, times: Times) -> None:
        """Keep what it reads and writes."""
        self._ledger = ledger
        self._reader = reader
        self._named = named
        self._times = times

    async def posted(
        self, key: Key, receipt_number: str | None, decision: Decision, *, override: bool = False
    ) -> Entry:
        """It is at Caselle; of a reject or reversal: it is done there.

        Args:
            key: the entry.
            receipt_number: of a payment, the receipt as Caselle shows it; None for other kinds.
            decision: who says so, and why.
            override: the person vouches for the number where Caselle cannot be asked.

        Raises:
            NotAllowed: it has ended, the receipt is not this payment's, or somebody else was first.
            Unavailable: the store does not answer; look what became of it.
        """
        entry = self._open(known(await self._ledger.read(key), key))
        _check_does_something(entry)
        number = _checked(entry, receipt_number)
        if entry.key.kind is Kind.PAYMENT:
            await self._check_named(entry, number, override=override)
        after = self._reported(settle.posted(entry, number))._replace(receipt_number=number or None)
        try:
            if await self._undoes(entry):
                return await self._ledger.move_reversing(entry, after, note=decision.note())
            return await self._ledger.move(entry, after, note=decision.note())
        except ReceiptTaken:
            owner = await self._ledger.receipt_owner(key.biller, number)
            raise NotAllowed(f"Receipt {number} belongs to {owner}.") from None
        except Moved as first:
            raise _late(first) from None

    async def not_posted(self, key: Key, decision: Decision) -> Entry:
        """It is not at Caselle and is never to be sent.

        Raises:
            NotAllowed: it has ended, its attempt may still arrive, or somebody else was first.
            Unavailable: the store does not answer; look what became of it.
        """
        entry = self._open(known(await self._ledger.read(key), key))
        if entry.perhaps_there:
            check_settled(entry, self._ledger, self._times)
        after = self._reported(settle.not_posted(entry, ENDED_BY_PERSON))
        try:
            return await self._ledger.move(entry, after, note=decision.note())
        except Moved as first:
            raise _late(first) from None

    async def reopen(self, key: Key, decision: Decision) -> Entry:
        """What a person resolved wrongly is held again; Invoice Cloud is told the new version.

        Raises:
            NotAllowed: no person ended it, or somebody else was first.
            Unavailable: the store does not answer; look what became of it.
        """
        entry = known(await self._ledger.read(key), key)
        if not await self._ended_by_person(entry):
            raise NotAllowed(f"It is {entry.state}, and not by a person's word: there is nothing to put right.")
        held = settle.held(entry, REOPENED, self._ledger.now())._replace(receipt_number=None)
        after = self._reported(held)._replace(held_at=held.held_at)
        try:
            also = await unbound(self._ledger, self._reader, entry)
            return await self._ledger.move(entry, after, also=also, note=decision.note())
        except (Moved, Contended) as first:
            raise NotAllowed(f"Somebody else was faster ({first}); look at it again.") from None

    async def _check_named(self, entry: Entry, number: str, *, override: bool) -> None:
        """Caselle's word goes before the person's; theirs counts where it cannot be asked."""
        try:
            objection = await self._named.objection(entry, number)
        except Unavailable as error:
            if not override:
                raise NotAllowed(f"{error}: if you have seen receipt {number} there, say so with --override.") from None
            return
        if objection:
            raise NotAllowed(objection)

    async def _ended_by_person(self, entry: Entry) -> bool:
        """Whether its last event is that a person ended it; what undid a payment, or is set, is not taken back so."""
        ended = {State.POSTED, State.NOT_POSTED} if entry.key.kind is Kind.PAYMENT else {State.NOT_POSTED}
        if entry.state not in ended:
            return False
        return any(row.values.get("by") for row in (await self._reader.events_of(entry.key))[-1:])

    def _open(self, entry: Entry) -> Entry:
        if not may_resolve(entry, self._ledger.now()):
            raise NotAllowed(
                f"It is {entry.state}; only what is held, in doubt or waits for its payment can be resolved, "
                "or could not be sent for a day."
            )
        return entry

    def _reported(self, entry: Entry) -> Entry:
        return entry._replace(due=self._ledger.now(), wait=Wait.REPORT)

    async def _undoes(self, entry: Entry) -> bool:
        """Whether the payment's whole money went back with it, so that the payment is reversed, too."""
        if entry.reverses is None or reversals.stored(entry.key.kind, entry.message).cause == "chargeback_won":
            return False
        payment = await self._ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses))
        return payment is not None and payment.state is State.POSTED and payment.cents == entry.cents


def may_resolve(entry: Entry, now: datetime) -> bool:
    """Whether a person may end it: also what could not be sent for a day since it came, or was let go."""
    if entry.state is State.RECEIVED:
        return max(entry.received_at, entry.proved_at or entry.received_at) < now - _STUCK
    return entry.state in {State.HELD, State.UNKNOWN, State.WAITING}


def _check_does_something(entry: Entry) -> None:
    """Told as done, a message by which nothing is undone would read as if the payment had gone back."""
    if entry.key.kind in reversals.QUEUES and not reversals.stored(entry.key.kind, entry.message).may_undo:
        raise NotAllowed("Nothing is undone by it, so it is never done: end it with --not-posted.")


def _checked(entry: Entry, receipt_number: str | None) -> str:
    """The number to write down.

    A spreadsheet reads 5.00010 as a decimal and gives back 5.0001: such a number names another receipt, or none.
    """
    if entry.key.kind is not Kind.PAYMENT:
        if receipt_number:
            raise NotAllowed("Only a payment is resolved with a receipt number.")
        return entry.receipt_number or ""
    number = (receipt_number or "").strip()
    if not number or len(number) > _LONGEST or number_of(number) is None:
        raise NotAllowed("A payment is resolved as posted with the number of its receipt, such as 5.00010.")
    group, dot, rest = number.partition(".")
    if dot and group.isdigit() and rest.isdigit() and len(rest) < _DIGITS:
        raise NotAllowed(f"Receipt {number} has lost its last zeros in a spreadsheet: type it as Caselle shows it.")
    return number


def _late(first: Moved) -> NotAllowed:
    return NotAllowed(f"Somebody else was faster: it is {first.found.state} now.")
