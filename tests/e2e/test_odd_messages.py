"""Messages that name what the host tells of a message: each has its outcome, as if it named nothing of the kind."""

import asyncio
import json

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.demo import read_ledger
from local.stack import Stack
from local.traffic import Traffic
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message
from tests.waiting import until

CITY = Biller.model_validate(NEWPORT)
METADATA = ("id", "insertionTime", "expirationTime", "nextVisibleTime", "dequeueCount", "popReceipt")
"""What the host tells of a message; where it reads one as text, the message's own properties replace all of them."""
GOOD_DATE = "2026-11-30T12:00:00Z"
SAID = [*({name: GOOD_DATE} for name in METADATA), *({name.upper(): "first"} for name in METADATA)]
TWICE = message(id="same-id")
PATIENCE = 30

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("odd") / "state", [CITY], [json.dumps(message())]) as running:
        yield running


async def _outcomes(stack, lines):
    """Of each payment the outcome, in order."""
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, [json.dumps(line) for line in lines])
        await traffic.enqueue()
        assert await traffic.collect(PATIENCE, stack.check), traffic.unsettled()
    return [traffic.results[each] for each in traffic.message_ids]


def test_a_payment_that_names_metadata_is_posted(stack):
    results = asyncio.run(_outcomes(stack, [message(**said) for said in SAID]))
    assert [result.outcome for result in results] == ["posted"] * len(SAID)


def test_another_message_of_the_same_id_is_no_redelivery(stack):
    first = asyncio.run(_outcomes(stack, [TWICE]))
    second = asyncio.run(_outcomes(stack, [TWICE]))
    assert [(each.outcome, each.duplicate) for each in (*first, *second)] == [("posted", False), ("posted", True)]


@pytest.mark.parametrize("said", [{"insertionTime": GOOD_DATE}, {"DequeueCount": "first"}])
async def test_the_poison_function_takes_it_too(stack, said):
    """Into the ledger, from where the sweeper drives it."""
    sent = message(**said)
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        await queues.get_queue_client("payments-poison").send_message(json.dumps(sent))

    async def known():
        return any(entry.key.id == sent["paymentId"] for entry in await read_ledger(stack.storage))

    await until(known, PATIENCE)
