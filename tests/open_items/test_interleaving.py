"""Payments that move while Caselle is being asked: none may be missing from its answer and from ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.open_items.conftest import Portal
from tests.payments.world import World, message

POINTS = ("before the question", "before Caselle reads", "after Caselle has read", "after the answer")
PAUSED = {"reason": "year end"}
CENTS = 100


class Day:
    """Payments of one customer, each taken at one point and posted at another."""

    def __init__(self):
        self.world = World()
        self.portal = Portal(self.world)

    async def take(self, payment):
        """It comes in and waits."""
        await self.world.set_up(paused=PAUSED)
        await self.world.deliver(payment)
        await self.world.set_up()

    async def post(self, payment):
        """The sweeper drives it."""
        entry = await self.world.entry(payment)
        await self.world.set_up()
        await self.world.app.drive.drivers[entry.key.kind].go_on(entry)

    async def ask(self, plans):
        """The answer, while each payment of ``(payment, taken, posted)`` moves at its points."""

        async def pass_point(number):
            for payment, taken, posted in plans:
                if taken == number:
                    await self.take(payment)
                if posted == number:
                    await self.post(payment)

        await self.world.set_up()
        await pass_point(0)
        self.portal.receivable.before_reading = lambda: pass_point(1)
        self.portal.receivable.after_reading = lambda: pass_point(2)
        return await self.portal.items()


def payment():
    return message(amount="1.00", allocations=[{"invoiceNumber": "10023", "amount": "1.00"}])


moves = st.tuples(st.integers(0, 2), st.integers(0, 3)).filter(lambda move: move[0] <= move[1])


@given(st.lists(moves, min_size=1, max_size=4))
async def test_whatever_was_taken_before_the_question_is_never_collected_again(plan):
    day = Day()
    owed = await day.ask([(payment(), taken, posted) for taken, posted in plan])
    known = sum(CENTS for taken, posted in plan if taken == 0)
    assert owed.collectable <= 12540 - known
    assert owed.open_items[0].collectable <= 10000 - known


@given(st.lists(moves, min_size=1, max_size=4))
async def test_whatever_is_pending_once_the_answer_is_there_is_in_it(plan):
    day = Day()
    owed = await day.ask([(payment(), taken, posted) for taken, posted in plan])
    on_its_way = sum(CENTS for _, posted in plan if posted == 3)
    assert owed.pending_amount >= on_its_way


@pytest.mark.parametrize(
    ("posted", "balance", "pending"), [(0, 12440, 0), (1, 12440, 100), (2, 12540, 100), (3, 12540, 100)]
)
async def test_a_payment_posted_during_the_call_is_at_worst_in_both(posted, balance, pending):
    """Then too little is asked for once; the next answer is right."""
    day = Day()
    owed = await day.ask([(payment(), 0, posted)])
    assert (owed.balance, owed.pending_amount) == (balance, pending), POINTS[posted]
    if posted < 3:
        following = await day.ask([])
        assert (following.balance, following.pending_amount, following.collectable) == (12440, 0, 12440)
