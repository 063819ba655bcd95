"""Tokens that are refused or due, on the whole stack: each is renewed once, and every payment posted."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.azure_stores.table_tokens import TableTokens
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message
from tests.waiting import until, until_empty

CITY = Biller.model_validate(NEWPORT | {"clientId": "client", "tokenStrategy": "client_credentials"})
CITIES = [
    CITY.model_copy(update={"biller_id": str(number), "subdomain": f"city{number}", "client_id": f"client-{number}"})
    for number in range(1, 51)
]
LINES = [json.dumps(message()) for _ in range(500)]
POSTED_BEFORE = 100
LATENCY_MS = 20
"""So slow that the others take seconds, however fast the host is: the token surely ends before the last of them."""
HASTY_EVIDENCE = {
    "LEDGER_ASKS_SECONDS": "5,20,40,60,90,120,180,240",
    "LEDGER_SETTLE_SECONDS": "15",
    "LEDGER_UNSEEN_LAG_SECONDS": "5",
    "LEDGER_ABSENCE_GAP_SECONDS": "10",
    "LEDGER_AFTER_MARGIN_SECONDS": "2",
}
"""What was under way as the token ended is in doubt: proved absent in seconds, not in half an hour."""
SLOTS = 2


@pytest.fixture
def one_city(tmp_path):
    with Stack(tmp_path / "state", [CITY], LINES, settings=HASTY_EVIDENCE) as running:
        yield running


@pytest.fixture
def two_hosts(tmp_path):
    with Stack(tmp_path / "state", CITIES) as running:
        running.start_host()
        yield running


@pytest.mark.timeout(600)
async def test_payments_go_on_while_the_token_ends_in_the_middle(one_city):
    async with (
        SimulatorControl(one_city.control_url) as control,
        QueueServiceClient.from_connection_string(one_city.storage) as queues,
        TableClient.from_connection_string(one_city.storage, "tokens") as table,
    ):
        before = await TableTokens(table).read("2493")
        await control.switch("newportor", latencyMs=LATENCY_MS)
        await control.forget_calls()
        traffic = Traffic(queues, LINES)
        sending = asyncio.create_task(traffic.enqueue())
        collecting = asyncio.create_task(traffic.collect(patience=240, each_time=lambda: None))

        async def some_are_posted():
            assert not collecting.done(), traffic.unsettled()
            return (await control.summary())["2493"]["receipts"] >= POSTED_BEFORE

        await until(some_are_posted, seconds=240)
        await control.revoke_tokens("newportor")
        assert (await control.summary())["2493"]["receipts"] < len(LINES)
        await sending
        assert await collecting, traffic.unsettled()
        assert traffic.counts() == {"posted": len(LINES)}
        summary = (await control.summary())["2493"]
        assert (summary["receipts"], summary["doubled"]) == (len(LINES), 0)
        calls = (await control.calls())["2493"]
        assert calls["token"] == 1
        assert len(LINES) < calls["create_receipt"] <= len(LINES) + SLOTS
        row = await TableTokens(table).read("2493")
        assert (row.generation, row.renewal.holder) == (before.generation + 1, None)


@pytest.mark.timeout(400)
async def test_two_hosts_renew_fifty_tokens_that_are_due_at_once_with_fifty_requests(two_hosts):
    async with (
        SimulatorControl(two_hosts.control_url) as control,
        QueueServiceClient.from_connection_string(two_hosts.storage) as queues,
        TableClient.from_connection_string(two_hosts.storage, "tokens") as table,
    ):
        rows = TableTokens(table)
        await control.forget_calls()
        before = {city.biller_id: await _make_due(rows, city.biller_id) for city in CITIES}
        await asyncio.gather(*(_run_timer(host) for host in two_hosts.hosts))
        await _until_all_are_renewed(rows, before)
        await until_empty(queues, "token-renewals")
        asked = {biller_id: calls.get("token", 0) for biller_id, calls in (await control.calls()).items()}
        assert asked == dict.fromkeys(before, 1)
        after = [await rows.read(biller_id) for biller_id in before]
        assert {row.generation for row in after} == {generation + 1 for generation in before.values()}


async def _make_due(rows, biller_id):
    """Let the token expire in ten days, so that a renewal is due now; its generation."""
    row, now = await rows.read(biller_id), datetime.now(UTC)
    ending = {"expires_at": now + timedelta(days=10), "due_at": now, "since": now - timedelta(days=170)}
    assert await rows.write(row.model_copy(update=ending), replaces=row)
    return row.generation


async def _run_timer(host):
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        url, key = f"{host.url}/admin/functions/sweep_tokens", {"x-functions-key": host.keys.master}
        assert (await http.post(url, json={"input": ""}, headers=key)).status_code == 202


async def _until_all_are_renewed(rows, before):
    async def renewed(biller_id):
        return (await rows.read(biller_id)).generation != before[biller_id]

    for biller_id in before:
        await until(lambda biller_id=biller_id: renewed(biller_id), seconds=300)
