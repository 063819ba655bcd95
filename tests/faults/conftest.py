"""A Caselle simulator for all tests here, with one city in it that each test finds empty."""

from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import pytest

from local.processes import Child
from local.simulator.client import SimulatorControl
from tests.faults.network_app import City, Line, certificate_of_nobody, found_cities, line_to


@pytest.fixture(scope="module")
def simulator(tmp_path_factory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("simulator")
    with Child.module("simulator", "local.simulator", log=folder / "log") as child:
        yield SimpleNamespace(**child.wait_ready(), certificate=certificate_of_nobody(folder))


@pytest.fixture
async def control(simulator) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(simulator.controlUrl) as client:
        yield client


@pytest.fixture
async def city(simulator, control) -> City:
    [city] = await found_cities(simulator.tokenUrl, control, 1)
    return city


@pytest.fixture
async def line(simulator) -> AsyncIterator[Line]:
    async with line_to(simulator.caselleUrl, simulator.certificate) as line:
        yield line
