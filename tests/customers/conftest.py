import pytest

from tests.customers.world import ON, World


@pytest.fixture
async def world() -> World:
    """Newport, with both operations on."""
    world = World()
    await world.set_up(**ON)
    return world
