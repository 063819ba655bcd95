"""That a receipt number names one receipt for ever, and that numbers go up without a hole."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from shared.ledger.answer import Accepted
from shared.ledger.entry import State
from shared.payments.gateway import Receipt
from tests.beliefs.scenes import (
    HOUR,
    LOST,
    MINUTE,
    at_the_counter,
    commit_late,
    ended,
    go_on,
    hides,
    lists,
    live,
    lose,
    small,
    town,
    twice,
)
from tests.payments.world import key_of, message


def purge(world):
    """Old receipts are gone, and numbers begin again."""
    world.city.receipts_made.clear()


async def test_a_number_that_an_earlier_payment_has_is_posted_all_the_same_and_told(caplog):
    """E5: shown whole, with our reference and cents."""
    world = await town()
    earlier = [small() for _ in range(3)]
    for each in earlier:
        await world.deliver(each)
    purge(world)
    paid = await lose(world, message(), made=True)
    await world.pass_time(2 * MINUTE)
    entry = await world.entry(paid)
    assert (entry.state, entry.receipt_number, entry.reason) == (State.POSTED, "5.00001", "number_begun_again")
    assert world.results[-1].reason.code == "number_begun_again"
    assert "receipt.number_repeated" in caplog.text
    assert live(world, paid) == 1


async def test_its_first_owner_keeps_it():
    world = await town(earlier=0)
    await world.deliver(first := message())
    purge(world)
    await world.deliver(second := message())
    assert await world.ledger.receipt_owner("2493", "5.00001") == str(key_of(first))
    assert [(await world.entry(each)).receipt_number for each in (first, second)] == ["5.00001", "5.00001"]
    assert [result.reason and result.reason.code for result in world.results] == [None, "number_begun_again"]


@pytest.mark.parametrize("made", [True, False])
async def test_of_many_lost_answers_after_a_purge_none_is_doubled(made):
    """Thirty were posted before; each third answer is lost."""
    world = await town(earlier=30)
    purge(world)
    paid = []
    for number in range(30):
        paid.append(fields := small(f"{number + 1}.00"))
        if number % 3 == 1:
            world.city.next(LOST, made=made)
        await world.deliver(fields)
        await world.drain()
        await world.pass_time(20 * MINUTE)
    await go_on(world, 3 * HOUR)
    assert Counter([live(world, each) for each in paid]) == {1: 30}
    assert Counter([(await world.entry(each)).state for each in paid]) == {State.POSTED: 30}
    assert twice(world) == []


async def test_the_first_after_a_purge_has_no_earlier_one_that_is_shown():
    world = await town(earlier=30)
    purge(world)
    paid = await lose(world, message(), made=False)
    await go_on(world, 2 * HOUR)
    assert await ended(world, paid) == (State.UNKNOWN, 0)
    assert (await world.entry(paid)).detail == "no_earlier_one_shown"


@pytest.mark.parametrize("made", [True, False])
async def test_between_numbers_that_run_backwards_only_presence_is_concluded(made):
    """The list still shows what was made before they began again."""
    world = await town(earlier=0)
    world.city.make = renumbered(world, from_=99_900)
    for _ in range(3):
        await world.proven()
    world.city.make = renumbered(world, from_=1)
    paid = await lose(world, message(), made=made)
    await go_on(world, 2 * HOUR)
    assert await ended(world, paid) == ((State.POSTED, 1) if made else (State.UNKNOWN, 0))
    assert made or (await world.entry(paid)).detail == "numbers_begun_again"


def renumbered(world, from_, group="5"):
    """Receipts made from now on are numbered anew."""
    make, numbers = world.city.make, count(from_)

    def anew(order, *at) -> Receipt:
        day, receipt = (make(order, *at), world.city.receipts_made.pop())[1]
        receipt = replace(receipt, receipt_number=f"{group}.{next(numbers):05}")
        world.city.receipts_made.append((day, receipt))
        return receipt

    return anew


@pytest.mark.parametrize("made", [True, False])
async def test_the_long_form_after_an_update_goes_on_from_the_short_one(made):
    world = await town(earlier=2)
    world.city.make = renumbered(world, from_=3, group="05")
    paid = await lose(world, message(), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("made", [True, False])
async def test_a_city_that_takes_a_new_group_is_concluded_by_the_rest(made):
    world = await town(earlier=2)
    world.city.make = renumbered(world, from_=1, group="7")
    paid = await lose(world, message(), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("used_up", [1, 5, 20])
async def test_failed_sends_that_use_numbers_up_leave_holes_that_were_never_issued(used_up):
    """A rolled-back insert takes its number with it."""
    world = await town()
    world.city.make = renumbered(world, from_=2 + used_up)
    paid = await lose(world, message(), made=False)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


async def test_more_holes_than_failed_sends_can_leave_prove_nothing():
    world = await town()
    world.city.make = renumbered(world, from_=30)
    paid = await lose(world, message(), made=False)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.UNKNOWN, 0)
    assert (await world.entry(paid)).detail == "too_many_numbers_missing"


async def test_a_hole_before_one_of_another_tender_proves_nothing():
    world = await town()
    await world.proven(tender="CC")
    world.city.make = renumbered(world, from_=4)
    paid = await lose(world, message(), made=False)
    await go_on(world, HOUR, tender="CC")
    assert (await world.entry(paid)).detail == "numbers_missing"
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("reference", ["its own", "another"])
async def test_a_number_that_the_list_leaves_out_is_shown_when_it_is_asked_for(reference):
    world = await town()
    paid = await lose(world, message(), made=reference == "its own")
    if reference == "another":
        at_the_counter(world, "5.00002")
    lists(
        world,
        lambda whole: [pair for pair in whole if pair[1].receipt_number != "5.00002"],
        number=lambda whole: whole,
    )
    world.city.make = renumbered(world, from_=3)
    await go_on(world, HOUR)
    if reference == "its own":
        assert await ended(world, paid) == (State.POSTED, 1)
    else:
        assert await ended(world, paid) == (State.UNKNOWN, 0)
        assert (await world.entry(paid)).detail == "list_hides_receipts"


async def test_an_answer_that_gave_its_number_to_another_of_ours_fills_the_hole():
    """Two at once: the one that answered is not in a list that lags."""
    world = await town()
    paid = await lose(world, message(), made=False)
    await world.pass_time(3 * MINUTE)
    await world.deliver(young := message())
    hides(world, lambda _, each: each.reference == young["confirmationNumber"])
    await go_on(world, 14 * MINUTE, every=7 * MINUTE)
    assert (await world.entry(paid)).look is not None
    assert world.city.doubled() == 0


@pytest.mark.parametrize("number", ["R-2026-7", "5/00002", "none"])
@pytest.mark.parametrize("made", [True, False])
async def test_numbers_in_a_form_that_is_not_known_show_presence_and_no_absence(number, made):
    world = await town()
    numbers = count(1)

    def odd(order, *at):
        receipt = replace(make(order, *at), receipt_number=f"{number}{next(numbers)}")
        world.city.receipts_made[-1] = (world.city.receipts_made[-1][0], receipt)
        return receipt

    make, world.city.make = world.city.make, odd
    paid = await lose(world, message(), made=made)
    await go_on(world, HOUR)
    assert await ended(world, paid) == ((State.POSTED, 1) if made else (State.UNKNOWN, 0))
    assert made or (await world.entry(paid)).detail == "numbers_unreadable"


async def test_a_receipt_made_later_under_a_hole_is_the_second_receipt(caplog):
    """A commit that came hours late: told with both numbers."""
    world = await town()
    world.city.make = renumbered(world, from_=3)
    paid = await lose(world, message(), made=False)
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)
    second = await commit_late(world, paid)
    await world.pass_time(13 * HOUR, step=10 * MINUTE)
    assert second.receipt_number in (await world.entry(paid)).detail
    assert '"receipt.second"' in caplog.text


async def test_one_number_in_two_answers_posts_both(caplog):
    world = await town()
    first, second = message(), message()
    world.city.next(Accepted("5.7"), Accepted("5.7"))
    for each in (first, second):
        await world.deliver(each)
    assert [(await world.entry(each)).reason for each in (first, second)] == [None, "number_begun_again"]
    assert caplog.text.count('"receipt.number_repeated"') == 1
