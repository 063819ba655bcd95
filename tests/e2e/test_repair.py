"""A person mends what is held, on the whole stack: the money arrives once, Invoice Cloud is told, the books fit."""

import asyncio
import json
from datetime import datetime, timedelta

import httpx
import pytest
from azure.storage.queue.aio import QueueServiceClient

from admin.__main__ import main
from admin.address import of_stack
from admin.options import Options, use
from admin.stamp import opened
from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.azure_stores.table_findings import TableFindings
from shared.billers.model import Biller
from shared.exchange.result import Outcome
from shared.ledger.due import due_of, to_message
from shared.ledger.entry import Key, Kind
from tests.payments.world import NEWPORT, message
from tests.waiting import until, until_empty

CITY = Biller.model_validate(NEWPORT)
DEPOSITED = (datetime.now(CITY.zone) - timedelta(days=2)).date().isoformat()
DEPOSIT = {"settlementDate": DEPOSITED, "depositId": "d-1"}
POSTED = message(**DEPOSIT)
HELD = message(**DEPOSIT, tender="VENMO")
NEVER_CAME = message(**DEPOSIT)
LINES = [json.dumps(each) for each in (POSTED, HELD)]
SAID = ("--reason", "the code is set", "--yes")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("stack") / "state"


@pytest.fixture(scope="module")
def stack(state):
    with Stack(state, [CITY], LINES, settings={"BILLER_CACHE_SECONDS": "0"}) as running:
        yield running


def icadmin(state, *arguments):
    """Run a command; one that fails ends the test."""
    with pytest.raises(SystemExit) as ended:
        main(["--local", "--local-state", str(state), *arguments])
    use(Options())
    assert not ended.value.code


@pytest.mark.timeout(300)
def test_what_was_held_is_posted_once_after_a_retry_and_the_night_finds_what_never_came(stack, state, capsys):
    first = asyncio.run(_sent(stack))
    assert sorted(str(result.outcome) for result in first.values()) == ["held", "posted"]

    icadmin(state, "biller", "set", "2493", "applications.AR.paymentCodes.VENMO=7", "--yes")
    icadmin(state, "payments", "retry", "2493", "--cause", "unknown_tender", "--not-by-hand", *SAID)
    told = asyncio.run(_driven(stack, state))
    assert (told["outcome"], told["id"], told["final"]) == ("posted", HELD["paymentId"], True)

    assert asyncio.run(_receipts(stack)) == 2
    capsys.readouterr()
    icadmin(state, "report", "2493", "--from", DEPOSITED, "--json")
    [bank, other] = json.loads(capsys.readouterr().out)["totals"]
    assert (bank["tender"], bank["net"]) == ("ACH", "125.40")
    assert (other["tender"], other["net"]) == ("VENMO", "125.40")

    findings = asyncio.run(_night(stack, state))
    assert [(str(each.what), each.subject) for each in findings if each.what != "deposit_differs"] == [
        ("not_enqueued", NEVER_CAME["paymentId"]),
        ("total_differs", "d-1~AR~ACH"),
    ]


async def _sent(stack):
    """Both payments on their way, and what was told of each."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, LINES)
        await traffic.enqueue()
        assert await traffic.collect(patience=60, each_time=lambda: None), traffic.unsettled()
        return traffic.results


async def _driven(stack, state):
    """The step that the sweeper would send, and the result that follows."""
    async with (
        opened(of_stack(state / "stack.json")) as stamp,
        QueueServiceClient.from_connection_string(stack.storage) as queues,
    ):
        entry = await stamp.ledger.read(Key("2493", Kind.PAYMENT, HELD["paymentId"]))
        await queues.get_queue_client("due").send_message(to_message(due_of(entry)))
        results = queues.get_queue_client("posting-results")

        async def told():
            found = [json.loads(each.content) async for each in results.receive_messages()]
            return next((each for each in found if each["outcome"] == Outcome.POSTED), None)

        return await until(told)


async def _receipts(stack):
    async with SimulatorControl(stack.control_url) as control:
        summary = (await control.summary())["2493"]
        assert summary["doubled"] == 0
        return summary["receipts"]


async def _night(stack, state):
    """Invoice Cloud's total of a payment that it never enqueued, and the run of the timer."""
    total = {"schemaVersion": 1, "billerId": "2493", "application": "AR", "tender": "ACH", "day": DEPOSITED}
    total |= {"depositId": "d-1", "count": 2, "amount": "250.80"}
    total |= {"paymentIds": [POSTED["paymentId"], NEVER_CAME["paymentId"]]}
    async with (
        opened(of_stack(state / "stack.json")) as stamp,
        QueueServiceClient.from_connection_string(stack.storage) as queues,
    ):
        await queues.get_queue_client("control-totals").send_message(json.dumps(total))
        await until_empty(queues, "control-totals")
        findings = TableFindings(stamp.stores.table("reconciliation"))
        # In some hours of the day the host's own timer has had its night already.
        await findings.replace("2493", None, [])
        began_on = _city_s_day()
        await _run(stack, "reconcile")
        done_for = await until(lambda: findings.done_for("2493"))
        assert began_on <= done_for <= _city_s_day()
        await _run(stack, "retain")
        return await findings.of("2493")


def _city_s_day():
    return datetime.now(CITY.zone).date()


async def _run(stack, name):
    """Let a timer's function run now."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        [host] = stack.hosts
        key = {"x-functions-key": host.keys.master}
        answer = await http.post(f"{host.url}/admin/functions/{name}", json={"input": ""}, headers=key)
        assert answer.status_code == 202
