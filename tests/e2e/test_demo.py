"""The demo on the samples: every line as expected, agreement to the cent, and no secret in sight."""

import json
import subprocess
import sys
import time

import pytest

from local.processes import ROOT
from shared.vocabulary.money import Money

EXPECTED = json.loads((ROOT / "local/samples/expected.json").read_text())
SECONDS = 300

pytestmark = pytest.mark.timeout(SECONDS + 60)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(state):
    """A demo from start to end: its exit code, report and output, and the stack file while it ran."""
    report, output = state / "report.json", state.with_name("demo.out")
    command = [sys.executable, "-m", "local", "demo", "--report", report, "--state", state]
    with (
        output.open("wb") as sink,
        subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT) as process,  # noqa: S603 - fixed
    ):
        try:
            stack = _stack_file(state / "stack.json", process)
            code = process.wait(SECONDS)
        finally:
            process.kill()
    return {"code": code, "report": json.loads(report.read_text()), "said": output.read_text(), "stack": stack}


def _stack_file(path, process):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, "the demo did not start"
        assert time.monotonic() < deadline, "no stack.json"
        time.sleep(0.05)
    return json.loads(path.read_text())


def _vault_values(state):
    """The pepper and every token: the local vault keeps them in a private file."""
    kept = json.loads((state / "vault/secrets.json").read_text())
    return [version["value"] for secret in kept.values() for version in secret["versions"]]


def test_every_line_has_its_expected_outcome(demo):
    assert demo["report"]["counts"] == EXPECTED["counts"]


def test_totals_per_biller_and_tender_are_right_to_the_cent(demo):
    assert demo["report"]["posted"] == EXPECTED["posted"]


def test_the_peer_holds_just_that(demo):
    expected = {
        biller: {
            "receipts": sum(tender["count"] for tender in tenders.values()),
            "cents": sum(tender["cents"] for tender in tenders.values()),
            "doubled": 0,
        }
        for biller, tenders in EXPECTED["posted"].items()
    }
    assert demo["report"]["peer"] == expected


def test_the_samples_rejects_go_back_where_the_city_lets_them_and_change_nothing_above(demo):
    rejects = demo["report"]["after"]["rejects"]
    assert (rejects["counts"], rejects["toldOnce"]) == ({"reversed": 4, "held": 6}, True)
    assert {each["billerId"] for each in rejects["results"] if each["outcome"] == "reversed"} == {"2493", "2137"}
    assert {each["billerId"] for each in rejects["results"] if each["outcome"] == "held"} == {"3180"}


def test_open_items_are_asked_before_and_after_for_three_customers(demo):
    asked = demo["report"]["after"]["openItems"]
    assert [each["billerId"] for each in asked] == ["3180", "2493", "2137"]
    for each in asked:
        before, after = Money.parse(each["before"]["balance"]), Money.parse(each["after"]["balance"])
        assert before > 0
        assert (after, each["after"]["openItems"], each["after"]["collectable"]) == (0, [], "0.00")
        assert each["customerNumber"] in demo["said"]


def test_customer_updates_are_sent_where_they_are_on_and_skipped_elsewhere(demo):
    updates = demo["report"]["after"]["customerUpdates"]["results"]
    of_test_portal = {
        each["id"]: each["outcome"]
        for each in updates
        if each["billerId"] == "2137" and each["kind"] == "autopayChange"
    }
    assert of_test_portal == {"demo-0": "applied", "demo-1": "skipped"}
    elsewhere = [each for each in updates if each["billerId"] != "2137"]
    assert {(each["outcome"], each["reason"]["code"]) for each in elsewhere} <= {
        ("skipped", "operation_unchecked"),
        ("skipped", "superseded"),
    }
    assert len(elsewhere) >= 3
    assert "payer@example.test" not in demo["said"]


def test_it_ends_well_and_in_time(demo):
    assert demo["code"] == 0
    assert demo["said"].endswith("Ledger, results and peer agree: 450 payments posted, none twice.\n")
    assert demo["report"]["seconds"] < SECONDS


def test_nothing_secret_was_printed_or_logged(demo, state):
    secrets = [*demo["stack"]["keys"].values(), *_vault_values(state)]
    secrets += [parts["callbackUrl"].partition("?BK=")[2] for parts in demo["stack"]["billers"].values()]
    secrets += [demo["stack"]["storageConnectionString"].partition("AccountKey=")[2].partition(";")[0]]
    assert len(secrets) > 8
    shown = demo["said"] + "".join(path.read_text() for path in state.rglob("*.log"))
    assert [number for number, secret in enumerate(secrets) if secret in shown] == []


def test_no_payer_is_logged(demo, state):
    assert demo["code"] == 0
    logged = "".join(path.read_text() for path in state.rglob("*.log"))
    lines = (ROOT / "local/samples/payments.jsonl").read_text().splitlines()
    payers = {line.partition('"payerName": "')[2].partition('"')[0] for line in lines} - {""}
    assert [payer for payer in payers if payer in logged] == []


def test_it_leaves_no_addresses_behind(demo, state):
    assert demo["code"] == 0
    assert not (state / "stack.json").exists()
