"""Writes what a person found out about a held entry: it is posted, or it is not and never will be."""

from typing import Final

from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.errors import Moved, ReceiptTaken
from shared.ledger.reading import Reader
from shared.ledger.times import Times
from shared.repair.decision import Decision, NotAllowed, known
from shared.repair.retry import check_settled
from shared.reversals import message as reversals

ENDED_BY_PERSON: Final = "ended_by_person"

_LONGEST: Final = 64
_DIGITS: Final = 5
"""After the dot of a receipt number, at least: [receipt group].[number], as Caselle's help shows them."""


class Resolve:
    """Ends what is held; Invoice Cloud is told by the open row that each change leaves."""

    def __init__(self, ledger: Ledger, reader: Reader, times: Times) -> None:
        """Keep what it reads and writes."""
        self._ledger = ledger
        self._reader = reader
        self._times = times

    async def posted(self, key: Key, receipt_number: str | None, decision: Decision) -> Entry:
        """It is at Caselle; of a reject or reversal: it is done there.

        Args:
            key: the entry.
            receipt_number: of a payment, the receipt as Caselle shows it; None for other kinds.
            decision: who says so, and why.

        Raises:
            NotAllowed: it is not held, the receipt belongs to another payment, or somebody else was first.
            Unavailable: the store does not answer; look what became of it.
        """
        entry = _held(known(await self._ledger.read(key), key))
        number = _checked(entry, receipt_number)
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
            NotAllowed: it is not held, its attempt may still arrive, or somebody else was first.
            Unavailable: the store does not answer; look what became of it.
        """
        entry = _held(known(await self._ledger.read(key), key))
        if entry.perhaps_there:
            check_settled(entry, self._ledger, self._times)
        after = self._reported(settle.not_posted(entry, ENDED_BY_PERSON))
        try:
            return await self._ledger.move(entry, after, note=decision.note())
        except Moved as first:
            raise _late(first) from None

    def _reported(self, entry: Entry) -> Entry:
        return entry._replace(due=self._ledger.now(), wait=Wait.REPORT)

    async def _undoes(self, entry: Entry) -> bool:
        """Whether the payment's whole money went back with it, so that the payment is reversed, too."""
        if entry.reverses is None or reversals.stored(entry.key.kind, entry.message).cause == "chargeback_won":
            return False
        payment = await self._ledger.read(Key(entry.key.biller, Kind.PAYMENT, entry.reverses))
        return payment is not None and payment.state is State.POSTED and payment.cents == entry.cents


def _held(entry: Entry) -> Entry:
    if entry.state is not State.HELD:
        raise NotAllowed(f"It is {entry.state}; only what is held can be resolved.")
    return entry


def _checked(entry: Entry, receipt_number: str | None) -> str:
    """The number to write down.

    A spreadsheet reads 5.00010 as a decimal and gives back 5.0001: such a number names another receipt, or none.
    """
    if entry.key.kind is not Kind.PAYMENT:
        if receipt_number:
            raise NotAllowed("Only a payment is resolved with a receipt number.")
        return entry.receipt_number or ""
    number = (receipt_number or "").strip()
    if not number or len(number) > _LONGEST or not number.isprintable():
        raise NotAllowed("A payment is resolved as posted with the number of its receipt.")
    group, dot, rest = number.partition(".")
    if dot and group.isdigit() and rest.isdigit() and len(rest) < _DIGITS:
        raise NotAllowed(f"Receipt {number} has lost its last zeros in a spreadsheet: type it as Caselle shows it.")
    return number


def _late(first: Moved) -> NotAllowed:
    return NotAllowed(f"Somebody else was faster: it is {first.found.state} now.")
