import pytest

from tests.payments.world import World


@pytest.fixture
async def world() -> World:
    world = World()
    await world.set_up()
    return world
