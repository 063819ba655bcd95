"""What the local host makes of a message's own properties: as the real host 4.1037 was seen to do."""

import json
from datetime import UTC, datetime

import pytest
from azure.storage.queue import QueueMessage

from local.host_metadata import queue_metadata, queue_trigger
from tests.local.sample_app import until

AS_TEXT, AS_BYTES = {"type": "queueTrigger"}, {"type": "queueTrigger", "dataType": "BINARY"}
GOOD_DATE = "2026-11-30T12:00:00Z"
OF_THE_QUEUE = {"Id": "m-1", "PopReceipt": "r-1", "DequeueCount": "2", "InsertionTime": "2026-11-30T09:00:00+00:00"}


def _message():
    message = QueueMessage(content="unused", id="m-1", pop_receipt="r-1", dequeue_count=2)
    message.inserted_on = datetime(2026, 11, 30, 9, tzinfo=UTC)
    return message


def _seen(binding, text):
    return {name: datum.value for name, datum in queue_metadata(binding, text, _message()).items()}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ('{"id": "mine"}', {"Id": "mine"}),
        (' \r\n{"ID": "mine", "PopReceipt": "r"}\t', {"Id": "mine", "PopReceipt": "r"}),
        ('{"dequeueCount": 7}', {"DequeueCount": "7"}),
        ('{"dequeuecount": 1.5}', {"DequeueCount": "1.5"}),
        ('{"dequeuecount": 2.0}', {"DequeueCount": "2"}),
        ('{"id": true}', {"Id": "True"}),
        ('{"id": {"a": 1}}', {"Id": '{\n  "a": 1\n}'}),
        ('{"id": 1, "Id": 2, "iD": 3}', {"Id": "3"}),
        ('{"id": 1, "Id": null, "iD": [3]}', {"Id": "1"}),
        (f'{{"id": "{GOOD_DATE}"}}', {"Id": "11/30/2026 12:00:00"}),
        ('{"id": "2026-11-30T12:00:00.5-08:00"}', {"Id": "11/30/2026 20:00:00"}),
        ('{"id": "2026-11-30T12:00:00"}', {"Id": "11/30/2026 12:00:00"}),
        ('{"id": "2026-11-30"}', {"Id": "2026-11-30"}),
        ('{"id": "2026-99-30T12:00:00Z"}', {"Id": "2026-99-30T12:00:00Z"}),
        ('{"InsertionTime": 5}', {"InsertionTime": "5"}),
    ],
)
def test_a_property_of_a_text_message_replaces_what_the_queue_says(text, replaced):
    assert _seen(AS_TEXT, text) == OF_THE_QUEUE | replaced
    assert _seen(AS_BYTES, text) == OF_THE_QUEUE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id",
        '["id"]',
        '\ufeff{"id": 1}',
        '{"id": 1',
        '{"id": 1} x',
        '{"a": {"id": 1}}',
        '{"id": [1], "x": 1}',
        "{}}",
    ],
)
def test_what_is_no_object_of_such_properties_changes_nothing(text):
    assert _seen(AS_TEXT, text) == OF_THE_QUEUE


def test_a_body_is_handed_over_whole_either_way():
    assert (queue_trigger(AS_TEXT, "ä").type, queue_trigger(AS_TEXT, "ä").value) == ("string", "ä")
    assert (queue_trigger(AS_BYTES, "ä").type, queue_trigger(AS_BYTES, "ä").value) == ("bytes", "ä".encode())


async def _told(queues, sample, text):
    """What the function said that got this message."""
    [told] = await until(lambda: queues.about(f"{sample.prefix}-told", json.dumps(text)))
    return json.loads(told)["about"]


async def test_a_function_that_takes_text_is_told_what_the_message_says(sample, queues):
    text = json.dumps({"id": "mine", "dequeueCount": 7, "popReceipt": "r"})
    await queues.send(f"{sample.prefix}-as-text", text)
    message_id, count, receipt, *_ = await _told(queues, sample, text)
    assert (message_id, count, receipt) == ("mine", 7, "r")


ODD = [
    {"insertionTime": GOOD_DATE},
    {"InsertionTime": 5},
    {"expirationTime": "soon"},
    {"NEXTVISIBLETIME": "never"},
    {"DequeueCount": "x"},
    {"dequeueCount": 1.5},
]


@pytest.mark.parametrize("said", ODD, ids=lambda said: next(iter(said)))
async def test_a_value_that_cannot_be_read_fails_before_any_code_of_the_app(sample, queues, said):
    text = json.dumps(said | {"job": f"text-{said}"})
    await queues.send(f"{sample.prefix}-as-text", text)
    poison = await until(lambda: queues.about(f"{sample.prefix}-as-text-poison", text))
    assert poison == [text]
    assert await queues.about(f"{sample.prefix}-told", json.dumps(text)) == []


@pytest.mark.parametrize(
    "said", [*ODD, {"id": "mine", "popReceipt": "r", "dequeueCount": 7}], ids=lambda s: next(iter(s))
)
async def test_a_function_that_takes_bytes_is_told_what_the_queue_says(sample, queues, said):
    text = json.dumps(said | {"job": f"bytes-{said}"})
    sent = await queues.send(f"{sample.prefix}-as-bytes", text)
    message_id, count, _, inserted, expires, visible = await _told(queues, sample, text)
    assert (message_id, count) == (sent, 1)
    assert inserted < visible < expires
