"""That the receipt list shows our reference, and shows everything."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.protocol import Reply
from shared.ledger.entry import State
from tests.beliefs.scenes import (
    DAY,
    HOUR,
    MINUTE,
    at_the_counter,
    ended,
    go_on,
    hides,
    lists,
    live,
    lose,
    shows_as,
    small,
    town,
    twice,
)
from tests.payments.world import World, message

TWO = {
    "AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}},
    "UM": {"categoryCode": "1", "distributionCode": "101", "paymentCodes": {"ACH": "7", "CC": "8"}},
}
LONG = "IC-2026-11-20-0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10"
YESTERDAY = {"paidAt": "2026-11-19T20:00:00-08:00"}
TODAY = {"paidAt": "2026-11-20T04:00:00-08:00"}


def hide_today_s_others(world: World, paid) -> None:
    """Only receipts that are dated today, as in the open batch."""
    zone = timedelta(hours=8)
    hides(world, lambda day, _: day != (world.clock.now() - zone).date())


def hide_it(world: World, paid) -> None:
    """It alone: a page is lost each time; asked for by its number it is shown."""
    rest = lambda whole: [pair for pair in whole if pair[1].reference != paid["confirmationNumber"]]  # noqa: E731
    lists(world, rest, number=lambda whole: whole)


def hide_a_page(world: World, paid) -> None:
    """The third receipt and those next to it."""
    lists(world, lambda whole: [*whole[:1], *whole[4:]], number=lambda whole: whole)


def hide_the_newest(world: World, paid) -> None:
    """Never the last of the hour."""
    hides(world, lambda _, each: world.clock.now() - each.created_at < timedelta(hours=1))


def hide_the_channel(world: World, paid) -> None:
    """Another workspace's, or another user's: all of its application and tender."""

    def channel(receipt):
        entries = [row.values for (_, key), row in world.store.rows.items() if key.startswith("P~")]
        return next((each["channel"] for each in entries if each["reference"] == receipt.reference), None)

    hides(world, lambda _, each: channel(each) == "AR/ACH")


def hide_everything(world: World, paid) -> None:
    lists(world, lambda _: [])


def show_no_reference(world: World, paid) -> None:
    shows_as(world, lambda each: replace(each, reference=None))


def show_something_else(world: World, paid) -> None:
    shows_as(world, lambda each: replace(each, reference="ONLINE PAYMENT"))


LIES: list[Callable] = [
    hide_today_s_others,
    hide_it,
    hide_a_page,
    hide_the_newest,
    hide_the_channel,
    hide_everything,
    show_no_reference,
    show_something_else,
]


@pytest.mark.parametrize(
    "others", [{}, {"application": "UM"}, {"tender": "CC"}], ids=["alike", "application", "tender"]
)
@pytest.mark.parametrize("lie", LIES, ids=lambda each: each.__name__)
async def test_nothing_is_doubled_by_a_list_that_hides(lie, others):
    """E1 to E3, and their kind: with payments of the same or another application and tender all around it."""
    world = await town(applications=TWO)
    await world.proven(**YESTERDAY)
    await world.proven(**others)
    paid = await lose(world, message(**YESTERDAY), made=True)
    lie(world, paid)
    for _ in range(4):
        at_the_counter(world, f"1.{next(_numbers):05}")
        await go_on(world, 30 * MINUTE, **TODAY, **others)
    await world.pass_time(DAY, step=20 * MINUTE)
    assert await ended(world, paid) in {(State.HELD, 1), (State.POSTED, 1)}
    assert twice(world) == []


@pytest.mark.parametrize("lie", LIES, ids=lambda each: each.__name__)
async def test_once_the_list_is_whole_again_it_is_found(lie):
    world = await town()
    paid = await lose(world, message(), made=True)
    lie(world, paid)
    await go_on(world, HOUR)
    lists(world, lambda whole: whole)
    await go_on(world, 2 * HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("hours", [2, 30])
@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize(
    "shown",
    [
        str.lower,
        str.upper,
        str.title,
        lambda text: f"  {text} ",
    ],
    ids=["lower", "upper", "title", "padded"],
)
async def test_another_spelling_is_known(shown, made, hours):
    world = await town()
    shows_as(world, lambda each: replace(each, reference=shown(each.reference)))
    paid = await lose(world, message(), made=made)
    await go_on(world, hours * HOUR, every=20 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("made", [True, False])
async def test_a_reference_in_the_memo_is_found_by_reading_back(made):
    world = await town()
    shows_as(world, lambda each: replace(each, reference="ONLINE", memo=each.reference))
    paid = await lose(world, message(), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


def cut(world: World, length: int) -> None:
    """The city's field holds so many characters."""
    make = world.city.make
    world.city.make = lambda order, *at: make(replace(order, reference=order.reference[:length]), *at)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("length", [30, 40, 49])
async def test_a_cut_reference_is_claimed_as_it_is_shown(length, made):
    """S14, after another long one was seen to be cut."""
    world = await town()
    cut(world, length)
    await world.proven(confirmationNumber=f"a-longer-one-{LONG}")
    paid = await lose(world, message(confirmationNumber=LONG), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


async def test_a_cut_reference_that_was_never_seen_cut_is_for_a_person():
    """S14, as the very first long one: nothing says that it is absent."""
    world = await town()
    cut(world, 30)
    paid = await lose(world, message(confirmationNumber=LONG), made=True)
    await go_on(world, HOUR)
    assert ((await world.entry(paid)).state, live(world, paid)) == (State.UNKNOWN, 1)
    await world.pass_time(20 * HOUR, step=20 * MINUTE)
    assert ((await world.entry(paid)).reason, live(world, paid)) == ("absence_not_provable", 1)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("other", [f"{LONG[:30]}-another", LONG[:30], f"{LONG}-"])
async def test_two_that_are_equal_as_they_are_shown_are_not_concluded(other, made):
    world = await town()
    cut(world, 30)
    await world.proven(confirmationNumber=f"a-longer-one-{LONG}")
    await world.deliver(small(confirmationNumber=other))
    paid = await lose(world, small(confirmationNumber=LONG), made=made)
    await go_on(world, 2 * HOUR)
    assert (await world.entry(paid)).state is State.UNKNOWN
    assert (await world.entry(paid)).detail == "references_equal_as_shown"


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("minutes", [1, 10, 45])
async def test_a_list_that_lags_is_waited_for(minutes, made):
    """What it showed late before says how long; while that is not known yet, all of ours must be shown."""
    world = await town()
    lag = timedelta(minutes=minutes)
    hides(world, lambda _, each: world.clock.now() - each.created_at < lag)
    await go_on(world, 3 * HOUR)
    paid = await lose(world, message(), made=made)
    await go_on(world, 5 * HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize(
    "order", [lambda whole: whole[::-1], lambda whole: [*whole[1::2], *whole[::2]]], ids=["newest", "odd"]
)
async def test_the_order_of_a_list_does_not_matter(order, made):
    world = await town()
    lists(world, order)
    paid = await lose(world, message(), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


class TestAListWhosePagesMove:
    """S2: newest first, the cursor an offset, and a clerk's receipt between the first page and the second."""

    @staticmethod
    def paged(world: World, *, moves: Callable[[], bool]) -> None:
        """The city's receipts through the real reader of pages, ten on each."""

        class Client:
            async def call(self, biller, operation, variables):
                if variables["page"]["after"] and moves():
                    at_the_counter(world, f"1.{next(_numbers):05}")
                start, wanted = int(variables["page"]["after"] or 0), variables["filter"]
                rows = [_row(day, each) for day, each in reversed(world.city.receipts_made)]
                found = [row for row in rows if wanted.get("receipt_number") in {None, row["receipt_number"]}]
                following = str(start + 10) if start + 10 < len(found) else None
                return Reply(200, {"receipt": {"receipts": found[start : start + 10], "next": following}}, ())

        reader = CaselleCashReceipting(Client())
        world.city.receipts, world.city.receipt = reader.receipts, reader.receipt

    async def busy(self, *, made, moves):
        world = await town(earlier=25)
        self.paged(world, moves=moves)
        paid = await lose(world, message(), made=made)
        await go_on(world, 2 * HOUR)
        return world, paid

    async def test_presence_is_concluded_although_a_receipt_comes_twice(self):
        world, paid = await self.busy(made=True, moves=lambda: True)
        assert await ended(world, paid) == (State.POSTED, 1)

    async def test_absence_is_not_while_it_moves(self):
        world, paid = await self.busy(made=False, moves=lambda: True)
        entry = await world.entry(paid)
        assert (entry.state, entry.detail, len(world.city.orders)) == (State.UNKNOWN, "list_repeats", 13)

    async def test_absence_is_by_readings_in_which_it_stands_still(self):
        turn = count()
        world, paid = await self.busy(made=False, moves=lambda: next(turn) % 8 == 0)
        await go_on(world, 3 * HOUR)
        assert await ended(world, paid) == (State.POSTED, 1)


def _row(day, receipt):
    return {
        "receipt_number": receipt.receipt_number,
        "reference": receipt.reference,
        "amount": str(receipt.amount),
        "status": "POSTED" if receipt.live else "VOIDED",
        "created_at": receipt.created_at.isoformat(),
        "receipt_date": day.isoformat(),
    }


_numbers = count(1)
