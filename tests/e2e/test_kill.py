"""The functions host is killed in the middle of its work and started again: nothing is lost, nothing posted twice."""

import asyncio
import json
from collections import Counter

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.billers_file import read_billers
from local.demo import read_ledger
from local.processes import ROOT
from local.report import Findings
from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.ledger.entry import State
from tests.waiting import until

SAMPLES = ROOT / "local/samples"
FIRST_LINES = 100
SETTLED_BEFORE_THE_KILL = 8
PATIENT = {"LEDGER_DEADLINE_SECONDS": "250", "LEDGER_LEASE_SECONDS": "400"}
"""Divided like all the others; the usual ones would be shorter than a busy machine's own delays."""
SOON_ASKED = {
    "LEDGER_ASKS_SECONDS": "60,450,700,1000,1500,3000",
    "LEDGER_SETTLE_SECONDS": "450",
    "LEDGER_ABSENCE_GAP_SECONDS": "200",
    "LEDGER_UNSEEN_LAG_SECONDS": "200",
}
"""A payment that the kill kept from leaving is sent again within seconds."""
CANNOT_BE_ASKED = "3180"
"""Its release of Connect has no query for receipts."""


def _lines():
    """Some sample lines with their expected outcomes; repetitions only of payments that are among them."""
    texts = (SAMPLES / "payments.jsonl").read_text().splitlines()
    expected = json.loads((SAMPLES / "expected.json").read_text())["lines"]
    chosen = list(zip(texts[:FIRST_LINES], expected[:FIRST_LINES], strict=True))
    known = {line["id"] for _, line in chosen}
    repeated = zip(texts[FIRST_LINES:], expected[FIRST_LINES:], strict=True)
    chosen += [(text, line) for text, line in repeated if line["id"] and line["id"] in known]
    return [text for text, _ in chosen], [line["outcome"] for _, line in chosen]


LINES, EXPECTED = _lines()


@pytest.fixture
def stack(tmp_path):
    billers = read_billers(SAMPLES / "billers.json")
    with Stack(
        tmp_path / "state", billers, LINES, time_divisor=50, queue_lease=3, settings=PATIENT | SOON_ASKED
    ) as running:
        yield running


@pytest.fixture
async def queues(stack):
    async with QueueServiceClient.from_connection_string(stack.storage) as client:
        yield client


@pytest.fixture
async def control(stack):
    async with SimulatorControl(stack.control_url) as client:
        yield client


@pytest.mark.timeout(300)
async def test_killed_and_started_again(stack, queues, control):
    traffic = Traffic(queues, LINES)
    await _slow_down(control)
    sending = asyncio.create_task(traffic.enqueue())
    collecting = asyncio.create_task(traffic.collect(patience=45, each_time=lambda: None))
    await until(lambda: traffic.counts().total() >= SETTLED_BEFORE_THE_KILL, pause=0.05)
    await _until_a_receipt_is_under_way(control)

    stack.kill_host()
    caught = {entry.key for entry in await read_ledger(stack.storage) if entry.state is State.SENDING}
    for biller in stack.billers:
        await control.switch(biller.subdomain, latencyMs=0)
    stack.start_host()

    await sending
    assert await collecting, traffic.unsettled()
    findings = await _findings(stack, traffic, control)
    assert findings.disagreements == []
    assert [biller["doubled"] for biller in findings.summary.values()] == [0, 0, 0]
    in_doubt = {key for key in caught if key.biller == CANNOT_BE_ASKED}
    assert in_doubt
    assert {entry.key for entry in findings.held if entry.reason == "outcome_unknown"} == in_doubt
    assert traffic.counts() == _expected_counts(len(in_doubt))


async def _slow_down(control):
    """So that some payments are certainly on their way when the host dies; well below the divided deadline."""
    for subdomain, milliseconds in (("newportor", 150), ("ictest", 150), ("cedarflats", 1500)):
        await control.switch(subdomain, latencyMs=milliseconds)


async def _until_a_receipt_is_under_way(control):
    """Until the biller that cannot be asked has just been sent one, which takes it a while to answer."""

    async def sent():
        return (await control.calls())[CANNOT_BE_ASKED].get("create_receipt", 0)

    before = await sent()

    async def another():
        return await sent() != before

    await until(another, pause=0.01)


async def _findings(stack, traffic, control):
    return Findings(
        counts=traffic.counts(),
        unsettled=traffic.unsettled(),
        results=list(traffic.results.values()),
        entries=await read_ledger(stack.storage),
        receipts=await control.receipts(),
        summary=await control.summary(),
        seconds=0,
    )


def _expected_counts(in_doubt):
    counts = Counter(EXPECTED)
    counts.update(held=in_doubt, posted=-in_doubt)
    return counts
