"""From nothing to a live biller, as a new user would: the docs' own session, run as it stands, on the whole stack."""

import asyncio
import json
import os
import re
import subprocess
from datetime import UTC, datetime

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.csm import CUSTOMER
from local.processes import ROOT, Child
from local.traffic import Traffic

DOCS = (ROOT / "docs/onboard-a-biller.md").read_text(encoding="utf-8")
[SESSION] = re.findall(r"<!-- session: .*?```sh\n(.*?)```\n\n<!-- end of session", DOCS, re.DOTALL)
COMMANDS = SESSION.strip().splitlines()
BEGINS_WITH = 1  # make up
SECONDS = 240

pytestmark = pytest.mark.timeout(2 * SECONDS)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("onboarding") / "state"


@pytest.fixture(scope="module")
def stack(state):
    """What ``make up`` starts."""
    state.parent.mkdir(exist_ok=True)
    with Child.module("up", "local", "up", "--state", str(state), log=state.with_name("up.log")) as child:
        child.wait_line("Ready.", SECONDS)
        yield json.loads((state / "stack.json").read_text())


@pytest.fixture(scope="module")
def session(stack, state):
    """The session's output, every command with exit code 0."""
    assert stack["functionsUrl"]
    here = SESSION.replace("-m admin --local", f"-m admin --local --local-state {state}")
    script = here.replace("-m local csm", f"-m local csm --state {state}")
    # An alias of the script is none in a pipe of another shell: one shell runs it all, and stops at the first failure.
    done = subprocess.run(
        ["/bin/sh", "-e"],
        input=script,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(state.parent)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_takes_fewer_than_15_commands():
    assert len(COMMANDS) + BEGINS_WITH < 15


def test_it_ends_with_a_live_biller(session):
    assert "Astoria OR is live for payments paid from 2026-11-01T00:00:00-07:00" in session
    assert "All is in order" in session


def test_its_first_payment_is_posted(stack, session):
    assert session
    paid = {
        "schemaVersion": 1,
        "billerId": "3300",
        "paymentId": "first",
        "confirmationNumber": "IC90000001",
        "application": "AR",
        "customerNumber": CUSTOMER,
        "tender": "CC",
        "amount": "12.50",
        "paidAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "allocations": [{"invoiceNumber": "10023", "amount": "12.50"}],
    }

    async def sent():
        async with QueueServiceClient.from_connection_string(stack["storageConnectionString"]) as queues:
            traffic = Traffic(queues, [json.dumps(paid)])
            await traffic.enqueue()
            await traffic.collect(patience=60, each_time=lambda: None)
            return traffic.counts()

    assert asyncio.run(sent()) == {"posted": 1}


def test_no_secret_was_said(session, state):
    [work] = [path for path in state.parent.iterdir() if path.name.startswith("tmp.")]
    secrets = [(work / name).read_text().strip() for name in ("key.txt", "answer/client-secret.txt")]
    assert [secret for secret in secrets if secret in session] == []
    assert all((work / "mails" / name).stat().st_mode & 0o077 == 0 for name in ("to-csm.txt", "to-csm.eml"))
