"""What came, what is at Caselle and what is not, per deposit day, biller and tender.

A payment stands under its deposit's day for ever. A reject or reversal that is done stands under its own day, as the
bank books it: so a day's figures do not change when money goes back weeks later, and ``net`` is the bank's movement.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from shared.billers.model import Biller
from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.reading import Reader
from shared.payments.message import PaymentMessage
from shared.payments.message import stored as stored_payment
from shared.reversals.message import stored as stored_reversal

_DAY: Final = timedelta(days=1)
AT_CASELLE: Final = frozenset({State.POSTED, State.REVERSED})
_ENDED: Final = frozenset({State.NOT_POSTED, State.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One payment, or one reject or reversal with its payment's tender and confirmation number."""

    day: str
    biller: str
    application: str
    tender: str
    deposit_id: str
    kind: Kind
    id: str
    confirmation_number: str
    customer_number: str
    cents: int
    """Below zero where money goes back."""
    state: State
    reason: str
    receipt_number: str
    paid_on: str
    posting_date: str

    @property
    def is_payment(self) -> bool:
        """Whether money came in."""
        return self.kind is Kind.PAYMENT

    @property
    def dated_otherwise(self) -> bool:
        """Whether its receipt has another date than the day it was paid."""
        return self.is_payment and self.state in AT_CASELLE and self.posting_date != self.paid_on


@dataclass(slots=True)
class Total:
    """A number of payments and their cents."""

    count: int = 0
    cents: int = 0

    def add(self, cents: int) -> None:
        """One more."""
        self.count += 1
        self.cents += cents


@dataclass(slots=True)
class DayTotal:
    """One row of the report. Every payment received is posted, held, not posted or still open."""

    day: str
    biller: str
    tender: str
    received: Total = field(default_factory=Total)
    posted: Total = field(default_factory=Total)
    """At Caselle, also if its money went back since."""
    held: Total = field(default_factory=Total)
    not_posted: Total = field(default_factory=Total)
    open: Total = field(default_factory=Total)
    reversed: Total = field(default_factory=Total)
    """Rejects and reversals done, of this day; what was won back counts below zero."""
    dated_otherwise: Total = field(default_factory=Total)

    @property
    def net(self) -> int:
        """Cents: what was posted less what went back."""
        return self.posted.cents - self.reversed.cents

    def take(self, line: Line) -> None:
        """Count one line."""
        if not line.is_payment:
            if line.state is State.POSTED:
                self.reversed.add(-line.cents)
            return
        self.received.add(line.cents)
        self._standing(line.state).add(line.cents)
        if line.dated_otherwise:
            self.dated_otherwise.add(line.cents)

    def _standing(self, state: State) -> Total:
        if state in AT_CASELLE:
            return self.posted
        if state in _ENDED:
            return self.not_posted
        return self.held if state is State.HELD else self.open


class DayReport:
    """Reads what is booked under days. Every method raises ``Unavailable`` where the store does not answer."""

    def __init__(self, reader: Reader) -> None:
        """Keep what it reads."""
        self._reader = reader

    async def entries(self, biller: str, first: date, last: date) -> AsyncIterator[Entry]:
        """Everything of one biller that is booked from one day to another."""
        for number in range((last - first).days + 1):
            booked = await self._reader.booked(biller, first + number * _DAY)
            async for entry in self._reader.each([each.key for each in booked]):
                yield entry

    async def lines(self, biller: Biller, first: date, last: date) -> AsyncIterator[Line]:
        """The lines of one biller, day after day."""
        async for entry in self.entries(biller.biller_id, first, last):
            if entry.key.kind is Kind.PAYMENT:
                yield payment_line(entry, biller)
            elif entry.reverses is not None:
                yield await self._reversal_line(entry, biller)

    async def _reversal_line(self, entry: Entry, biller: Biller) -> Line:
        key = Key(entry.key.biller, Kind.PAYMENT, entry.reverses or "")
        payment = [found async for found in self._reader.each([key])]
        message = stored_payment(payment[0].message) if payment else None
        won = stored_reversal(entry.key.kind, entry.message).cause == "chargeback_won"
        return _line(entry, message, biller, cents=entry.cents if won else -entry.cents)


def payment_line(entry: Entry, biller: Biller) -> Line:
    """The line of a payment."""
    return _line(entry, stored_payment(entry.message), biller, cents=entry.cents)


def totals(lines: Iterable[Line]) -> list[DayTotal]:
    """The report's rows, by day, biller and tender."""
    found: dict[tuple[str, str, str], DayTotal] = {}
    for line in lines:
        place = (line.day, line.biller, line.tender)
        found.setdefault(place, DayTotal(*place)).take(line)
    return [found[place] for place in sorted(found)]


def _line(entry: Entry, payment: PaymentMessage | None, biller: Biller, *, cents: int) -> Line:
    """``payment`` is the message of the payment itself, or of the one that is undone; None where that is unknown."""
    return Line(
        day=entry.booked_on,
        biller=entry.key.biller,
        application=payment.application if payment else "",
        tender=payment.tender if payment else "",
        deposit_id=(payment.deposit_id if payment else None) or "",
        kind=entry.key.kind,
        id=entry.key.id,
        confirmation_number=payment.confirmation_number if payment else "",
        customer_number=payment.customer_number if payment else "",
        cents=cents,
        state=entry.state,
        reason=entry.reason or "",
        receipt_number=entry.receipt_number or "",
        paid_on=payment.paid_at.astimezone(biller.zone).date().isoformat() if payment else "",
        posting_date=entry.posting_date,
    )
