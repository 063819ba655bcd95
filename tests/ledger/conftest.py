import pytest

from tests.ledger.world import FaultyWorld


@pytest.fixture
async def world() -> FaultyWorld:
    world = FaultyWorld()
    await world.set_up()
    return world
