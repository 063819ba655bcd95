"""What Invoice Cloud was told before the loss stands again: nothing of it is sent, asked about or held."""

import json

import pytest

from shared.exchange.result import Outcome
from shared.ledger.entry import State
from shared.repair.take_back import TakeBack, Taken
from shared.repair.witness import read
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.world import SAID, person

OLD = {"connectVersion": "2024.05.001"}
"""A release without the receipt query: Invoice Cloud is the only witness."""


def lines(world):
    return [each.model_dump_json(by_alias=True, ensure_ascii=True).encode() for each in world.results]


async def taken_back(world, results):
    take_back, found = TakeBack(world.store, world.ledger), read(results)
    assert found.wrong == []
    lost_at = (await world.billers.get("2493")).recover_before
    return [await take_back(told, lost_at, SAID) for told in found.final()]


async def lost(world, *fields, **changes):
    """Payments that were posted and told before the ledger was lost; what Invoice Cloud kept."""
    for each in fields:
        await world.deliver(each)
    await world.drain()
    kept = lines(world)
    world.results.clear()
    await world.lose_the_ledger(**OLD | changes)
    return kept


async def test_a_payment_that_comes_again_is_answered_as_before(world):
    paid = message()
    kept = await lost(world, paid)
    assert await taken_back(world, kept) == [Taken.WRITTEN]
    await world.deliver(paid, "again")
    [told] = world.results
    assert (told.outcome, told.receipt_number, told.duplicate) == (Outcome.POSTED, "5.00001", True)
    assert told.version > 2  # above all that was told before the loss
    await world.pass_time(3600)
    assert (len(world.city.orders), world.keys("O~"), world.keys("H~")) == (1, [], [])


async def test_only_what_has_no_final_result_is_held(world):
    """The runbook of a city that cannot be asked: of three, one was told as posted, one as held, one not at all."""
    await world.set_up(**OLD)
    told, held, silent = message(), message(tender="VENMO"), message()
    await world.deliver(told)
    await world.deliver(held)
    kept = lines(world)
    await world.deliver(silent)
    await world.lose_the_ledger(**OLD)
    assert await taken_back(world, kept) == [Taken.WRITTEN]
    for each in (told, held, silent):
        await world.deliver(each, "again")
    await world.pass_time(3600)
    states = [(await world.entry(each)).state for each in (told, held, silent)]
    assert states == [State.POSTED, State.HELD, State.HELD]
    assert len(world.city.orders) == 2


async def test_its_message_fills_in_what_the_result_did_not_say(world):
    paid = message(payerName="Ada")
    await taken_back(world, await lost(world, paid))
    assert (await world.entry(paid)).customer_number == ""
    await world.deliver(paid)
    entry = await world.entry(paid)
    assert (entry.customer_number, json.loads(entry.message)["payerName"]) == ("000412", "Ada")
    await world.deliver(paid | {"customerNumber": "000413"})
    assert world.results[-1].outcome == Outcome.CONFLICT


@pytest.mark.parametrize("changes", [{"amount": "1.00", "allocations": None}, {"confirmationNumber": "OTHER"}])
async def test_a_message_that_says_otherwise_is_a_conflict(world, changes):
    paid = message()
    await taken_back(world, await lost(world, paid))
    await world.deliver({key: value for key, value in (paid | changes).items() if value is not None})
    assert world.results[-1].outcome == Outcome.CONFLICT
    assert len(world.city.orders) == 1


async def test_what_came_again_before_the_file_is_settled_by_it(world):
    paid = message()
    kept = await lost(world, paid)
    await world.deliver(paid, "again")
    assert (await world.entry(paid)).state is State.UNKNOWN
    await world.pass_time(120)
    assert (await world.entry(paid)).state is State.HELD
    assert await taken_back(world, kept) == [Taken.SETTLED]
    await world.pass_time(120)
    entry = await world.entry(paid)
    assert (entry.state, entry.receipt_number) == (State.POSTED, "5.00001")
    assert [each.outcome for each in world.results][-1] == Outcome.POSTED
    assert (await person(world).show(key_of(paid))).steps[-1].why == SAID.why


async def test_the_file_taken_twice_changes_nothing(world):
    paid = message()
    kept = await lost(world, paid)
    await taken_back(world, kept)
    rows = dict(world.store.rows)
    assert await taken_back(world, kept) == [Taken.KNOWN]
    assert world.store.rows == rows


async def test_a_payment_whose_money_went_back_is_not_given_back_twice(world):
    await world.set_up(rejectStrategy="void")
    paid = message()
    back = reject(paid)
    await world.deliver(paid)
    await world.undo(back)
    await world.drain()
    kept = lines(world)
    await world.lose_the_ledger(rejectStrategy="void")
    assert await taken_back(world, kept) == [Taken.WRITTEN] * 2
    await world.undo(back, "again")
    assert world.results[-1].outcome == Outcome.REVERSED
    second = reject(paid)
    await world.undo(second)
    await world.drain()
    assert (await world.entry(second)).reason == "already_reversed"
    assert len(world.city.voids) == 1


async def test_a_reject_of_a_payment_that_only_its_result_tells_of_is_done(world):
    await world.set_up(rejectStrategy="manual")
    paid = message()
    await taken_back(world, await lost(world, paid, rejectStrategy="manual"))
    back = reject(paid)
    await world.undo(back)
    await world.drain()
    held = await world.entry(back)
    assert (held.state, held.reason) == (State.HELD, "reversal_by_hand")
    assert "void receipt 5.00001" in held.by_hand


async def test_its_reference_and_receipt_are_its_own_again(world):
    paid = message()
    await taken_back(world, await lost(world, paid))
    await world.set_up()
    other = message(confirmationNumber=paid["confirmationNumber"])
    await world.deliver(other)
    assert (await world.entry(other)).reason == "confirmation_reused"
    assert await world.ledger.receipt_owner("2493", "5.00001") == str(key_of(paid))


async def test_a_reject_of_what_only_its_result_tells_of_is_voided(world):
    """Before its message has come again, and never while a void of the lost ledger may still land."""
    paid = message()
    kept = await lost(world, paid, connectVersion="2025.11.014", rejectStrategy="void")
    await taken_back(world, kept)
    await world.undo(reject(paid))
    await world.pass_time(600)
    assert world.city.voids == []
    await world.pass_time(1800)
    assert len(world.city.voids) == 1
    assert (await world.entry(paid)).state is State.REVERSED


async def test_a_payment_behind_whose_void_it_is_taken_back_has_an_event_of_its_own(world):
    paid = message()
    kept = await lost(world, paid)
    await world.undo(reversal(paid))
    assert await taken_back(world, kept) == [Taken.WRITTEN]
    entry = await world.entry(paid)
    [first, second] = [
        world.store.rows[key].values for key in sorted(world.store.rows) if key[1].startswith(f"E~{key_of(paid)}~")
    ]
    assert (entry.version, first["state"], second["state"]) == (2, "", "posted")
