"""Customer updates at a running stack: off, checked, opted in, sent; what was not sent is on the sheet."""

import asyncio
import csv
import io
import json
import stat

import pytest
from azure.storage.queue.aio import QueueServiceClient

from admin.address import of_stack
from admin.contract.uses import sdl
from admin.stamp import opened
from local.simulator.client import SimulatorControl
from shared.exchange.result import PostingResult
from tests.customers.world import autopay, registration
from tests.waiting import until

PATIENCE = 60
BILLER = "2493"


@pytest.fixture
def control(stack):
    """Calls the simulator's control API, and puts back what it switched."""

    def call(method, *arguments, **changes):
        async def run():
            async with SimulatorControl(stack.control_url) as client:
                return await getattr(client, method)(*arguments, **changes)

        return asyncio.run(run())

    yield call
    call("switch", "newportor", introspection=True, customerUpdates=True)


def results_of(stack, queue, messages):
    """Enqueue, and collect the outcome of each."""

    async def run():
        async with QueueServiceClient.from_connection_string(stack.storage) as queues:
            sending, told = queues.get_queue_client(queue), queues.get_queue_client("posting-results")
            ids = [(await sending.send_message(json.dumps(each))).id for each in messages]
            found = {}

            async def all_told():
                async for message in told.receive_messages():
                    result = PostingResult.model_validate_json(message.content)
                    found[result.message_id] = result
                    await told.delete_message(message.id, message.pop_receipt)
                return found.keys() >= set(ids)

            await until(all_told, PATIENCE)
            return [found[each] for each in ids]

    return asyncio.run(run())


def verdicts(said):
    return {line["operation"]: line["verdict"] for line in said.json if line["endpoint"] == "ar0"}


def test_they_are_off_until_checked_and_wanted(icadmin, stack, control):
    check = ("contract", "check", "--biller", BILLER, "--json")
    control("switch", "newportor", introspection=False)
    said = icadmin(*check)
    assert (said.code, set(verdicts(said).values())) == (0, {"cannot tell"})
    assert "introspection is off (GraphQL introspection is not allowed.)" in said.out
    assert "set_autopay: off, for it has not passed" in said.err
    control("switch", "newportor", introspection=True, customerUpdates=False)
    said = icadmin(*check)
    assert (said.code, verdicts(said)["set_autopay"], verdicts(said)["customer"]) == (1, "would break", "fits")
    control("switch", "newportor", customerUpdates=True)
    said = icadmin(*check)
    assert (said.code, set(verdicts(said).values())) == (0, {"fits"})
    assert "set_autopay: off, for the biller has not opted in" in said.err
    [first] = results_of(stack, "autopay-changes", [autopay(customerNumber="000777", changeId="off-1")])
    assert (first.outcome, first.reason.code) in {("skipped", "operation_unchecked"), ("skipped", "operation_off")}
    said = icadmin("customers", "allow", BILLER, "autopay", "--reason", "Kim asked for it", "--yes")
    assert said.code == 0
    shown = icadmin("biller", "show", BILLER, "--json").json
    assert shown["features"]["set_autopay"]["reason"] == "Kim asked for it"
    assert shown["contractPasses"].keys() == {"set_autopay", "set_customer_email"}
    said = icadmin("audit", BILLER, "--json")
    assert [each["what"] for each in said.json][-2:] == ["contract.check", "customers.allow"]
    said = icadmin("customers", "stop", BILLER, "autopay", "--reason", "enough", "--yes")
    assert "set_autopay" not in icadmin("biller", "show", BILLER, "--json").json.get("features", {})


def test_a_pass_is_lost_with_the_operation(icadmin, control, tmp_path):
    assert icadmin("contract", "check", "--biller", BILLER).code == 0
    control("switch", "newportor", customerUpdates=False)
    assert icadmin("contract", "check", "--biller", BILLER).code == 1
    assert "contractPasses" not in icadmin("biller", "show", BILLER, "--json").json


def test_a_file_stands_in_for_a_caselle_that_does_not_show_its_schema(icadmin, control, tmp_path):
    control("switch", "newportor", introspection=False)
    (tmp_path / "ar0.graphql").write_text(sdl("ar0"))
    said = icadmin("contract", "check", "--biller", BILLER, "--sdl", tmp_path / "ar0.graphql")
    assert said.code == 0
    assert "set_customer_email" in icadmin("biller", "show", BILLER, "--json").json["contractPasses"]


def test_what_was_not_sent_is_on_the_sheet(icadmin, stack, tmp_path):
    old, new = "2026-11-01T08:00:00-08:00", "2026-11-02T08:00:00-08:00"
    messages = [
        registration(new, customerNumber="000881", email="=cmd@example.test", eventId="sheet-1"),
        registration(old, customerNumber="000881", email="old@example.test", eventId="sheet-2"),
        registration(old, customerNumber="000882", email="ada@example.test", eventId="sheet-3"),
    ]
    told = results_of(stack, "registrations", messages)
    assert [result.outcome for result in told] == ["skipped"] * 3
    said = icadmin("customers", "csv", BILLER, "registrations")
    lines = list(csv.reader(io.StringIO(said.out)))
    assert lines[0] == ["customerNumber", "email", "registeredAt", "eventId"]
    assert lines[1:] == [
        ["000882", "ada@example.test", old, "sheet-3"],
        ["000881", "'=cmd@example.test", new, "sheet-1"],
    ]
    file = tmp_path / "sheet.csv"
    said = icadmin("customers", "csv", BILLER, "registrations", "--out", file)
    assert (said.code, "2 registrations of biller 2493" in said.out) == (0, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "cannot be written" in icadmin("customers", "csv", BILLER, "registrations", "--out", tmp_path).err
    assert icadmin("customers", "csv", BILLER, "registrations", "--since", "2099-01-01").out.count("\n") == 1


def test_a_block_of_the_updates_is_lifted_by_a_person(icadmin, state):
    async def at_gates(work):
        async with opened(of_stack(state / "stack.json")) as stamp:
            return await work(stamp.gates)

    assert "not blocked" in icadmin("customers", "unblock", BILLER, "--yes").out
    asyncio.run(at_gates(lambda gates: gates.block("2493.updates", "licence_missing")))
    said = icadmin("customers", "unblock", BILLER, typed="y\n")
    assert (said.code, "licence_missing" in said.err) == (0, True)
    assert asyncio.run(at_gates(lambda gates: gates.look("2493.updates"))).blocked is None
    assert icadmin("audit", BILLER, "--json").json[-1]["what"] == "customers.unblock"


def test_wrong_use_is_said_in_a_sentence(icadmin):
    assert icadmin("customers", "allow", BILLER, "autopay", "--reason", " ", "--yes").code == 2
    assert icadmin("customers", "csv", "1", "autopay").code == 2
    assert icadmin("customers", "csv", BILLER, "payments").code == 2


def test_the_record_names_who_opted_in(icadmin, state):
    async def read():
        async with opened(of_stack(state / "stack.json")) as stamp:
            return await stamp.billers.get(BILLER)

    icadmin("customers", "allow", BILLER, "registrations", "--reason", "the clerk wants it", "--yes")
    opt_in = asyncio.run(read()).features["set_customer_email"]
    assert (opt_in.by, opt_in.reason) == ("one-machine stack, nobody signed in", "the clerk wants it")
