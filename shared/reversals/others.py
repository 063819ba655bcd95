"""What else undoes the same payment: each part of its money goes back once, and whatever is more is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.ledger import rows
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Kind, State
from shared.ledger.reading import owner_in
from shared.ledger.store import Change, Insert, Replace
from shared.reversals.message import claim, stored
from shared.vocabulary.money import Money

ALREADY_REVERSED: Final = "already_reversed"
MORE_THAN_PAID: Final = "more_than_paid"

_UNDECIDED: Final = frozenset({State.RECEIVED, State.WAITING})
_NAMED: Final = 5
"""Other messages that are named; more are only counted."""


@dataclass(frozen=True, slots=True)
class Others:
    """Of all that undo one payment, what came before this entry or was decided already.

    What ended counts not, nor what is itself held as too much: of two whole ones, one stays.
    """

    entries: Sequence[Entry]

    def excess(self, entry: Entry, payment: Entry) -> str | None:
        """Why no more of the payment may go back, as a reason code, or None."""
        if _cents(entry) <= 0 or self._sum(entry) <= payment.cents:
            return None
        whole = any(_cents(other) >= payment.cents for other in self.entries)
        return ALREADY_REVERSED if whole else MORE_THAN_PAID

    def words(self, entry: Entry, payment: Entry) -> str | None:
        """The sum with them, and who they are; None where there is no other."""
        if not self.entries:
            return None
        named = ", ".join(f"{other.key.kind} {other.key.id}" for other in self.entries[:_NAMED])
        more = f" and {len(self.entries) - _NAMED} more" if len(self.entries) > _NAMED else ""
        return f"{Money(self._sum(entry))} of {Money(payment.cents)} in all, with {named}{more}"

    def _sum(self, entry: Entry) -> int:
        return _cents(entry) + sum(map(_cents, self.entries))


async def others(ledger: Ledger, entry: Entry, payment: Entry) -> Others:
    """All that undo this payment beside one entry, as they stand.

    Raises:
        Unavailable: the store does not answer.
    """
    reference = claim(payment.key.id)
    keys = [owner_in(row) for row in await ledger.references(entry.key.biller, reference)]
    found = [other for key in keys if key != entry.key and (other := await ledger.read(key)) is not None]
    counted = [other for other in found if _counts(other) and _comes_first(other, entry)]
    return Others(sorted(counted, key=_order))


async def claimed(ledger: Ledger, entry: Entry, payment: Entry) -> Sequence[Change] | None:
    """What a void of the whole receipt writes with its attempt, so that no second one is sent; None: it may not be.

    Raises:
        Unavailable: the store does not answer.
    """
    key = rows.reference_key(entry.key.biller, claim(payment.key.id))
    taken = await ledger.references(entry.key.biller, claim(payment.key.id))
    row = next((row for row in taken if row.key == key), None)
    if row is None:
        return [Insert(key, {"key": str(entry.key)})]
    owner = owner_in(row)
    if owner == entry.key:
        return []
    other = await ledger.read(owner)
    if other is None or other.state is not State.NOT_POSTED:
        return None
    return [Replace(row.key, {"key": str(entry.key)}, row.etag)]


def _counts(other: Entry) -> bool:
    too_much = other.state is State.HELD and other.reason in {ALREADY_REVERSED, MORE_THAN_PAID}
    return other.state is not State.NOT_POSTED and not too_much


def _comes_first(other: Entry, entry: Entry) -> bool:
    """Of two that nobody has looked at yet the one with the claim goes first, then the earlier one."""
    return other.state not in _UNDECIDED or _order(other) < _order(entry)


def _order(entry: Entry) -> tuple[bool, datetime, str]:
    return entry.reference != claim(entry.reverses or ""), entry.received_at, str(entry.key)


def _cents(entry: Entry) -> int:
    """What goes back by it; what a won chargeback brings again counts below zero."""
    won = entry.key.kind is Kind.REVERSAL and stored(entry.key.kind, entry.message).cause == "chargeback_won"
    return -entry.cents if won else entry.cents
