"""Two admins at once: every order of their calls to the table, and a lost answer at each commit."""

import asyncio
import itertools

import pytest

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.repair.decision import Decision, NotAllowed
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Fault, FaultyLedger
from tests.payments.world import World, key_of, message
from tests.repair.world import SINCE, person, told

_ORDERS = sorted({tuple(order) for order in itertools.permutations("a" * 3 + "b" * 3)})


class InTurn:
    """Lets two processes call the table in a given order, then as they like; one commit may lose its answer."""

    def __init__(self, order: str, lost: str | None) -> None:
        self._order = list(order)
        self._lost = lost
        self._next = asyncio.Condition()
        self._done: set[str] = set()

    async def call(self, name: str, what: str) -> Fault:
        async with self._next:
            await self._next.wait_for(lambda: self._turn() in {name, None})
            if self._order and self._turn() == name:
                self._order.remove(name)
            self._next.notify_all()
        if what == "commit" and self._lost == name:
            self._lost = None
            return Fault.ANSWER_LOST
        return Fault.NONE

    async def end(self, name: str) -> None:
        async with self._next:
            self._done.add(name)
            self._next.notify_all()

    def _turn(self) -> str | None:
        return next((name for name in self._order if name not in self._done), None)


async def _held():
    world = World()
    await world.set_up(connectVersion="2024.05")
    paid = message()
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(paid)
    world.clock.advance(SINCE)
    return world, paid


async def _both(world, order, lost, acts):
    """Run two acts, each with its own way to the table; who got through."""
    turns = InTurn(order, lost)

    async def run(name, act):
        async def plan(what: str) -> Fault:
            return await turns.call(name, what)

        try:
            await act(person(world, FaultyLedger(world.store, plan)), Decision(name, f"says {name}", not_by_hand=True))
        except (NotAllowed, Unavailable) as refused:
            return type(refused)
        else:
            return name
        finally:
            await turns.end(name)

    ended = await asyncio.gather(*(run(name, act) for name, act in zip("ab", acts, strict=True)))
    return [each for each in ended if isinstance(each, str)]


def _posted(paid, number):
    return lambda admin, said: admin.resolve.posted(key_of(paid), number, said, override=True)


def _not_posted(paid):
    return lambda admin, said: admin.resolve.not_posted(key_of(paid), said)


def _retried(paid):
    return lambda admin, said: admin.retry(key_of(paid), said, override=True)


@pytest.mark.parametrize("lost", [None, "a", "b"])
@pytest.mark.parametrize("order", _ORDERS, ids="".join)
async def test_one_of_two_resolves_a_payment(order, lost):
    """One through, the other refused; the state, the event and what Invoice Cloud is told are the first one's."""
    world, paid = await _held()
    winners = await _both(world, order, lost, [_posted(paid, "5.00017"), _not_posted(paid)])
    entry, steps = await world.entry(paid), (await person(world).show(key_of(paid))).steps
    assert len(winners) == 1
    assert steps[-1].by == winners[0]
    assert [step.was for step in steps].count("held") == 1
    assert entry.state is (State.POSTED if winners == ["a"] else State.NOT_POSTED)
    assert await told(world) == [f"{entry.state} {paid['paymentId']}"]


@pytest.mark.parametrize("lost", [None, "a", "b"])
@pytest.mark.parametrize("order", _ORDERS, ids="".join)
async def test_a_retry_and_a_resolution_never_both_count(order, lost):
    """Resolved as posted or sent once more, never both: the money is in Caselle once."""
    world, paid = await _held()
    winners = await _both(world, order, lost, [_retried(paid), _posted(paid, "5.00017")])
    assert len(winners) == 1
    await told(world)
    sent_again = len(world.city.orders) == 2
    assert sent_again == (winners == ["a"])
    assert (await world.entry(paid)).state is State.POSTED
