"""Parts of the local host by themselves, without a host process."""

import asyncio
import json
import sys
import time
from types import SimpleNamespace

import pytest
from azure.storage.queue import QueueMessage

from local.host_functions import Runner, message_texts
from local.host_listeners import TimerListener, poll_delay
from local.host_routes import Keys, Routes
from local.host_settings import is_disabled, load_settings, seconds
from local.host_storage import QueueStorage, poison_queue
from local.ncrontab import Schedule
from local.processes import NotReady, bind_loopback
from local.worker import Datum, Function


def _settings(tmp_path, text, **environment):
    (tmp_path / "host.json").write_text(text)
    return load_settings(tmp_path, environment)


def _http_function(name, **trigger):
    return Function(name, name, {"type": "httpTrigger", "name": "req", **trigger}, {})


def test_the_platforms_defaults_hold_without_settings(tmp_path):
    settings = _settings(tmp_path, "{}")
    queues = settings.queues
    assert (settings.route_prefix, settings.function_timeout) == ("api", 1800)
    assert (queues.batch_size, queues.new_batch_threshold, queues.most_dequeues) == (16, 8, 5)
    assert (queues.longest_poll, queues.visibility_timeout, queues.base64) == (60, 0, True)


def test_host_json_is_read_and_the_environment_overrides_it(tmp_path):
    queues = {"batchSize": 4, "VisibilityTimeout": "00:00:02", "maxDequeueCount": 7, "messageEncoding": "none"}
    text = json.dumps({"functionTimeout": "-1", "extensions": {"http": {"routePrefix": ""}, "queues": queues}})
    override = {"AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "2"}
    settings = _settings(tmp_path, text, **override)
    assert (settings.route_prefix, settings.function_timeout) == ("", None)
    queues = settings.queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.visibility_timeout) == (4, 2, 2)
    assert (queues.most_dequeues, queues.base64) == (2, False)


@pytest.mark.parametrize(
    ("queues", "says"),
    [
        ({"batchSize": 33}, "batchSize is 1 to 32"),
        ({"messageEncoding": "utf8"}, "messageEncoding is base64 or none"),
        ({"visibilityTimeout": "2 s"}, "'2 s' is not a time span"),
    ],
)
def test_values_the_platform_refuses_are_named(tmp_path, queues, says):
    with pytest.raises(NotReady, match=says):
        _settings(tmp_path, json.dumps({"extensions": {"queues": queues}}))


def test_a_folder_without_host_json_is_named(tmp_path):
    with pytest.raises(NotReady, match=f"There is no host.json in {tmp_path}"):
        load_settings(tmp_path, {})


def test_time_spans():
    assert [seconds(text) for text in ("00:00:30", "01:02:03.5", "1.00:00:00")] == [30, 3723.5, 86400]


def test_polling_backs_off_from_a_tenth_of_a_second_to_the_longest():
    delays = [poll_delay(empty, 2) for empty in range(1, 12)]
    assert delays[0] == 0.1
    assert 0.18 <= delays[1] <= 0.22
    assert delays == sorted(delays)
    assert delays[-1] == 2
    assert poll_delay(10_000, 60) == 60


def test_a_poison_queue_has_none_of_its_own():
    assert poison_queue("payments") == "payments-poison"
    assert poison_queue("payments-poison") is None
    assert poison_queue("q" * 57) is None


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("plain", ["plain"]),
        ('{"a": "ü"}', ['{\n  "a": "ü"\n}']),
        ('["x", {"b": 1}, "[1]"]', ["x", '{\n  "b": 1\n}', "[1]"]),
        ("[]", []),
        ("{not json", ["{not json"]),
        ("125.40", ["125.40"]),
    ],
)
def test_what_a_text_output_becomes(text, messages):
    assert list(message_texts(Datum(text, "string"))) == messages


@pytest.mark.parametrize("route", ["admin/x", "Administration", "runtime"])
def test_reserved_routes_are_refused(route):
    with pytest.raises(NotReady, match="must not begin"):
        Routes([_http_function("f", route=route)], "api")


@pytest.mark.parametrize("route", ["x/{id:int}", "x/{id?}", "a-{b}"])
def test_routes_that_this_host_cannot_read_are_refused(route):
    with pytest.raises(NotReady, match="reads route parameters"):
        Routes([_http_function("f", route=route)], "api")


def test_a_function_without_a_route_is_found_by_its_name_and_needs_a_key():
    route, _ = Routes([_http_function("Report")], "").find("PUT", "/report")
    assert (route.function.name, route.level) == ("Report", "function")


def test_an_unset_key_opens_nothing():
    assert not Keys("", "").open("function", "")
    assert not Keys("", "f").open("admin", "")


async def test_a_function_over_its_time_fails_and_writes_nothing():
    cancelled = asyncio.Event()

    async def invoke(*_):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    runner = Runner(SimpleNamespace(invoke=invoke), storage=None, timeout=0.01)
    assert not await runner.succeeds(_http_function("slow"), Datum("", "string"))
    assert cancelled.is_set()


async def test_runs_of_one_timer_never_overlap():
    running, most, runs = 0, 0, 0
    third = asyncio.Event()

    class SlowRunner:
        async def succeeds(self, *_):
            nonlocal running, most, runs
            running, runs = running + 1, runs + 1
            most = max(most, running)
            await asyncio.sleep(0.03)
            running -= 1
            if runs == 3:
                third.set()

    every_second = Schedule("* * * * * *")
    timer = TimerListener(_http_function("tick"), SlowRunner(), every_second, divisor=100)
    listening = asyncio.create_task(timer.listen())
    async with asyncio.timeout(5):
        await third.wait()
        timer.stop()
        await listening
    assert most == 1


async def test_the_divided_clock_is_not_faster_than_asked():
    ticks = []

    class Runner:
        async def succeeds(self, *_):
            ticks.append(time.monotonic())
            if len(ticks) == 5:
                timer.stop()

    timer = TimerListener(_http_function("tick"), Runner(), Schedule("0 * * * * *"), divisor=600)
    async with asyncio.timeout(10):
        await timer.listen()
    assert ticks[4] - ticks[0] > 0.2  # four minutes of the fast clock take 0.4 s


@pytest.fixture
async def storage(azurite):
    async with QueueStorage(azurite.connection_string, base64_encoded=False) as storage:
        yield storage


async def test_writing_to_a_queue_wakes_its_listener(storage):
    wake, other = storage.wake("woken"), storage.wake("not-woken")
    await storage.write("woken", "text")
    assert wake.is_set()
    assert not other.is_set()


async def test_a_message_that_another_has_taken_over_is_left_alone(storage):
    await storage.write("taken", "text")
    [message] = await storage.receive("taken", 1, 60)
    stale = QueueMessage(content="text", id=message.id, pop_receipt=message.pop_receipt)
    await storage.hide("taken", message, 0)
    await storage.delete("taken", stale)
    await storage.hide("taken", stale, 60)
    assert [again.id for again in await storage.receive("taken", 1, 60)] == [message.id]


async def test_a_queue_that_does_not_exist_is_read_as_empty(storage):
    assert await storage.receive("absent", 1, 60) == []


@pytest.mark.parametrize(
    ("value", "disabled"), [("true", True), ("True", True), ("1", True), ("false", False), ("", False)]
)
def test_a_setting_disables_one_function(value, disabled):
    settings = {"AzureWebJobs.sweep.Disabled": value}
    assert is_disabled("sweep", settings) is disabled
    assert not is_disabled("retain", settings)


@pytest.mark.skipif(sys.platform != "linux", reason="a stack keeps its port only there")
def test_a_port_that_is_kept_without_listening_is_for_one_host_after_the_other():
    with bind_loopback(0, "the stack") as kept:
        port = kept.getsockname()[1]
        for _ in range(2):
            with bind_loopback(port, "the functions host") as host:
                host.listen()
                with pytest.raises(NotReady, match="is taken"):
                    bind_loopback(port, "somebody else")
