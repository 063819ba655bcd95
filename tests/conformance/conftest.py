"""What the conformance tests share: a table, and a city before the simulator."""

import secrets
import uuid
from contextlib import AsyncExitStack, aclosing
from types import SimpleNamespace

import httpx
import pytest
from azure.data.tables.aio import TableClient

from local.processes import Child
from local.simulator.client import SimulatorControl
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from tests.conformance.newport import SETUP, Token


@pytest.fixture
async def table(azurite):
    """A table of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    async with TableClient.from_connection_string(azurite.connection_string, name) as client:
        await client.create_table()
        yield client


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    """One for all of them: each test puts its own billers into it."""
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    with Child.module("simulator", "local.simulator", log=log) as child:
        yield SimpleNamespace(**child.wait_ready())


@pytest.fixture
async def caselle(simulator):
    """The real client, a simulator with nothing but Newport in it, and its control."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(SimulatorControl(simulator.controlUrl))
        secret = secrets.token_urlsafe(16)
        await control.put_billers([SETUP | {"clientSecret": secret}])
        base = await stack.enter_async_context(httpx.AsyncClient())
        wire = await stack.enter_async_context(aclosing(Wire(simulator.caselleUrl, 30)))
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": secret}
        token = (await base.post(simulator.tokenUrl, data=form)).json()["access_token"]
        client = CaselleClient(wire, Token(token), 30)
        yield SimpleNamespace(client=client, cash=CaselleCashReceipting(client), control=control)
