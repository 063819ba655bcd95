import pytest

from shared.ledger.unfinished import Unfinished
from shared.open_items.ask import AskOpenItems
from tests.fakes.receivable import MemoryReceivable
from tests.payments.world import World

PATIENT = 20.0
OWED = {"000412": {"10023": "100.00", "10044": "25.40"}, "000413": {"10050": "7.00"}}


class Portal:
    """The use case over the in-memory world of payments, and what a test needs to look at."""

    def __init__(self, world):
        self.world = world
        self.receivable = MemoryReceivable(world.city, {number: dict(owed) for number, owed in OWED.items()})
        self.ask = self.with_patience(PATIENT)

    def with_patience(self, seconds):
        return AskOpenItems(
            billers=self.world.billers,
            receivable=self.receivable,
            unfinished=Unfinished(self.world.store),
            regions=frozenset({"westus2"}),
            within=seconds,
        )

    async def items(self, customer="000412"):
        return await self.ask.items("2493", customer)

    async def invoice(self, number, customer="000412"):
        return await self.ask.invoice("2493", customer, number)


@pytest.fixture
async def world():
    world = World()
    await world.set_up()
    return world


@pytest.fixture
def portal(world):
    return Portal(world)
