"""Back to the release before: its package is deployed, and works on a ledger that this code has written."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from azure.storage.queue.aio import QueueServiceClient

from admin.__main__ import main
from admin.address import of_stack
from admin.deploy import package
from admin.deploy.region import ROOT
from admin.options import Options, use
from admin.stamp import opened
from local.simulator.client import SimulatorControl
from local.stack import Stack
from shared.billers.model import Biller
from shared.ledger.due import due_of, to_message
from shared.ledger.entry import Key, Kind, State
from tests.conftest import NO_HISTORY
from tests.payments.world import NEWPORT, message
from tests.waiting import until

POSTED, HELD, WAITING = message(), message(tender="VENMO"), message()
LINES = [json.dumps(each) for each in (POSTED, HELD, WAITING)]
_BUILD = (
    "import sys; from pathlib import Path; from admin.deploy import package; print(package.build(Path(sys.argv[1])))"
)


def _git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], check=False, capture_output=True)  # noqa: S603, S607 - git itself
    return done.stdout if done.returncode == 0 else b""


def release_before():
    """The newest release tag before this commit; before the first one, the commit since which packages say what they are."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").decode().strip()
    added = _git("log", "--diff-filter=A", "--format=%H", "--", "shared/runtime/build.py").decode().split()
    found = tag or (added[-1] if added else "")
    if not found or _git("rev-parse", "--is-shallow-repository").strip() == b"true":
        # The workflow fetches all of it: where it is missing there, nobody would look at a test that was skipped.
        (pytest.fail if "GITHUB_ACTIONS" in os.environ else pytest.skip)(NO_HISTORY)
    return found


@pytest.fixture(scope="module")
def old_package(tmp_path_factory):
    """Built by the release's own builder from the release's own files."""
    tree, work = tmp_path_factory.mktemp("release"), tmp_path_factory.mktemp("old-package")
    archived = _git("archive", release_before())
    subprocess.run(["tar", "-x", "-C", tree], check=True, input=archived)  # noqa: S603, S607 - tar itself
    environment = os.environ | {"PYTHONPATH": str(tree), "PATH": f"{ROOT}/.tools/bin{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-P", "-c", _BUILD, str(work)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tree, env=environment)  # noqa: S603 - the builder
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("stack") / "state"


@pytest.fixture(scope="module")
def stack(state):
    """Of its own: its host ends in the middle."""
    with Stack(state, [Biller.model_validate(NEWPORT)], LINES, settings={"BILLER_CACHE_SECONDS": "0"}) as running:
        yield running


def _icadmin(state, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["--local", "--local-state", str(state), *arguments, "--yes"])
    use(Options())
    assert not ended.value.code


async def _sent(stack, paid, *, wanted):
    """The first result of a payment that is as wanted."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        await queues.get_queue_client("payments").send_message(json.dumps(paid))
        return await _told(queues, paid["paymentId"], wanted)


async def _told(queues, payment, wanted):
    results = queues.get_queue_client("posting-results")

    async def found():
        told = [json.loads(each.content) async for each in results.receive_messages()]
        return next((each for each in told if (each["id"], wanted.items() <= each.items()) == (payment, True)), None)

    return await until(found, seconds=60)


async def _entry(state, payment):
    async with opened(of_stack(state / "stack.json")) as stamp:
        return await stamp.ledger.read(Key("2493", Kind.PAYMENT, payment))


async def _waits(stack, state, paid):
    """On its way, and kept back: nothing is told of it."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        await queues.get_queue_client("payments").send_message(json.dumps(paid))

    async def received():
        entry = await _entry(state, paid["paymentId"])
        return entry is not None and entry.state is State.RECEIVED

    await until(received)


async def _driven(stack, state, paid):
    """The step that the sweeper would send, and the result that follows."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        entry = await _entry(state, paid["paymentId"])
        await queues.get_queue_client("due").send_message(to_message(due_of(entry)))
        return await _told(queues, paid["paymentId"], {"outcome": "posted"})


async def _receipts(stack):
    async with SimulatorControl(stack.control_url) as control:
        summary = (await control.summary())["2493"]
        return summary["receipts"], summary["doubled"]


def _written_by_this_code(stack, state):
    """A payment that is posted, one that is held, and one that waits."""
    first = asyncio.run(_sent(stack, POSTED, wanted={"outcome": "posted"}))
    asyncio.run(_sent(stack, HELD, wanted={"outcome": "held"}))
    _icadmin(state, "biller", "pause", "2493", "--reason", "migration")
    asyncio.run(_waits(stack, state, WAITING))
    return first


@pytest.mark.timeout(900)
def test_the_release_before_goes_on_where_this_one_was(cloud, stack, state, deployment, old_package):
    first = _written_by_this_code(stack, state)
    stack.hosts.pop().stop()
    deployment(package=old_package).run()
    assert (
        httpx.get(f"{cloud.site.url}/api/health", trust_env=False).json()["digest"]
        == package.identity(old_package).digest
    )

    again = asyncio.run(_sent(stack, POSTED, wanted={"duplicate": True}))
    assert (again["outcome"], again["receiptNumber"]) == ("posted", first["receiptNumber"])
    assert asyncio.run(_receipts(stack)) == (1, 0)

    _icadmin(state, "biller", "resume", "2493")
    assert asyncio.run(_driven(stack, state, WAITING))["final"] is True
    _icadmin(state, "biller", "set", "2493", "applications.AR.paymentCodes.VENMO=7")
    said = ("--not-by-hand", "--reason", "the code is set")
    _icadmin(state, "payments", "retry", "2493", "--cause", "unknown_tender", *said)
    assert asyncio.run(_driven(stack, state, HELD))["final"] is True
    assert asyncio.run(_receipts(stack)) == (3, 0), "each once"
