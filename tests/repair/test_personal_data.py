"""What is kept of a customer is handed out whole, and erased for good."""

import json

import pytest

from shared.ledger.answer import Ambiguous, NotSent
from shared.payments.message import stored
from shared.repair.decision import NotAllowed
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.world import SAID, person

ADA = {"payerName": "Ada Byron", "customerNumber": "000412", "correlationId": "ada-1", "checkoutId": "ada-2"}


def everything(world):
    return repr([(key, row.values) for (_, key), row in world.store.rows.items()])


async def test_all_of_it_is_exported_and_nothing_of_others(world, admin):
    paid = message(**ADA)
    await world.deliver(paid)
    await world.deliver(paid | {"amount": "1.00", "allocations": None})
    await world.deliver(message(customerNumber="777"))
    back = reject(paid)
    await world.undo(back)
    found = await admin.personal.export("2493", "000412")
    assert [each["id"] for each in found] == [paid["paymentId"], back["rejectId"]]
    assert found[0]["message"]["payerName"] == "Ada Byron"
    assert (len(found[0]["events"]), len(found[0]["conflicts"])) == (2, 1)
    assert json.dumps(found, default=str)


async def test_nothing_tells_who_it_was_afterwards(world, admin):
    await world.set_up(rejectStrategy="void")
    paid = message(**ADA)
    await world.deliver(paid)
    await world.deliver(paid | {"amount": "1.00", "allocations": None})
    await world.undo(reversal(paid, "void", reason="Ada asked for it"))
    await world.drain()
    others = [{"invoiceNumber": "7", "amount": "125.40"}]
    other = message(customerNumber="777", payerName="Grace", allocations=others)
    await world.deliver(other)
    assert await admin.personal.erase("2493", "000412") == 2
    left = everything(world)
    for secret in ("Ada", "ada-", "000412", "10023"):
        assert secret not in left
    assert "Grace" in left
    assert await admin.personal.export("2493", "000412") == []


async def test_ids_amounts_and_fingerprints_stay(world, admin):
    paid = message(**ADA)
    await world.deliver(paid)
    before = await world.entry(paid)
    await admin.personal.erase("2493", "000412")
    after = await world.entry(paid)
    kept = ("key", "cents", "fingerprint", "reference", "receipt_number", "state", "version", "booked_on")
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert (stored(after.message).tender, int(stored(after.message).amount)) == ("ACH", 12540)
    await world.deliver(paid)
    assert [result.outcome for result in world.results] == ["posted", "posted"]
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("state", ["received", "unknown", "held", "waiting"])
async def test_it_is_refused_while_something_is_not_settled(world, admin, state):
    settled = message(**ADA)
    await world.deliver(settled)
    if state == "waiting":
        world.city.next(NotSent("ConnectError"))
        paid = message(**ADA)
        await world.deliver(paid)
        await world.undo(reject(paid))
        await world.drain()
    else:
        answers = {"received": NotSent("ConnectError"), "unknown": Ambiguous("ReadTimeout")}
        world.city.next(*[answers[state]] if state in answers else [])
        await world.deliver(message(**ADA | ({"tender": "VENMO"} if state == "held" else {})))
    obstacles = await admin.personal.obstacles("2493", "000412")
    assert state in {str(entry.state) for entry in obstacles.entries}
    assert key_of(settled) not in {entry.key for entry in obstacles.entries}
    before = everything(world)
    with pytest.raises(NotAllowed):
        await admin.personal.erase("2493", "000412")
    assert everything(world) == before


async def test_it_is_refused_while_one_is_being_sent(world, admin):
    paid = message(**ADA)
    seen = []

    async def meanwhile(order):
        seen.extend((await person(world).personal.obstacles("2493", "000412")).entries)
        return NotSent("ConnectError")

    world.city.script.append(meanwhile)
    await world.deliver(paid)
    assert [str(entry.state) for entry in seen] == ["sending"]


@pytest.mark.parametrize(
    ("body", "refused"), [({"billerId": "2493"}, True), ({"billerId": "2137"}, False), (b"?", True)]
)
async def test_it_is_refused_while_one_of_the_biller_s_may_be_in_quarantine(world, admin, body, refused):
    await world.deliver(message(**ADA))
    await world.deliver(body if isinstance(body, bytes) else json.dumps(body).encode(), "m-bad")
    assert bool(await admin.personal.obstacles("2493", "000412")) == refused
    if refused:
        await admin.replay.discard("payments", "m-bad", SAID)
    assert await admin.personal.erase("2493", "000412") == 1
