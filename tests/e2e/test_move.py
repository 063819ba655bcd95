"""A biller moves to another stamp in the middle of a run, with every message repeated on both sides."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from local.processes import ROOT
from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.billers.model import Biller
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State
from shared.runtime.clock import SystemClock
from tests.payments.world import NEWPORT, message

pytestmark = pytest.mark.timeout(600)

CITY = Biller.model_validate(NEWPORT)
NEIGHBOUR = Biller.model_validate(NEWPORT | {"billerId": "2137", "subdomain": "ictest", "region": "eastus2"})
PAYMENTS = [message() for _ in range(60)]
LINES = [json.dumps(payment) for payment in PAYMENTS]
AT_ONCE = {"BILLER_CACHE_SECONDS": "0", "KEY_CACHE_SECONDS": "0"}
PATIENCE = 180


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: tmp_path_factory.mktemp(name) / "state" for name in ("west", "east")}


@pytest.fixture(scope="module")
def west(folders):
    with Stack(folders["west"], [CITY], LINES, settings=AT_ONCE) as stack:
        yield stack


@pytest.fixture(scope="module")
def east(folders, west):
    caselle = {"caselle_url": west.simulator.caselle_url, "token_url": west.simulator.token_url}
    with Stack(folders["east"], [NEIGHBOUR], settings=AT_ONCE, **caselle) as stack:
        yield stack


def moving(folders, west):
    """The command, as an admin gives it."""
    key = west.callback_urls["2493"].partition("?BK=")[2]
    command = [sys.executable, "-m", "admin", "--local", "--local-state", str(folders["west"])]
    command += ["biller", "move", "2493", "--region", "eastus2", "--to-local-state", str(folders["east"])]
    command += ["--reason", "the region closes", "--yes"]
    return subprocess.run(  # noqa: S603 - a fixed command
        command, input=key, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=300
    )


async def states(stack):
    """How the payments stand in a stamp's ledger."""
    async with TableClient.from_connection_string(stack.storage, "ledger") as table:
        ledger = Ledger(TableLedger(table, ServerTime(SystemClock())))
        found = [await ledger.read(Key("2493", Kind.PAYMENT, payment["paymentId"])) for payment in PAYMENTS]
    return [entry.state if entry else None for entry in found]


async def begun(control):
    """Until a quarter is posted."""
    async with asyncio.timeout(PATIENCE):
        while (await control.summary())["2493"]["receipts"] < len(LINES) // 4:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def settled(stack):
    """The states once nothing is left to be sent, or when patience ends."""
    async with asyncio.timeout(PATIENCE):
        while (found := set(await states(stack))) & {None, State.RECEIVED, State.SENDING, State.UNKNOWN}:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.5)  # the timer that goes on with what waited runs once a minute
    return found


async def test_nothing_is_doubled_and_nothing_is_lost(west, east, folders):
    async with (
        SimulatorControl(west.control_url) as control,
        QueueServiceClient.from_connection_string(west.storage) as old,
        QueueServiceClient.from_connection_string(east.storage) as new,
    ):
        await control.switch("newportor", latencyMs=150)
        first = Traffic(old, LINES)
        sending = asyncio.create_task(first.enqueue())
        await begun(control)
        done = await asyncio.to_thread(moving, folders, west)
        assert done.returncode == 0, done.stdout + done.stderr
        await sending
        repeated_here, repeated_there = Traffic(old, LINES), Traffic(new, LINES)
        await repeated_here.enqueue()
        await repeated_there.enqueue()
        assert await settled(east) == {State.POSTED}
        summary = (await control.summary())["2493"]
    assert (summary["receipts"], summary["doubled"]) == (len(LINES), 0)


async def test_the_moved_token_and_key_serve_at_the_new_home(west, east, folders):
    said = subprocess.run(  # noqa: S603, ASYNC221 - a fixed command; nothing else runs
        [sys.executable, "-m", "admin", "--local", "--local-state", str(folders["east"]), "status", "2493", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(said.stdout)
    assert (shown["mode"], shown["open"], shown["tokenDays"] > 100) == ("live", 0, True)
