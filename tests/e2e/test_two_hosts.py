"""Two hosts on one storage: together they never send more at once than a biller has slots."""

import asyncio
import json

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.billers_file import read_billers
from local.processes import ROOT
from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.billers import capabilities

SAMPLES = ROOT / "local/samples"
PER_BILLER = 40
HOSTS = 2
SETTINGS = {
    "LEDGER_DEADLINE_SECONDS": "150",
    "LEDGER_LEASE_SECONDS": "300",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500",
}
"""Times that a busy machine keeps, too, once they are divided; and hosts that look often enough for both to get some."""


def _lines():
    """Payments that will be posted, as many of each biller."""
    texts = (SAMPLES / "payments.jsonl").read_text().splitlines()
    expected = json.loads((SAMPLES / "expected.json").read_text())["lines"]
    good = [text for text, line in zip(texts, expected, strict=True) if line["outcome"] == "posted"]
    by_biller = {}
    for text in good:
        by_biller.setdefault(json.loads(text)["billerId"], []).append(text)
    return [text for texts in zip(*(each[:PER_BILLER] for each in by_biller.values()), strict=True) for text in texts]


LINES = _lines()


@pytest.fixture
def stack(tmp_path):
    billers = read_billers(SAMPLES / "billers.json")
    with Stack(tmp_path / "state", billers, LINES, time_divisor=10, settings=SETTINGS) as running:
        for _ in range(HOSTS - 1):
            running.start_host()
        yield running


@pytest.mark.timeout(300)
async def test_a_biller_s_slots_are_counted_over_both(stack, tmp_path):
    async with (
        QueueServiceClient.from_connection_string(stack.storage) as queues,
        SimulatorControl(stack.control_url) as control,
    ):
        for biller in stack.billers:
            await control.switch(biller.subdomain, latencyMs=100)
        traffic = Traffic(queues, LINES)
        sending = asyncio.create_task(traffic.enqueue())
        assert await traffic.collect(patience=60, each_time=lambda: None), traffic.unsettled()
        await sending
        most = await control.most_writing()
    assert traffic.counts() == {"posted": len(LINES)}
    assert most == {biller.biller_id: capabilities.slots(biller) for biller in stack.billers}
    logs = list(tmp_path.rglob("functions-host-*.log"))
    assert [("payment.posted" in log.read_text()) for log in logs] == [True] * HOSTS
