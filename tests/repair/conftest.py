import pytest

from tests.payments.world import World
from tests.repair.world import Person, person


@pytest.fixture
async def world() -> World:
    world = World()
    await world.set_up()
    return world


@pytest.fixture
def admin(world: World) -> Person:
    return person(world)
