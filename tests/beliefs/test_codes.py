"""That a code, a status or a refused read means that nothing was done."""

import pytest

from shared.ledger.answer import Accepted, Ambiguous, Refused, Scope
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from tests.beliefs.scenes import DAY, HOUR, MINUTE, ended, go_on, live, small, town
from tests.payments.world import key_of, message
from tests.repair.world import SAID, person

OLD = {"connectVersion": "2024.05"}
"""A release without the receipt query."""

REFUSALS = [
    Refused("period_closed", Scope.ENTRY),
    Refused("customer_unknown", Scope.ENTRY),
    Refused("amount_refused", Scope.ENTRY),
    Refused("distribution_not_online", Scope.BILLER),
    Refused("licence_missing", Scope.BILLER),
    Refused("payment_code_unknown", Scope.CHANNEL),
    Refused("category_unknown", Scope.APPLICATION),
    Refused("workspace_in_use", Scope.MOMENT),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.code)
async def test_a_listed_refusal_after_the_receipt_was_made_is_found_out(refusal):
    """D1: nobody is involved, and a person who lets it go meanwhile is told better."""
    world = await town()
    paid = message()
    world.city.next(refusal, made=True)
    await world.deliver(paid)
    with pytest.raises(NotAllowed):
        await person(world).retry(key_of(paid), SAID, override=True)
    await world.gates.unblock("2493")
    await world.pass_time(10 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.code)
async def test_the_code_of_one_that_was_proved_absent_is_believed_from_then_on(refusal):
    world = await town()
    first, second = message(), message()
    world.city.next(refusal)
    await world.deliver(first)
    await world.gates.unblock("2493")
    await go_on(world, HOUR)
    assert refusal.code in (await world.gates.look("2493")).proven
    questions = world.city.questions
    world.city.next(refusal)
    await world.deliver(second)
    entry = await world.entry(second)
    assert (entry.recalled, entry.perhaps_there) == (1, False)
    assert entry.state is (State.HELD if refusal.scope is Scope.ENTRY else State.RECEIVED)
    await world.pass_time(5 * MINUTE)
    assert world.city.questions == questions, "nobody need ask"
    assert live(world, first) == (0 if refusal.scope is Scope.ENTRY else 1)


async def test_a_code_that_was_believed_at_another_city_is_not_here():
    world = await town()
    await world.gates.prove("2137", "period_closed")
    paid = message()
    world.city.next(Refused("period_closed", Scope.ENTRY), made=True)
    await world.deliver(paid)
    await world.pass_time(10 * MINUTE)
    assert await ended(world, paid) == (State.POSTED, 1)


@pytest.mark.parametrize("refusal", REFUSALS[:4], ids=lambda each: each.code)
async def test_where_nobody_can_be_asked_a_person_says_that_it_is_not_there(refusal):
    world = await town(**OLD)
    paid = message()
    world.city.next(refusal, made=True)
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.HELD
    await world.gates.unblock("2493")
    await world.pass_time(DAY, step=HOUR)
    with pytest.raises(NotAllowed, match="ask the city, then override"):
        await person(world).retry(key_of(paid), SAID)
    assert (len(world.city.orders), live(world, paid)) == (1, 1)


@pytest.mark.parametrize("can_be_asked", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        Ambiguous("http_403"),
        Ambiguous("http_401", throttled=False),
        Ambiguous("http_429", throttled=True, retry_after=30),
        Ambiguous("http_503", retry_after=120),
        Refused("workspace_in_use", Scope.MOMENT),
    ],
    ids=lambda each: each.code,
)
async def test_a_filter_on_all_answers_doubles_nothing(answer, can_be_asked):
    """F4: requests get through, and every answer, that of the harmless read too, is turned into a refusal."""
    world = await town(**({} if can_be_asked else OLD))
    open_at, paid = world.clock.now().timestamp() + 40 * MINUTE, []
    receipts = world.city.receipts

    def filtered():
        return world.clock.now().timestamp() < open_at

    async def create_receipt(_, order):
        world.city.orders.append(order)
        made = world.city.make(order)
        return answer if filtered() else Accepted(made.receipt_number)

    async def reachable(*_):
        return not filtered()

    async def listed(*asked):
        return [] if filtered() else await receipts(*asked)

    world.city.create_receipt, world.city.reachable, world.city.receipts = create_receipt, reachable, listed
    for _ in range(40):
        await world.deliver(each := small())
        paid.append(each)
        await world.pass_time(MINUTE)
    await world.pass_time(3 * HOUR)
    assert [live(world, each) for each in paid] == [1] * 40
    assert world.city.doubled() == 0
    states = [(await world.entry(each)).state for each in paid]
    assert states.count(State.POSTED) >= (40 if can_be_asked else 38), "no more doubts than slots"


async def test_one_cause_makes_no_more_doubts_than_there_are_slots():
    world = await town()
    paid = [small() for _ in range(30)]
    world.city.next(*[Ambiguous("http_403")] * 30)
    world.city.up = False
    for each in paid:
        await world.deliver(each)
    await world.pass_time(HOUR)
    states = [(await world.entry(each)).state for each in paid]
    assert (states.count(State.UNKNOWN), states.count(State.RECEIVED)) == (1, 29)
