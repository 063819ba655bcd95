"""Events that ask for a person and seldom come: each is told, with the city and the entry it is about."""

import asyncio

import pytest

from functions import poison, renew_tokens
from shared.ledger.answer import NotSent
from shared.ledger.due import Due, due_of
from shared.ledger.entry import State
from shared.runtime import process
from tests.customers.world import ON, autopay, key_of, registration
from tests.customers.world import World as UpdatingWorld
from tests.fakes.told import told
from tests.functions.test_functions import Queued, call
from tests.ledger.world import FaultyWorld, started
from tests.payments.world import body, message, reject, reversal

MINUTE = 60.0


@pytest.fixture(autouse=True)
def everything_is_told(caplog):
    caplog.set_level("INFO")


async def waiting(world):
    world.city.next(NotSent("ConnectError", peer_failed=False))
    paid = message()
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.RECEIVED
    return paid


async def test_what_waits_for_a_biller_that_is_gone(world, caplog):
    await waiting(world)
    world.billers._billers.clear()
    await world.pass_time(5 * MINUTE)
    assert told(caplog, "biller.missing")[0] == {"biller": "2493"}


async def test_a_step_for_an_entry_that_the_ledger_does_not_have(world, caplog):
    step = due_of(await world.entry(await waiting(world)))
    unknown = Due.model_validate(step.model_dump(by_alias=True) | {"id": "never-seen"})
    await world.app.drive.step(unknown, redelivered=False)
    assert told(caplog, "due.unknown_entry") == [{"biller": "2493", "id": "never-seen"}]


async def test_a_receipt_that_comes_when_a_person_has_already_said_another(caplog):
    """Both may be there: somebody has to look at once."""
    world = FaultyWorld()
    await world.set_up(connectVersion="2021.02.160")
    paid, go = message(), world.slow_city()
    sending = asyncio.create_task(world.app.post_payment.accept(body(paid), "m-1"))
    await started(sending)
    await world.pass_time(2 * MINUTE)
    entry = await world.entry(paid)
    said = entry._replace(state=State.POSTED, receipt_number="9.1", held_at=None, due=None, wait=None)
    await world.ledger.move(entry, said)
    go.set()
    await sending
    assert told(caplog, "ledger.receipt_unrecorded") == [
        {"biller": "2493", "id": paid["paymentId"], "receipt": "5.00001"}
    ]


@pytest.mark.parametrize(("update", "noun"), [(autopay, "autopay_change"), (registration, "registration")])
async def test_an_update_that_waits_for_hours(caplog, update, noun):
    world = UpdatingWorld()
    await world.set_up(**ON, paused={"reason": "the city moves"})
    made = update()
    await world.tell(made)
    await world.pass_time(5 * 60 * MINUTE, step=10 * MINUTE)
    first = told(caplog, f"{noun}.overdue")[0]
    assert (first["biller"], first["id"]) == ("2493", key_of(made).id)


async def test_a_registration_with_another_address_under_the_same_id(caplog):
    world = UpdatingWorld()
    await world.set_up(**ON)
    await world.told(made := registration())
    await world.tell(made | {"email": "other@example.test"}, "m-2")
    assert told(caplog, "registration.conflict") == [{"biller": "2493", "id": key_of(made).id, "message": "m-2"}]


async def test_a_reversal_with_another_amount_under_the_same_id(world, caplog):
    paid = message()
    await world.deliver(paid)
    await world.undo(back := reversal(paid))
    await world.undo(back | {"amount": "1.00"}, "m-2")
    assert told(caplog, "reversal.conflict") == [{"biller": "2493", "id": back["reversalId"], "message": "m-2"}]


async def test_a_reversal_that_breaks_a_rule(world, caplog):
    back = reversal(message(), amount="0.00")
    await world.undo(back, "m-1")
    [invalid] = told(caplog, "reversal.invalid")
    assert (invalid["biller"], invalid["id"], invalid["message"]) == ("2493", back["reversalId"], "m-1")


@pytest.mark.parametrize("reason", ["no_token", "token_refused"])
async def test_a_payment_that_waits_for_a_token(world, caplog, reason):
    world.city.next(NotSent(reason, peer_failed=False))
    await world.deliver(paid := message())
    assert told(caplog, "payment.received") == [
        {"biller": "2493", "id": paid["paymentId"], "attempt": 1, "reason": reason}
    ]


async def test_a_reversal_that_waits_for_a_token(world, caplog):
    await world.set_up(rejectStrategy="void")
    paid = message()
    await world.deliver(paid)

    async def refused(_):
        return NotSent("token_refused", peer_failed=False)

    world.city.void_script = [refused]
    await world.undo(back := reversal(paid))
    await world.drain()
    assert told(caplog, "reversal.received")[-1] == {
        "biller": "2493",
        "id": back["reversalId"],
        "attempt": 1,
        "reason": "token_refused",
        "receipt": "5.00001",
    }


async def test_a_message_that_failed_again_and_again(world, monkeypatch, caplog):
    monkeypatch.setattr(process, "app", lambda: world.app)
    await call(poison.poison_ach_rejects, body(reject(message())))
    await call(poison.poison_reversals, body(reversal(message())))
    assert told(caplog, "ach_reject.poisoned") == told(caplog, "reversal.poisoned") == [{"message": "m-a"}]


async def test_a_look_at_a_token_that_failed_again_and_again(caplog):
    await renew_tokens.poison_token_renewals(Queued(b"{}"))
    assert told(caplog, "token.look_poisoned") == [{"message": "m-a"}]
