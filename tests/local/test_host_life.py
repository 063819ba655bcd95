"""How the local host and its worker end, and what becomes of what they run: as seen at the real host 4.1037."""

import asyncio
import base64
import os
import signal
import time
from contextlib import suppress

import httpx
import pytest

from local import host_functions
from local.host_activity import Activity
from local.host_functions import Runner
from local.invocation import Datum, Function, Result
from local.processes import NotReady
from local.services import FunctionsHost
from local.workers import WorkerGone
from tests.local.sample_app import APPS, until

WORK = Function("work", {"type": "httpTrigger", "name": "req"}, {})
NOTHING = Datum("", "string")


def _client(sample):
    return httpx.AsyncClient(base_url=sample.host.url, trust_env=False, timeout=30)


async def _marked(sample, job, marks):
    await until(lambda: asyncio.sleep(0, sample.marks(job) == marks))


# SIGTERM.


async def test_a_host_that_is_asked_to_end_closes_its_door_and_goes_on_listening(start_sample, queues, tmp_path):
    """The call in flight is answered, and a message that comes after the signal is taken."""
    with start_sample(tmp_path, "asked") as asked:
        first = await queues.send_job(asked, do="sleep", seconds=2)
        await _marked(asked, first, "x")
        async with _client(asked) as http:
            call = asyncio.create_task(http.get("/api/sleep?seconds=1&mark=call"))
            await _marked(asked, "call", "x")
            os.kill(asked.host.pid, signal.SIGTERM)
            second = await queues.send_job(asked)
            await until(lambda: _refused(asked))
            assert (await call).text == "slept"
        assert await until(lambda: queues.results(asked, second))
        assert not await queues.results(asked, first)
        await until(lambda: asyncio.sleep(0, asked.host.exit_code is not None))
    assert asked.host.exit_code == 0
    assert asked.marks(first) == "x."
    assert await queues.is_empty("asked-jobs")


async def _refused(sample):
    try:
        async with _client(sample) as http:
            await http.get("/")
    except httpx.ConnectError:
        return True
    return False


async def test_what_runs_too_long_is_cut_off_after_ten_seconds_and_thirty_with_a_call():
    activity = Activity(limits=(0.05, 0.3))
    with activity.work():
        began = time.monotonic()
        assert not await activity.ends()
        assert 0.05 <= time.monotonic() - began < 0.3
        with activity.call():
            assert not await activity.ends()
            assert time.monotonic() - began >= 0.3
    assert await activity.ends()


async def test_the_time_without_a_call_counts_from_the_signal():
    activity, call = Activity(limits=(0.05, 5)), asyncio.Event()

    async def answer():
        with activity.call():
            await call.wait()

    answering = asyncio.create_task(answer())
    with activity.work():
        ending = asyncio.create_task(activity.ends())
        await asyncio.wait([ending], timeout=0.1)
        call.set()
        await answering
        assert not await ending


# The worker.


async def test_a_worker_that_dies_takes_its_invocations_along_and_the_third_ends_the_host(
    start_sample, queues, tmp_path
):
    with start_sample(tmp_path, "dying") as dying:
        async with _client(dying) as http:
            job = await queues.send_job(dying, do="hang-once")
            await _marked(dying, job, "x")
            call = asyncio.create_task(http.get("/api/sleep?seconds=60&mark=call"))
            await _marked(dying, "call", "x")
            assert (await http.get("/api/exit")).status_code == 500
            answer = await call
            assert (answer.status_code, answer.content) == (500, b"")
            assert (await http.get("/api/plain")).text == "just text"
            [result] = await until(lambda: queues.results(dying, job))
            assert result["dequeueCount"] == 2
            assert (await http.get("/api/exit")).status_code == 500
            assert (await http.get("/api/plain")).text == "just text"
            with suppress(httpx.TransportError):
                await http.get("/api/exit")
        await until(lambda: asyncio.sleep(0, dying.host.exit_code is not None))
    assert dying.host.exit_code == 1
    assert "Exceeded language worker restart retry count" in dying.log()


async def test_a_function_over_its_time_is_not_cancelled_and_its_worker_is_killed(start_sample, queues, tmp_path):
    """No ``finally`` runs. Its message comes again, here at once: while it still runs."""
    settings = {"AzureFunctionsJobHost__functionTimeout": "00:00:01"}
    with start_sample(tmp_path, "late", **settings) as late:
        job = await queues.send_job(late, do="clean-up")
        await until(lambda: asyncio.sleep(0, "its worker is replaced" in late.log()))
        assert "function work failed: a function ran for more than 1 s" in late.log()
        assert set(late.marks(job)) == {"x"}
        assert len(late.marks(job)) > 1


class _Workers:
    """One worker, whose answer comes when the test says so."""

    def __init__(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.replaced = asyncio.Event()

    async def invoke(self, *_):
        return self.answer

    def replace(self):
        self.replaced.set()
        self.answer.set_exception(WorkerGone())


async def test_a_late_answer_within_the_grace_keeps_the_worker(monkeypatch):
    monkeypatch.setattr(host_functions, "GRACE", 0.1)
    workers = _Workers()
    runner = Runner(workers, storage=None, timeout=0.01)
    assert not await runner.succeeds(WORK, NOTHING)
    workers.answer.set_result(Result("i", None, []))
    await asyncio.wait(runner._late)
    assert not workers.replaced.is_set()


async def test_without_one_all_that_the_worker_runs_ends_with_it(monkeypatch):
    monkeypatch.setattr(host_functions, "GRACE", 0.01)
    workers = _Workers()
    late, other = Runner(workers, storage=None, timeout=0.01), Runner(workers, storage=None, timeout=None)
    innocent = asyncio.create_task(other.run(WORK, NOTHING))
    assert not await late.succeeds(WORK, NOTHING)
    with pytest.raises(WorkerGone):
        await innocent


async def test_blocking_code_stalls_the_app_and_not_the_host(sample):
    async with _client(sample) as http:
        await http.get("/api/plain")
        blocking = asyncio.create_task(http.get("/api/block?seconds=1&mark=blocking"))
        await _marked(sample, "blocking", "x")
        other = asyncio.create_task(http.get("/api/plain"))
        assert (await http.get("/")).status_code == 200
        assert not other.done()
        assert [each.text for each in await asyncio.gather(blocking, other)] == ["blocked", "just text"]


async def test_a_worker_may_outlive_a_killed_host_and_the_message_comes_to_the_next(start_sample, queues, tmp_path):
    """It finishes what it runs, and nothing of it is written."""
    lease = 3
    with start_sample(tmp_path, "killed", queue_lease=lease) as first:
        job = await queues.send_job(first, do="sleep", seconds=1)
        await _marked(first, job, "x")
        os.kill(first.host.pid, signal.SIGKILL)
        await until(lambda: asyncio.sleep(0, first.host.exit_code is not None))
        assert first.marks(job) == "x"
        await _marked(first, job, "x.")
    assert await queues.results(first, job) == []
    assert not await queues.is_empty("killed-jobs")
    with start_sample(tmp_path, "killed", queue_lease=lease) as second:
        [result] = await until(lambda: queues.results(second, job))
        assert result["dequeueCount"] == 2
        assert second.marks(job) == "x.x."
        await until(lambda: queues.is_empty("killed-jobs"))


# What is logged.


async def test_what_is_logged_under_an_ended_invocation_is_lost(sample):
    async with _client(sample) as http:
        await http.get("/api/shared/lost/begin")
        await http.get("/api/shared/lost/wait")
    assert "lost begun" in sample.log()
    assert "lost waited for" in sample.log()
    assert "lost seen" not in sample.log()


async def test_what_is_logged_under_a_running_one_arrives(sample):
    """From the task and from its threads, but for those that know nothing of it."""
    async with _client(sample) as http:
        await http.get("/api/shared/kept/both")
    assert "kept seen by the task" in sample.log()
    assert "kept seen by a thread of it" in sample.log()
    assert "kept seen by a thread of nobody" not in sample.log()


def test_what_is_logged_at_import_is_lost(sample):
    assert "imported" not in sample.log()


# Storage.


def test_storage_that_refuses_ends_the_host_before_it_is_ready(azurite, tmp_path):
    """As until the role assignments of a first deployment are effective."""
    other = azurite.connection_string.replace(azurite.key, base64.b64encode(b"x" * 64).decode())
    settings = {"QUEUE_PREFIX": "refused", "MARKS": str(tmp_path)}
    host = FunctionsHost(APPS / "sample", storage=other, log=tmp_path / "host.log", settings=settings)
    with pytest.raises(NotReady, match=r"The queue service refuses this host \(403\)"):
        host.wait_ready()
    assert host.exit_code == 1
