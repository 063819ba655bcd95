"""That a status, or an answer of no known shape, means that nothing was done."""

import json

import pytest

from shared.caselle import create_receipt
from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import read
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.ledger.entry import State
from tests.beliefs.scenes import HOUR, MINUTE, ended, go_on, small, town, twice
from tests.payments.world import message

HTML = b"<html><body>No</body></html>"
STATUSES = (200, 400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 502, 503, 504)


def error(code, message="no", path=None):
    return {"message": message, **({"path": path} if path else {}), **({"extensions": {"code": code}} if code else {})}


BODIES = {
    "HTML": HTML,
    "empty": b"",
    "an object": b"{}",
    "an unlisted error": json.dumps({"errors": [error(None)]}).encode(),
    "an unlisted code": json.dumps({"errors": [error("DB_TIMEOUT")]}).encode(),
    "a refused token": json.dumps({"errors": [error("UNAUTHENTICATED")]}).encode(),
    "a refused token in other words": json.dumps({"errors": [error("AUTH_NOT_AUTHENTICATED")]}).encode(),
    "null beside an error of the mutation": json.dumps(
        {"data": None, "errors": [error("DB_TIMEOUT", path=["create_receipt"])]}
    ).encode(),
    "null beside a server error": json.dumps(
        {"data": None, "errors": [error("INTERNAL_SERVER_ERROR", path=["create_receipt"])]}
    ).encode(),
    "the server is not reached": json.dumps({"errors": [error("COWS_UNREACHABLE")]}).encode(),
    "a wrong variable": b'{"errors":[{"message":"Variable \\"$input\\" got invalid value"}]}',
    "a listed code and another": json.dumps({"errors": [error("PERIOD_CLOSED"), error("DB_TIMEOUT")]}).encode(),
}


def heard(status, body):
    """What the client makes of an answer to a write."""
    try:
        return create_receipt.answer(read(status, body))
    except AmbiguousError as ambiguous:
        return Ambiguous(ambiguous.code)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", STATUSES)
async def test_after_the_commit_it_is_asked_about_and_found(status, body):
    world, paid = await town(), message()

    async def acted(order):
        world.city.make(order)
        return heard(status, BODIES[body])

    world.city.script = [acted]
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.UNKNOWN
    await world.pass_time(2 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [401, 403, 429, 200])
async def test_before_the_commit_it_is_sent_again_after_its_absence_was_proved(status, body):
    world, paid = await town(), message()
    world.city.next(heard(status, BODIES[body]))
    await world.deliver(paid)
    await world.pass_time(10 * MINUTE)
    assert await ended(world, paid) == (State.UNKNOWN, 0)
    await world.gates.unblock("2493")
    await go_on(world, HOUR)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 429, 503])
@pytest.mark.parametrize("body", ["HTML", "an unlisted error", "a refused token", "the server is not reached"])
async def test_a_storm_of_it_after_the_commit_doubles_nothing(status, body):
    """Forty payments; what stands before the city turns every answer for half an hour into this."""
    world, paid = await town(), [small(f"{number}.50") for number in range(1, 41)]
    healed = world.clock.now().timestamp() + 30 * MINUTE

    async def create_receipt_(_, order):
        world.city.orders.append(order)
        made = world.city.make(order)
        return heard(status, BODIES[body]) if world.clock.now().timestamp() < healed else Accepted(made.receipt_number)

    world.city.create_receipt = create_receipt_
    for each in paid:
        await world.deliver(each)
        await world.pass_time(MINUTE)
    await world.gates.unblock("2493")
    await world.pass_time(3 * HOUR)
    assert twice(world) == []
    assert [await ended(world, each) for each in paid] == [(State.POSTED, 1)] * 40


@pytest.mark.parametrize("number", ["5.00010", "125", "7", "5.10", "0.5"])
async def test_a_receipt_number_that_is_no_text_is_taken_as_it_is_written(number):
    body = f'{{"data":{{"create_receipt":{{"receipt_number":{number}}}}}}}'.encode()
    assert heard(200, body) == Accepted(number)


async def test_only_what_never_left_is_sent_again_unasked():
    world, paid = await town(), message()
    world.city.next(NotSent("ConnectError"), NotSent("ConnectTimeout"))
    await world.deliver(paid)
    await world.pass_time(10 * MINUTE)
    assert (await ended(world, paid), world.city.questions) == ((State.POSTED, 1), 0)
