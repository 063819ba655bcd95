"""``docs/region-lost.md`` is followed to the letter: its commands, in its order, at a stamp that knows nothing any more."""

import asyncio
import json
import re
import secrets
import shlex
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.csm import CUSTOMER
from local.demo import read_ledger
from local.simulator.client import SimulatorControl
from local.traffic import Traffic
from shared.ledger.rows import shard_of
from tests.admin.cities import complete, switch
from tests.payments.world import message
from tests.waiting import until

PAGE = Path(__file__).parents[2] / "docs/region-lost.md"
COMMAND = re.compile(r"^\.venv/bin/python -m admin --stamp eastus2\.prod (.*)$", re.MULTILINE)
UNLISTED = "2024.05.010"
"""A release without the query for receipts."""
_cities = count(690_001)


@pytest.fixture
def city(stack, state):
    return asyncio.run(complete(stack, state, str(next(_cities))))


def payment(city, **changes):
    share = {"allocations": [{"invoiceNumber": "10023", "amount": "1.00"}], "amount": "1.00"}
    paid = {"paidAt": datetime.now(UTC).isoformat(), "customerNumber": CUSTOMER}
    return message(billerId=city.biller_id, **share | paid | changes)


async def enqueued(stack, messages, *, sweeping=False):
    """What Invoice Cloud was told of these, as it came by the queue; ``sweeping``: the sweeper need not wait its minute."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, [json.dumps(each) for each in messages])
        await traffic.enqueue()
        if sweeping:
            await swept_once_known(stack, messages)
        await traffic.collect(patience=30, each_time=lambda: None)
        return [traffic.results[id_] for id_ in traffic.message_ids if id_ in traffic.results]


async def swept_once_known(stack, messages):
    """Have the sweeper run when all of them are in the ledger."""
    ids = {each["paymentId"] for each in messages}

    async def known():
        return ids <= {entry.key.id for entry in await read_ledger(stack.storage)}

    await until(known)
    host = stack.hosts[0]
    async with httpx.AsyncClient(trust_env=False) as http:
        key = {"x-functions-key": host.keys.master}
        answer = await http.post(f"{host.url}/admin/functions/sweep", json={"input": ""}, headers=key)
        assert answer.is_success


async def lost(stack, biller):
    """Everything that the stamp knew of the biller."""
    shard = shard_of(biller)
    async with TableServiceClient.from_connection_string(stack.storage) as tables:
        ledger = tables.get_table_client("ledger")
        async for row in ledger.query_entities("PartitionKey eq @shard", parameters={"shard": shard}):
            if f"~{biller}" in row["RowKey"]:
                await ledger.delete_entity(row)
        for name in ("billers", "tokens", "callbackkeys"):
            async for row in tables.get_table_client(name).list_entities():
                if biller in f"{row['RowKey']} {row.get('key', '')}":
                    await tables.get_table_client(name).delete_entity(row)


async def delivered(stack, city, key):
    """The CSM adds the third party's new URL, and Caselle delivers the token."""
    async with SimulatorControl(stack.control_url) as control:
        url = f"{stack.functions_url}/api/ICOAuthTokenProcessor?BK={key}"
        await control.switch(city.subdomain, callbackUrl=url)
        assert await control.deliver_token(city.subdomain) == 200


async def receipts(stack, city):
    async with SimulatorControl(stack.control_url) as control:
        return (await control.summary())[city.biller_id]


def commands(city, tmp_path, loss):
    """The page's, for this city and this machine."""
    placed = {
        "2493": city.biller_id,
        "billers.json": str(tmp_path / "billers.json"),
        "results.jsonl": str(tmp_path / "results.jsonl"),
        "2026-12-04T09:30:00Z": loss,
    }
    for line in COMMAND.findall(PAGE.read_text(encoding="utf-8")):
        yield [placed.get(word, word).replace("2026-12-04T09:30:00Z", loss) for word in shlex.split(line)]


def went_live(icadmin, city):
    assert icadmin("biller", "confirm", city.biller_id, "all", "--reason", "seen", "--yes").code == 0
    assert icadmin("biller", "check", city.biller_id).code == 0
    going = ("biller", "go-live", city.biller_id, "--at", "2026-11-01T00:00", "--override", "0", "--yes")
    assert icadmin(*going).code == 0


def test_each_payment_is_posted_once_and_told_as_it_was(icadmin, stack, city, tmp_path):
    went_live(icadmin, city)
    first, held, second = payment(city), payment(city, tender="VENMO"), payment(city)
    told = asyncio.run(enqueued(stack, [first, held, second]))
    assert [each.outcome for each in told] == ["posted", "held", "posted"]
    kept = [each.model_dump_json(by_alias=True) for each in told]
    (tmp_path / "results.jsonl").write_text("\n".join(kept), encoding="utf-8")
    assert icadmin("biller", "export", city.biller_id, "--out", tmp_path / "billers.json").code == 0
    standing = f"# billerId {city.biller_id}, mode live, goLiveAt 2026-11-01T00:00:00-07:00"
    assert standing in (tmp_path / "billers.json").read_text()
    asyncio.run(lost(stack, city.biller_id))
    assert icadmin("payments", "show", city.biller_id, first["paymentId"]).code != 0

    _follow(icadmin, stack, city, commands(city, tmp_path, datetime.now(UTC).isoformat()))

    again = asyncio.run(enqueued(stack, [held, first, second, later := payment(city)]))
    assert [each.outcome for each in again] == ["held", "posted", "posted", "posted"]
    assert [each.receipt_number for each in again[1:3]] == [told[0].receipt_number, told[2].receipt_number]
    assert [each.duplicate for each in again] == [False, True, True, False]
    summary = asyncio.run(receipts(stack, city))
    assert (summary["receipts"], summary["doubled"]) == (3, 0)
    assert icadmin("status", city.biller_id, "--json").json["heldByReason"] == {"unknown_tender": 1}
    assert later["paymentId"] != first["paymentId"]


def test_a_city_without_a_list_answers_for_what_no_final_result_speaks_of(icadmin, stack, state, tmp_path):
    """One answer was lost with its receipt made, and one result was in the queue of the lost region."""
    city = asyncio.run(complete(stack, state, str(next(_cities)), release=UNLISTED))
    went_live(icadmin, city)
    now = datetime.now(UTC)
    told, lost_answer, unread = (payment(city, paidAt=(now - timedelta(minutes=10)).isoformat()) for _ in range(3))
    first, _ = asyncio.run(enqueued(stack, [told, unread]))
    asyncio.run(switch(stack, city, dropAnswers=1))
    kept = [first, *asyncio.run(enqueued(stack, [lost_answer]))]
    assert [each.outcome for each in kept] == ["posted", "held"]
    (tmp_path / "results.jsonl").write_text("\n".join(each.model_dump_json(by_alias=True) for each in kept))
    assert icadmin("biller", "export", city.biller_id, "--out", tmp_path / "billers.json").code == 0
    asyncio.run(lost(stack, city.biller_id))

    # Long enough ago that nobody waits any more for what may still arrive.
    _follow(icadmin, stack, city, commands(city, tmp_path, (now - timedelta(minutes=5)).isoformat()))

    again = asyncio.run(enqueued(stack, [told, lost_answer, unread], sweeping=True))
    assert [each.outcome for each in again] == ["posted", "held", "held"]
    assert icadmin("status", city.biller_id, "--json").json["heldByReason"] == {"outcome_unknown": 2}
    numbers = asyncio.run(numbers_at(stack, city))
    for each in (lost_answer, unread):
        settled = (
            "--posted",
            numbers[each["confirmationNumber"]],
            "--override",
            "--reason",
            "the clerk found it",
            "--yes",
        )
        said = icadmin("payments", "resolve", city.biller_id, each["paymentId"], *settled)
        assert said.code == 0, said.err
    summary = asyncio.run(receipts(stack, city))
    assert (summary["receipts"], summary["doubled"]) == (3, 0)
    repeated = asyncio.run(enqueued(stack, [told, lost_answer, unread]))
    assert [(each.outcome, each.final, each.duplicate) for each in repeated] == [("posted", True, True)] * 3


async def numbers_at(stack, city):
    """What the clerk reads off the register: receipt numbers by confirmation number."""
    async with SimulatorControl(stack.control_url) as control:
        return {row["reference"]: row["receiptNumber"] for row in (await control.receipts())[city.biller_id]}


def _follow(icadmin, stack, city, lines):
    key = secrets.token_urlsafe(40)
    typed = {("key", "add"): key, ("biller", "secret"): city.at_caselle["clientSecret"]}
    done = []
    for words in lines:
        if words[0] == "deploy":
            continue
        if words[:2] == ["biller", "confirm"]:
            asyncio.run(delivered(stack, city, key))
        if words[:2] != ["biller", "check"]:
            words.append("--yes")
        said = icadmin(*words, typed=typed.get(tuple(words[:2]), ""))
        assert said.code == 0, (words, said.out, said.err)
        done.append(words[1])
    assert done == ["import", "set", "add", "secret", "confirm", "check", "import-results", "go-live"]


def test_a_file_is_taken_only_for_billers_in_recovery(icadmin, stack, city, tmp_path):
    file = tmp_path / "results.jsonl"
    line = {"kind": "payment", "billerId": city.biller_id, "id": "p-1", "messageId": "m", "outcome": "posted"}
    line |= {"version": 2, "final": True, "receiptNumber": "5.00001", "confirmationNumber": "IC1", "amount": "1.00"}
    file.write_text(json.dumps(line | {"at": "2026-11-20T12:00:00Z", "attempts": 1}))
    taking = ("payments", "import-results", file, "--reason", "the region is lost", "--yes")
    said = icadmin(*taking)
    assert (said.code, "is not in recovery" in said.err) == (2, True)
    icadmin("biller", "set", city.biller_id, "recoverBefore=2026-11-21T00:00:00Z", "--yes")
    said = icadmin(*taking, "--json")
    assert (said.code, said.json) == (0, {"written": 1, "withoutFinalResult": 0})
    assert f"biller {city.biller_id}, payment: 1 posted" in said.err
    assert icadmin(*taking, "--json").json == {"known": 1, "withoutFinalResult": 0}
    found = icadmin("payments", "show", city.biller_id, "p-1", "--json").json
    assert (found["state"], found["receipt"], found["events"][0]["why"]) == ("posted", "5.00001", "the region is lost")
    file.write_text(file.read_text() + "\nAda Byron\n")
    said = icadmin(*taking)
    assert (said.code, "Line 2: no result" in said.err, "Nothing was changed." in said.err) == (2, True, True)
    assert "Ada" not in said.err
    (tmp_path / "empty").write_text("")
    assert "has no result" in icadmin("payments", "import-results", tmp_path / "empty", "--reason", "x", "--yes").err
