"""Queue and timer triggers of the local host, against Azurite."""

import asyncio
import base64
import json
import uuid

import httpx
import pytest

from local.processes import NotReady
from local.services import FunctionsHost
from tests.local.sample_app import APPS, until

_LEASE = 4


@pytest.fixture(scope="module")
def base64_sample(start_sample, tmp_path_factory):
    """Messages in base64 and a short lease."""
    settings = {"AzureFunctionsJobHost__extensions__queues__messageEncoding": "base64"}
    with start_sample(tmp_path_factory.mktemp("base64"), "base64", queue_lease=_LEASE, **settings) as running:
        yield running


async def test_a_success_writes_its_output_and_deletes_the_message(sample, queues):
    job = uuid.uuid4().hex
    message_id = await queues.send(f"{sample.prefix}-jobs", json.dumps({"id": job}))
    [result] = await until(lambda: queues.results(sample, job))
    assert result == {"id": job, "messageId": message_id, "dequeueCount": 1}
    await until(lambda: queues.is_empty(f"{sample.prefix}-jobs"))


async def test_a_failure_is_tried_again_and_then_goes_to_the_poison_queue(sample, queues):
    job = await queues.send_job(sample, do="fail")
    [text] = await until(lambda: queues.about(f"{sample.prefix}-jobs-poison", job))
    assert json.loads(text) == {"id": job, "do": "fail"}
    assert sample.marks(job) == "xxx"
    assert await queues.results(sample, job) == []
    await until(lambda: queues.is_empty(f"{sample.prefix}-jobs"))
    assert "function work failed: ValueError" in sample.log()


async def test_an_output_that_cannot_be_written_fails_the_invocation(sample, queues):
    job = await queues.send_job(sample, do="too-much")
    await until(lambda: queues.about(f"{sample.prefix}-jobs-poison", job))
    results = await queues.results(sample, job)
    assert [result["dequeueCount"] for result in results] == [1, 2, 3]


async def test_outputs_create_their_queues_and_a_list_is_several_messages(sample, queues):
    async with httpx.AsyncClient(base_url=sample.host.url, trust_env=False, timeout=30) as http:
        assert (await http.post("/api/send", content='["a", {"b": 1}]')).status_code == 202
    assert await queues.texts(f"{sample.prefix}-sent") == ["a", '{\n  "b": 1\n}']
    assert await queues.texts(f"{sample.prefix}-sent-list") == ["first", '{"n": 2}', "third"]


async def test_a_trigger_waits_for_its_queue_and_does_not_make_it(sample, queues):
    queue, job = f"{sample.prefix}-unmade", uuid.uuid4().hex
    assert queue not in await queues.names()
    await queues.send(queue, json.dumps({"id": job}))
    assert await until(lambda: queues.results(sample, job)) == [{"id": job}]


async def test_a_timer_runs_by_its_schedule_and_the_divided_clock(sample, queues):
    async def ticked_twice():
        ticks = await queues.texts(f"{sample.prefix}-ticks")
        return len(ticks) >= 2 and ticks

    assert set(await until(ticked_twice)) == {"past due: False"}


@pytest.mark.parametrize(("function", "queue"), [("work", "results"), ("TICK", "ticks")])
async def test_an_admin_call_runs_a_function_by_name(sample, queues, function, queue):
    job = uuid.uuid4().hex
    before = await queues.count(f"{sample.prefix}-{queue}")
    async with httpx.AsyncClient(base_url=sample.host.url, trust_env=False, timeout=30) as http:
        answer = await http.post(
            f"/admin/functions/{function}",
            json={"input": json.dumps({"id": job})},
            headers={"x-functions-key": sample.host.keys.master},
        )
    assert (answer.status_code, answer.content) == (202, b"")

    async def one_more():
        return await queues.count(f"{sample.prefix}-{queue}") > before

    await until(one_more)


async def test_messages_travel_in_base64_when_the_host_is_set_so(base64_sample, queues):
    job = uuid.uuid4().hex
    await queues.send(f"{base64_sample.prefix}-jobs", base64.b64encode(json.dumps({"id": job}).encode()).decode())

    async def results():
        return await queues.texts(f"{base64_sample.prefix}-results")

    [text] = await until(results)
    assert json.loads(base64.b64decode(text))["id"] == job


async def test_a_message_that_is_not_base64_goes_to_the_poison_queue_as_it_is(base64_sample, queues):
    await queues.send(f"{base64_sample.prefix}-jobs", '{"plain": true}')
    poison = await until(lambda: queues.about(f"{base64_sample.prefix}-jobs-poison", "plain"))
    assert poison == ['{"plain": true}']


async def test_a_lease_is_extended_while_the_function_runs(base64_sample, queues):
    job = {"id": uuid.uuid4().hex, "do": "sleep", "seconds": _LEASE * 1.5}
    await queues.send(f"{base64_sample.prefix}-jobs", base64.b64encode(json.dumps(job).encode()).decode())
    await until(lambda: asyncio.sleep(0, base64_sample.marks(job["id"])))
    await until(lambda: queues.is_empty(f"{base64_sample.prefix}-jobs"))
    assert base64_sample.marks(job["id"]) == "x."


@pytest.mark.slow
def test_an_app_that_does_not_load_says_why(tmp_path):
    host = FunctionsHost(APPS / "broken", storage="unused", log=tmp_path / "host.log")
    with pytest.raises(NotReady, match="this app is broken"):
        host.wait_ready()
