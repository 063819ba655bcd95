"""Every ``CashReceipting`` behaves alike: the city in memory, and the real client before the simulator."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.ledger.answer import Accepted, Ambiguous, Refused, Scope
from shared.runtime.clock import SystemClock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money
from tests.conformance.newport import CITY, DAY, ORDER
from tests.fakes.city import MemoryCity


@pytest.fixture(params=["memory", "caselle"])
def cash(request):
    if request.param == "memory":
        return MemoryCity(SystemClock())
    return request.getfixturevalue("caselle").cash


async def make(cash, **changes):
    answer = await cash.create_receipt(CITY, replace(ORDER, **changes))
    assert isinstance(answer, Accepted)
    return answer.receipt_number


async def test_a_receipt_that_was_made_is_shown_as_it_was_ordered(cash):
    before = datetime.now(UTC) - timedelta(seconds=1)
    number = await make(cash)
    [shown] = await cash.receipts(CITY, DAY, DAY)
    assert (shown.receipt_number, shown.reference, shown.amount, shown.live) == (number, "IC1", 12540, True)
    assert before <= shown.created_at <= datetime.now(UTC) + timedelta(seconds=1)


async def test_the_same_reference_twice_makes_two_receipts(cash):
    """This is why a payment is never sent twice."""
    first, second = await make(cash), await make(cash)
    assert first != second
    assert [each.reference for each in await cash.receipts(CITY, DAY, DAY)] == ["IC1", "IC1"]


async def test_every_receipt_is_shown_however_many_pages_it_takes(cash):
    numbers = [await make(cash, reference=f"IC{n}", amount=Money(n + 1), shares=()) for n in range(450)]
    shown = await cash.receipts(CITY, DAY, DAY)
    assert [each.receipt_number for each in shown] == numbers
    assert sum(each.amount for each in shown) == 450 * 451 // 2


@pytest.mark.parametrize("earlier", [0, 1, 2])
async def test_pages_of_another_size_from_another_day_show_the_same(cash, earlier):
    numbers = [await make(cash, reference=f"IC{n}", shares=()) for n in range(310)]
    shown = await cash.receipts(CITY, DAY - timedelta(days=earlier), DAY)
    assert [each.receipt_number for each in shown] == numbers


async def test_one_receipt_is_shown_by_its_number_with_all_that_it_says(cash):
    number, other = await make(cash), await make(cash, reference="IC2", receipt_date=DAY - timedelta(days=900))
    [mine], [old] = await cash.receipt(CITY, number), await cash.receipt(CITY, other)
    assert (mine.receipt_number, mine.reference, mine.amount, mine.live, mine.voided) == (
        number,
        "IC1",
        12540,
        True,
        False,
    )
    assert (mine.dated, mine.memo) == (DAY, None)
    assert (old.receipt_number, old.dated) == (other, DAY - timedelta(days=900))
    assert [mine] == await cash.receipts(CITY, DAY, DAY)
    await cash.void_receipt(CITY, number, "R01")
    assert [each.voided for each in await cash.receipt(CITY, number)] == [True]


@pytest.mark.parametrize("number", ["5.99999", "05.000000099", "0", "no number at all", "' or 1=1"])
async def test_a_number_that_was_never_issued_shows_nothing(cash, number):
    await make(cash)
    assert await cash.receipt(CITY, number) == []


async def test_both_days_of_a_range_are_part_of_it(cash):
    for days in range(-2, 3):
        await make(cash, receipt_date=DAY + timedelta(days=days), reference=f"day{days}")
    shown = await cash.receipts(CITY, DAY - timedelta(days=1), DAY + timedelta(days=1))
    assert [each.reference for each in shown] == ["day-1", "day0", "day1"]
    assert await cash.receipts(CITY, DAY + timedelta(days=9), DAY + timedelta(days=10)) == []


async def test_without_shares_it_is_taken_too(cash):
    number = await make(cash, shares=(), payer=None)
    assert [each.receipt_number for each in await cash.receipts(CITY, DAY, DAY)] == [number]


async def test_a_voided_receipt_stays_in_sight_and_is_not_live(cash):
    number, other = await make(cash), await make(cash, reference="IC2")
    assert await cash.void_receipt(CITY, number, "R01") == Accepted(number)
    shown = {each.receipt_number: each.live for each in await cash.receipts(CITY, DAY, DAY)}
    assert shown == {number: False, other: True}


async def test_a_receipt_that_is_void_already_is_what_was_asked_for(cash):
    number = await make(cash)
    await cash.void_receipt(CITY, number, "R01")
    assert await cash.void_receipt(CITY, number, "R01") == Accepted(number)


async def test_a_receipt_that_is_not_there_cannot_be_voided(cash):
    assert await cash.void_receipt(CITY, "5.99999", "R01") == Refused("receipt_missing", Scope.ENTRY)


async def test_a_city_that_answers_is_reachable(cash):
    assert await cash.reachable(CITY, "000412")
    assert await cash.reachable(CITY, "nobody")


# What only the real one can show.


async def test_the_user_that_is_stamped_on_a_receipt_is_shown(caselle):
    await make(caselle.cash)
    assert [each.user for each in await caselle.cash.receipts(CITY, DAY, DAY)] == ["ONLINE"]


async def test_a_number_before_and_after_an_update_of_its_form_names_its_receipt(caselle):
    """From release 2025.02 on the same group goes on with more digits."""
    await caselle.control.switch("newportor", connectVersion="2025.01")
    short = await make(caselle.cash)
    await caselle.control.switch("newportor", connectVersion="2025.11")
    long = await make(caselle.cash, reference="IC2")
    assert (short, long) == ("5.00001", "05.000000002")
    found = [await caselle.cash.receipt(CITY, number) for number in (short, long)]
    assert [[each.reference for each in shown] for shown in found] == [["IC1"], ["IC2"]]


async def test_a_release_without_the_query_shows_no_number(caselle):
    await caselle.control.switch("newportor", connectVersion="2025.02")
    number = await make(caselle.cash)
    with pytest.raises(Unavailable):
        await caselle.cash.receipt(CITY, number)


async def test_a_release_without_void_is_a_mismatch_and_not_an_unknown_outcome(caselle):
    number = await make(caselle.cash)
    await caselle.control.switch("newportor", connectVersion="2025.02")
    answer = await caselle.cash.void_receipt(CITY, number, "R01")
    assert answer == Refused("contract_mismatch", Scope.ENTRY)


async def test_a_release_without_the_query_shows_nothing(caselle):
    await caselle.control.switch("newportor", connectVersion="2025.02")
    await make(caselle.cash)
    with pytest.raises(Unavailable):
        await caselle.cash.receipts(CITY, DAY, DAY)


@pytest.mark.parametrize("cows", ["http_503", "graphql_error"])
async def test_a_city_whose_server_is_down_is_not_reachable(caselle, cows):
    await caselle.control.switch("newportor", cows=cows)
    assert not await caselle.cash.reachable(CITY, "000412")
    with pytest.raises(Unavailable):
        await caselle.cash.receipts(CITY, DAY, DAY)


async def test_a_lost_answer_leaves_a_receipt_that_can_be_found(caselle):
    await caselle.control.switch("newportor", dropAnswers=1)
    answer = await caselle.cash.create_receipt(CITY, ORDER)
    assert isinstance(answer, Ambiguous)
    assert [each.reference for each in await caselle.cash.receipts(CITY, DAY, DAY)] == ["IC1"]
    assert (await caselle.control.calls())["2493"]["create_receipt"] == 1


async def test_a_lost_answer_to_a_void_leaves_a_receipt_that_is_seen_to_be_void(caselle):
    number = await make(caselle.cash)
    await caselle.control.switch("newportor", dropAnswers=1)
    assert isinstance(await caselle.cash.void_receipt(CITY, number, "R01"), Ambiguous)
    assert [each.voided for each in await caselle.cash.receipts(CITY, DAY, DAY)] == [True]
    assert await caselle.cash.void_receipt(CITY, number, "R01") == Accepted(number)
