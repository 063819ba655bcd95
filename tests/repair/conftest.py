import pytest

from shared.runtime.repair_parts import RepairParts
from tests.payments.world import World
from tests.repair.world import person


@pytest.fixture
async def world() -> World:
    world = World()
    await world.set_up()
    return world


@pytest.fixture
def admin(world: World) -> RepairParts:
    return person(world)
