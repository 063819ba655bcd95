"""Ask a city what a customer owes, and add what is still on its way there."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.exchange.inbound import Text
from shared.ledger.unfinished import Unfinished
from shared.open_items import answer
from shared.open_items.answer import InvoiceAnswer, OpenItems
from shared.open_items.gateway import AccountsReceivable
from shared.open_items.pending import PendingById, pending_of
from shared.open_items.unanswered import Trouble, Unanswered
from shared.vocabulary import events
from shared.vocabulary.errors import Malformed, Unavailable
from shared.vocabulary.identity import biller_id
from shared.vocabulary.shared_calls import SharedCalls

MOST_AT_ONCE: Final = 10
"""Calls to one city from this process; a slow city must not use up the connections of the others."""

_NUMBER: Final = TypeAdapter[str](Text)


class _Question(NamedTuple):
    """What is asked; equal questions share a call."""

    biller: str
    customer: str
    invoice: str | None = None


class _Seen[FoundT](NamedTuple):
    """Caselle's side, ours, and the moment from which on both were looked at."""

    found: FoundT
    pending: PendingById
    as_of: datetime


class AskOpenItems:
    """Answers questions about open items.

    It neither reads nor writes a biller's breaker: accounts receivable can fail while cash receipting works, and a
    portal that asks often must not stop payments.
    """

    def __init__(
        self,
        *,
        billers: BillerRegistry,
        receivable: AccountsReceivable,
        unfinished: Unfinished,
        regions: Container[str],
        within: float,
    ) -> None:
        """``regions``: whose billers are at home here. ``within``: seconds for one question in all."""
        self._billers = billers
        self._receivable = receivable
        self._unfinished = unfinished
        self._regions = regions
        self._within = within
        self._calls = SharedCalls[_Question]()
        self._room: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(MOST_AT_ONCE))

    async def items(self, biller: str, customer: str) -> OpenItems:
        """What a customer owes.

        Raises:
            Unanswered: with the code that says why.
        """
        asked = _checked(biller, customer)

        async def look() -> OpenItems:
            seen = await self._look(asked, lambda city: self._receivable.customer(city, asked.customer))
            return answer.open_items(asked.biller, seen.found, seen.pending, seen.as_of)

        return await self._calls.ask(asked, lambda: self._told(asked, look))

    async def invoice(self, biller: str, customer: str, invoice: str) -> InvoiceAnswer:
        """Whether one invoice of a customer is open.

        Raises:
            Unanswered: with the code that says why.
        """
        number = _number(invoice)
        asked = _checked(biller, customer, number)

        async def look() -> InvoiceAnswer:
            seen = await self._look(asked, lambda city: self._receivable.invoice(city, asked.customer, number))
            state, item = answer.one_invoice(seen.found, seen.pending)
            return InvoiceAnswer(
                biller_id=asked.biller,
                customer_number=asked.customer,
                invoice_number=number,
                status=state,
                item=item,
                as_of=seen.as_of,
            )

        return await self._calls.ask(asked, lambda: self._told(asked, look))

    async def _told[AnswerT](self, asked: _Question, look: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """Bound the call in time, and give every failure its code."""
        try:
            async with asyncio.timeout(self._within):
                answered = await look()
        except (TimeoutError, Unavailable, Unanswered) as error:
            why = _why(error)
            level = events.WARNING if why.trouble is Trouble.ERROR else events.INFO
            events.emit("open_items.unanswered", level, biller=asked.biller, code=why.code, cause=_cause(error))
            raise why from None
        events.emit("open_items.answered", biller=asked.biller)
        return answered

    async def _look[FoundT](self, asked: _Question, read: Callable[[Biller], Awaitable[FoundT]]) -> _Seen[FoundT]:
        """Read our side before and after Caselle's.

        What is posted during the call was pending before it, and what arrives during the call is pending after it: of
        what was here at ``as_of``, nothing can be missing from both sides. It may be in both for one answer.
        """
        biller = await self._ready(asked.biller)
        async with self._room[asked.biller]:
            as_of = self._unfinished.now()
            before = await pending_of(self._unfinished, asked.biller, asked.customer)
            found = await read(biller)
            after = await pending_of(self._unfinished, asked.biller, asked.customer)
        return _Seen(found, {**before, **after}, as_of)

    async def _ready(self, biller_id: str) -> Biller:
        """The biller, if Caselle can be asked for it."""
        biller = await self._billers.get(biller_id)
        if biller is None:
            raise Unanswered("unknown_biller", Trouble.NOT_FOUND)
        if biller.region is not None and biller.region not in self._regions:
            raise Unanswered("wrong_region", Trouble.NOT_READY)
        if biller.mode in {Mode.DRAFT, Mode.RETIRED}:
            raise Unanswered("biller_not_live", Trouble.NOT_READY)
        if biller.subdomain is None:
            raise Unanswered("application_not_configured", Trouble.NOT_READY)
        return biller


def _why(error: Exception) -> Unanswered:
    match error:
        case Unanswered():
            return error
        case TimeoutError():
            return Unanswered("caselle_slow", Trouble.SLOW)
        case _:
            return Unanswered("storage_unavailable", Trouble.DOWN)


def _cause(error: Exception) -> str:
    """Where it came from, in the words of an error of ours: never an answer's."""
    return str(error.__cause__ or error)


def _checked(biller: str, customer: str, invoice: str | None = None) -> _Question:
    try:
        return _Question(biller_id(biller), _number(customer), invoice)
    except Malformed as error:
        raise Unanswered("number_malformed", Trouble.MALFORMED, str(error)) from None


def _number(text: str) -> str:
    """A customer's or invoice's number, spelled as payments spell it."""
    try:
        return _NUMBER.validate_python(text)
    except ValidationError:
        words = "a customer or invoice number is 1 to 64 printable ASCII characters"
        raise Unanswered("number_malformed", Trouble.MALFORMED, words) from None
