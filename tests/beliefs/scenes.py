"""A city that has posted for us before, and whose answers and receipt list may leave out, lag or lie."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shared.billers.model import Biller
from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.payments.gateway import Receipt
from shared.payments.message import parse
from shared.payments.peer import order_of
from shared.vocabulary.money import Money
from tests.payments.world import World, body, message

LOST = Ambiguous("ReadTimeout")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

type List = list[tuple[date, Receipt]]
"""The days and receipts of the city's books, in the order in which they were made."""


def small(amount: str = "2.00", **changes: Any) -> dict[str, Any]:
    """A payment of another amount than the one in question."""
    return message(amount=amount, allocations=[{"invoiceNumber": "1", "amount": amount}], **changes)


async def town(*, earlier: int = 1, **biller: Any) -> World:
    """Newport, with so many payments posted earlier."""
    world = World()
    await world.set_up(**biller)
    for _ in range(earlier):
        await world.proven()
    return world


async def lose(world: World, fields: dict[str, Any], *, made: bool) -> dict[str, Any]:
    """Deliver a payment whose answer is lost, after its receipt was made or without one."""
    world.city.next(LOST, made=made)
    await world.deliver(fields)
    return fields


async def go_on(world: World, seconds: float, *, every: float = 10 * MINUTE, **changes: Any) -> None:
    """Time passes, with one more payment of ours every so often."""
    for _ in range(int(seconds // every)):
        await world.pass_time(every)
        await world.deliver(small(**changes))
        await world.drain()


async def ended(world: World, fields: dict[str, Any]) -> tuple[State, int]:
    """The state of a payment, and how many live receipts of it the city's books hold."""
    return (await world.entry(fields)).state, live(world, fields)


def live(world: World, fields: dict[str, Any]) -> int:
    reference = fields["confirmationNumber"].casefold()
    texts = [(each.reference or each.memo or "").casefold() for _, each in world.city.receipts_made if each.live]
    return sum(len(text) > 7 and reference.startswith(text) for text in texts)


def twice(world: World) -> list[str]:
    """References of which the city's books hold more than one live receipt."""
    counted = Counter(each.reference for _, each in world.city.receipts_made if each.live and each.reference)
    return [reference for reference, count in counted.items() if count > 1]


def lists(world: World, shown: Callable[[List], List], *, number: Callable[[List], List] | None = None) -> None:
    """From now on the list is made of this; so is what is shown for one number, unless that is given."""

    async def receipts(_: Biller, first: date, last: date) -> list[Receipt]:
        return [each for day, each in shown(_dated(world)) if first <= day <= last]

    async def receipt(_: Biller, wanted: str) -> list[Receipt]:
        return [each for _, each in (number or shown)(_dated(world)) if each.receipt_number == wanted]

    world.city.receipts, world.city.receipt = receipts, receipt  # type: ignore[method-assign]


def hides(world: World, hidden: Callable[[date, Receipt], bool]) -> None:
    """The list leaves out what is hidden, by days and by number."""
    lists(world, lambda whole: [(day, each) for day, each in whole if not hidden(day, each)])


def shows_as(world: World, change: Callable[[Receipt], Receipt]) -> None:
    """The list shows every receipt in another way."""
    lists(world, lambda whole: [(day, change(each)) for day, each in whole])


def _dated(world: World) -> List:
    return [(day, replace(each, dated=day)) for day, each in world.city.receipts_made]


async def commit_late(world: World, fields: dict[str, Any], day: date | None = None) -> Receipt:
    """An attempt that had seemed lost comes to be a receipt; or a clerk enters it with its confirmation number."""
    biller = await world.billers.get(fields["billerId"])
    assert biller is not None
    return world.city.make(order_of(parse(body(fields)), biller, day or world.clock.now().date()))


def at_the_counter(world: World, number: str, cents: int = 100, *, ahead: float = 0) -> None:
    """A clerk's receipt, made now by a clock that is so many seconds fast."""
    receipt = Receipt(
        receipt_number=number,
        reference=None,
        amount=Money(cents),
        live=True,
        voided=False,
        created_at=world.clock.now() + timedelta(seconds=ahead),
    )
    world.city.receipts_made.append((world.clock.now().date(), receipt))
