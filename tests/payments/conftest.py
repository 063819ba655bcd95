import pytest

from tests.payments.world import World


@pytest.fixture
async def world() -> World:
    world = World()
    await world.set_up()
    return world


@pytest.fixture
async def here() -> World:
    """A stamp that a biller moves away from."""
    world = World()
    await world.set_up(rejectStrategy="void")
    return world


@pytest.fixture
async def there(here: World) -> World:
    """Another stamp: its own table, the same city and the same time."""
    world = World(clock=here.clock)
    world.city = here.city
    world.app = world.process()
    return world
