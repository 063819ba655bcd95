"""Timers of the local host: their clock, and the run that makes up for what was missed."""

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob.aio import BlobServiceClient

from local.host_activity import Activity
from local.host_timers import TimerListener, TimerStatus
from local.invocation import Function
from local.ncrontab import Schedule

TICK = Function("tick", {"type": "timerTrigger", "name": "timer"}, {})
EVERY_SECOND, EVERY_MINUTE, EVERY_HOUR = Schedule("* * * * * *"), Schedule("0 * * * * *"), Schedule("0 0 * * * *")


class Runs:
    """Notes each run: when, and what the function was told."""

    def __init__(self, takes=0.0):
        self.told, self.at = [], []
        self.one = asyncio.Semaphore(0)
        self.running = self.most = 0
        self._takes = takes

    async def succeeds(self, _, trigger):
        self.at.append(time.monotonic())
        self.told.append(json.loads(trigger.value))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self._takes)
        self.running -= 1
        self.one.release()


class Memory:
    """What is known of earlier runs."""

    def __init__(self, last=None):
        self.noted = []
        self._status = last and {"Last": last.isoformat()}

    async def read(self, function):
        return self._status

    async def write(self, function, status):
        self.noted.append({name: datetime.fromisoformat(each) for name, each in status.items()})


async def _run(runs, schedule, status, times, divisor=1.0):
    timer = TimerListener(TICK, runs, schedule, divisor, status=status, activity=Activity())
    listening = asyncio.create_task(timer.listen())
    async with asyncio.timeout(10):
        for _ in range(times):
            await runs.one.acquire()
    await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait([listening])


async def test_runs_of_one_timer_never_overlap():
    runs = Runs(takes=0.03)
    await _run(runs, EVERY_SECOND, Memory(), 3, divisor=100)
    assert runs.most == 1


async def test_the_divided_clock_is_not_faster_than_asked():
    runs = Runs()
    await _run(runs, EVERY_MINUTE, Memory(), 5, divisor=600)
    assert runs.at[4] - runs.at[0] > 0.2  # four minutes of the fast clock take 0.4 s


@pytest.mark.parametrize(("ago", "divisor"), [(3600, 1), (9, 600)])
async def test_a_missed_run_is_made_up_for_at_start(ago, divisor):
    """However many were missed; a clock that runs faster has missed one sooner."""
    last, runs = datetime.now(UTC) - timedelta(seconds=ago), Runs()
    memory = Memory(last)
    await _run(runs, EVERY_HOUR, memory, 1, divisor)
    assert [(each["IsPastDue"], each["ScheduleStatus"]["Last"]) for each in runs.told] == [(True, last.isoformat())]
    [noted] = memory.noted
    assert noted["Last"] > last
    assert noted["Next"] == EVERY_HOUR.after(noted["Last"])


async def test_nothing_is_made_up_for_where_none_was_due():
    runs = Runs()
    await _run(runs, EVERY_MINUTE, Memory(datetime.now(UTC)), 1, divisor=200)
    assert [each["IsPastDue"] for each in runs.told] == [False]


async def test_a_first_start_is_noted_so_that_its_run_is_not_lost():
    memory = Memory()
    timer = TimerListener(TICK, Runs(), EVERY_HOUR, 1, status=memory, activity=Activity())
    listening = asyncio.create_task(timer.listen())
    await asyncio.sleep(0)
    listening.cancel()
    assert abs(memory.noted[0]["Last"] - datetime.now(UTC)) < timedelta(seconds=5)


async def test_runs_that_follow_within_a_minute_are_not_noted():
    runs, memory = Runs(), Memory(datetime.now(UTC) - timedelta(days=1))
    await _run(runs, EVERY_SECOND, memory, 2, divisor=100)
    assert [each["IsPastDue"] for each in runs.told] == [False, False]
    assert memory.noted == []


# Where it is kept.


@pytest.fixture
async def status(azurite):
    async with TimerStatus(azurite.connection_string, f"host-{uuid.uuid4().hex}") as status:
        yield status


async def test_what_is_noted_is_read_again(status, azurite):
    assert await status.read("tick") is None
    for last in ("2026-11-30T12:00:00+00:00", "2026-11-30T12:01:00+00:00"):
        await status.write("tick", {"Last": last})
    assert await status.read("tick") == {"Last": last}
    assert await status.read("other") is None
    async with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        names = [each async for each in blobs.get_container_client("azure-webjobs-hosts").list_blob_names()]
    assert f"timers/{status._host_id}/Host.Functions.tick/status" in names


@pytest.mark.slow
async def test_a_store_that_does_not_answer_keeps_no_timer_from_running(unused_tcp_port):
    endpoint = f"BlobEndpoint=http://127.0.0.1:{unused_tcp_port}/account"
    async with TimerStatus(f"AccountName=account;AccountKey=a2V5;{endpoint}", "host") as status:
        assert await status.read("tick") is None
        await status.write("tick", {"Last": "2026-11-30T12:00:00+00:00"})
