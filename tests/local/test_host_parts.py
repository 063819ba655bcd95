"""Parts of the local host by themselves, without a host process."""

import asyncio
import json
import sys
import time
import uuid
from types import SimpleNamespace

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.queue import QueueMessage

from local.host_activity import Activity
from local.host_functions import message_texts
from local.host_listeners import QueueListener, poll_delay
from local.host_routes import Keys, Routes
from local.host_settings import is_disabled, load_options, load_settings, seconds
from local.host_storage import QueueStorage, Unwritable, poison_queue
from local.invocation import Datum, Function
from local.processes import NotReady, bind_loopback


def _settings(tmp_path, text, **environment):
    (tmp_path / "host.json").write_text(text)
    return load_settings(tmp_path, environment)


def _http_function(name, **trigger):
    return Function(name, {"type": "httpTrigger", "name": "req", **trigger}, {})


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


@pytest.mark.parametrize(
    ("environment", "says"),
    [({}, "AzureWebJobsStorage is missing"), *(({"TIME_DIVISOR": value}, "from 1") for value in ("0", "x", "inf"))],
)
def test_what_else_the_host_needs_is_named(environment, says):
    storage = {"AzureWebJobsStorage": "x"} if environment else {}
    with pytest.raises(NotReady, match=says):
        load_options(storage | environment, port=0, queue_lease=600)


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


@pytest.mark.parametrize(("raw", "message"), [(b'["a", "b"]', '["a", "b"]'), (b"a\xffb", "a\ufffdb"), (b"", "")])
def test_an_output_of_bytes_is_one_message(raw, message):
    assert list(message_texts(Datum(raw, "bytes"))) == [message]


@pytest.mark.parametrize("route", ["admin/x", "Administration", "runtime"])
def test_reserved_routes_are_refused(route):
    with pytest.raises(NotReady, match="must not begin"):
        Routes([_http_function("f", route=route)], "api")


@pytest.mark.parametrize("route", ["x/{id:guid}", "x/{id?}", "a-{b}", "{*rest}/x"])
def test_routes_that_this_host_cannot_read_are_refused(route):
    with pytest.raises(NotReady, match="reads route parameters"):
        Routes([_http_function("f", route=route)], "api")


def test_a_function_without_a_route_is_found_by_its_name_and_needs_a_key():
    route, _ = Routes([_http_function("Report")], "").find("PUT", "/report")
    assert (route.function.name, route.level) == ("Report", "function")


def test_an_unset_key_opens_nothing():
    assert not Keys("", "").open("function", "")
    assert not Keys("", "f").open("admin", "")


@pytest.fixture
async def storage(azurite):
    async with QueueStorage(azurite.connection_string, base64_encoded=False) as storage:
        yield storage


async def test_only_a_move_wakes_a_listener(storage):
    """Whoever waits for what this process has written waits until the next look, on the platform as well."""
    woken, poison = storage.wake("moved"), storage.wake("moved-poison")
    await storage.write("moved", "text")
    assert not woken.is_set()
    [message] = await storage.receive("moved", 1, 60)
    await storage.move("moved", message, "moved-poison")
    assert (woken.is_set(), poison.is_set()) == (False, True)


@pytest.mark.parametrize("text", ["a\x00", "\x01", "\x1f", "\ufffe"])
async def test_what_xml_has_no_place_for_is_no_message(storage, text):
    with pytest.raises(Unwritable):
        await storage.write("control", text)


@pytest.mark.parametrize("text", ["\t\r\n ä \U0001f600", "]]>&lt;"])
async def test_what_xml_has_a_place_for_arrives_as_it_is(storage, text):
    queue = f"plain-{uuid.uuid4().hex}"
    await storage.write(queue, text)
    assert [message.content for message in await storage.receive(queue, 1, 60)] == [text]


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


def _listener(storage, **given):
    queues = SimpleNamespace(batch_size=1, longest_poll=0.05, new_batch_threshold=1)
    function = Function("work", {"type": "queueTrigger", "queueName": "any"}, {})
    return QueueListener(function, None, storage, queues, 60, activity=Activity(), **given)


@pytest.mark.slow
async def test_a_queue_service_that_does_not_answer_ends_the_host_after_a_while(unused_tcp_port):
    """The SDK's own client, and nobody at the other end."""
    endpoint = f"QueueEndpoint=http://127.0.0.1:{unused_tcp_port}/account"
    nobody = f"AccountName=account;AccountKey=a2V5;{endpoint}"
    async with QueueStorage(nobody, base64_encoded=False) as storage:
        began = time.monotonic()
        with pytest.raises(NotReady, match="does not answer"):
            await _listener(storage, patience=1).listen()
    assert time.monotonic() - began >= 1


class _Answers:
    """A queue service that answers so, one after the other."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = asyncio.Semaphore(0)

    def wake(self, queue):
        return asyncio.Event()

    async def receive(self, *_):
        self.asked.release()
        answer = self._answers.pop(0) if self._answers else []
        if isinstance(answer, int):
            raise HttpResponseError(response=SimpleNamespace(status_code=answer, reason="", headers={}))
        return answer


@pytest.mark.parametrize("status", [401, 403])
async def test_a_queue_service_that_refuses_ends_the_host_at_once(status):
    with pytest.raises(NotReady, match=f"refuses this host .{status}"):
        await _listener(_Answers(status)).listen()


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_an_error_of_the_queue_service_is_waited_out(status):
    answers = _Answers(*[status] * 5)
    listener = _listener(answers, patience=0)
    listening = asyncio.create_task(listener.listen())
    for _ in range(6):
        await answers.asked.acquire()
    await listener.polled.wait()
    assert not listening.done()
    listening.cancel()


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
