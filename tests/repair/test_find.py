"""Finding entries by what is known of them, whichever way is the shortest."""

from datetime import date, timedelta

import pytest

from shared.ledger.answer import NotSent
from shared.ledger.entry import Kind, State
from shared.repair.find import Filter
from tests.payments.world import message, reject

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.fixture
async def city(world):
    """One payment of each sort."""
    await world.set_up(billerId="2137")
    payments = {
        "posted": message(settlementDate="2026-11-23"),
        "card": message(settlementDate="2026-11-24", tender="CC"),
        "held": message(settlementDate="2026-11-24", tender="VENMO"),
        "held later": message(settlementDate="2026-11-23", allocations=None),
        "elsewhere": message(billerId="2137", settlementDate="2026-11-23"),
        "other customer": message(settlementDate="2026-11-23", customerNumber="777"),
        "waiting": message(settlementDate="2026-11-23"),
    }
    for name, fields in payments.items():
        if name == "waiting":
            world.city.next(NotSent("ConnectError"))
        await world.deliver(fields)
        world.clock.advance(60)
    back = reject(payments["posted"])
    await world.undo(back)
    await world.drain()
    return {fields["paymentId"]: name for name, fields in payments.items()} | {back["rejectId"]: "reject"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"biller": "2137"}, {"elsewhere"}),
        ({"biller": "2493", "kind": Kind.ACH_REJECT}, {"reject"}),
        ({"state": State.HELD}, {"held", "held later", "reject"}),
        ({"state": State.HELD, "reason": "unknown_tender"}, {"held"}),
        ({"state": State.RECEIVED}, {"waiting"}),
        ({"customer": "777"}, {"other customer"}),
        ({"tender": "CC"}, {"card"}),
        ({"biller": "2493", "first": TUESDAY, "last": TUESDAY}, {"card", "held"}),
        ({"biller": "2493", "first": TUESDAY}, {"card", "held", "reject"}),
        ({"biller": "2493", "first": TUESDAY, "last": date(2027, 11, 24)}, {"card", "held", "reject"}),
        ({"biller": "2493", "last": MONDAY, "state": State.HELD}, {"held later"}),
    ],
)
async def test_a_filter_finds_what_it_names_and_nothing_else(admin, city, wanted, expected):
    found = [city[entry.key.id] async for entry in admin.find(Filter(**wanted))]
    assert sorted(found) == sorted(expected)


async def test_by_age(world, admin, city):
    before = world.clock.now() - timedelta(minutes=7)
    assert [city[e.key.id] async for e in admin.find(Filter(biller="2493", received_before=before))] == []
    before += timedelta(seconds=1)
    found = [city[e.key.id] async for e in admin.find(Filter(biller="2493", received_before=before))]
    assert found == ["posted"]


async def test_held_ones_come_the_longest_held_first(admin, city):
    found = [city[entry.key.id] async for entry in admin.find(Filter(state=State.HELD))]
    assert found == ["held", "held later", "reject"]


async def test_causes_are_summed_up(admin, city):
    assert city
    found = {cause.reason: (cause.count, cause.cents, cause.billers) for cause in await admin.find.causes()}
    assert found == {
        "unknown_tender": (1, 12540, {"2493"}),
        "no_allocations": (1, 12540, {"2493"}),
        "reversal_by_hand": (1, 12540, {"2493"}),
    }
    assert [cause.reason for cause in await admin.find.causes("2493")] == list(found)
    assert await admin.find.causes("2137") == []
