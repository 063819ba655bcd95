"""The queues ``autopay-changes`` and ``registrations``, and their poison queues."""

import pytest

from functions import drive_due, poison, update_customers
from functions.entry import Failed
from shared.ledger.due import due_of, to_message
from shared.vocabulary.errors import Unavailable
from tests.customers.world import ON, World, autopay, registration
from tests.functions.test_functions import call, refuse
from tests.payments.world import body

QUEUES = [
    (update_customers.update_autopay, autopay),
    (update_customers.update_registrations, registration),
    (poison.poison_autopay_changes, autopay),
    (poison.poison_registrations, registration),
]


@pytest.fixture
async def wired(running):
    """The functions over the in-memory world, with both operations on."""
    world = World()
    await world.set_up(**ON)
    running(world.app)
    return world


@pytest.mark.parametrize(("function", "update"), QUEUES)
async def test_an_update_is_written_down_and_driven_from_there(wired, function, update):
    results, due = await call(function, body(made := update()))
    [step] = due.read
    assert (results.read, step["kind"], step["version"]) == ([], wired_kind(made), 1)
    results, _ = await call(drive_due.drive_due, to_message(due_of(await wired.state_of(made))).encode())
    assert [result["outcome"] for result in results.read] == ["applied"]


@pytest.mark.parametrize(("function", "update"), QUEUES)
async def test_what_is_off_is_told_at_once(wired, function, update):
    await wired.set_up()
    results, due = await call(function, body(update()))
    [result] = results.read
    assert (result["outcome"], result["reason"]["code"], due.read) == ("skipped", "operation_unchecked", [])


@pytest.mark.parametrize(("function", "update"), QUEUES)
async def test_a_broken_one_is_told_as_invalid(wired, function, update):
    results, _ = await call(function, body(update(customerNumber="")))
    assert [result["outcome"] for result in results.read] == ["invalid"]


@pytest.mark.parametrize(("function", "update"), QUEUES)
async def test_a_store_that_does_not_answer_brings_the_message_again(monkeypatch, function, update):
    refuse(monkeypatch, "update_customer", Unavailable("table ledger"))
    with pytest.raises(Failed, match="Unavailable"):
        await call(function, body(update()))


def wired_kind(fields):
    return "autopayChange" if "changeId" in fields else "registration"
