"""The floor of ``throughput`` and ``burst``: what posting costs when nothing is decided.

``python -m bench.floors.throughput`` works on the queue ``floor`` until it is ended: dequeue, a transaction, a call
over a fresh connection, a transaction, a result, delete; 24 at once as in ``host.json``, two at once per biller.
The environment names the storage (``AzureWebJobsStorage``) and the peer.
"""

import asyncio
import json
import os
import zlib
from collections import defaultdict
from typing import Any

from azure.data.tables.aio import TableClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from bench.floors.peer import call
from bench.floors.rows import begun, posted

BATCH, AT_ONCE, SLOTS = 16, 24, 2
STORAGE = os.environ["AzureWebJobsStorage"]  # noqa: SIM112 - the platform spells it so
DOCUMENT = """
mutation CreateReceipt($input: CreateReceiptInput!) {
  create_receipt(input: $input) { receipt_number }
}
"""
INPUT = {
    "customer_number": "000412",
    "category_code": "12",
    "distribution_code": "1201",
    "payment_code": "7",
    "amount": "125.40",
    "receipt_date": "2026-11-20",
    "payer": None,
    "allocations": [{"invoice_number": "10023", "amount": "100.00"}, {"invoice_number": "10044", "amount": "25.40"}],
}


class Floor:
    """The clients, and a semaphore for each biller's slots."""

    def __init__(self) -> None:
        self.inbound = QueueClient.from_connection_string(STORAGE, "floor")
        self.results = QueueClient.from_connection_string(STORAGE, "floor-results")
        self.table = TableClient.from_connection_string(STORAGE, "floor", use_env_settings=False)
        self.slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(SLOTS))

    async def work(self) -> None:
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                found = self.inbound.receive_messages(
                    messages_per_page=BATCH, max_messages=BATCH, visibility_timeout=600
                )
                begun = {group.create_task(self.post(message)) async for message in found}
                running |= begun
                if not begun:
                    await asyncio.sleep(0.1)
                while len(running) > AT_ONCE - BATCH:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def post(self, message: QueueMessage) -> None:
        body = message.content.encode()
        payment = json.loads(body)
        biller, name = payment["billerId"], payment["paymentId"]
        shard = f"{zlib.crc32(biller.encode()) % 32:02x}"
        async with self.slots[biller]:
            etags = await self.table.submit_transaction(begun(shard, biller, name, body))
            answer = await call("CreateReceipt", DOCUMENT, {"input": INPUT | {"reference": name}})
            receipt = json.loads(answer)["data"]["create_receipt"]["receipt_number"]
            await self.table.submit_transaction(posted(shard, biller, name, body, etags[0]["etag"]))
        await self.results.send_message(json.dumps(_result(payment, receipt)))
        await self.inbound.delete_message(message.id, message.pop_receipt)


def _result(payment: dict[str, Any], receipt: str) -> dict[str, Any]:
    same = {name: payment[name] for name in ("schemaVersion", "billerId", "confirmationNumber", "amount")}
    more = {"kind": "payment", "outcome": "posted", "duplicate": False, "version": 2, "final": True, "attempts": 1}
    dates = {"postingDate": "2026-11-20", "at": "2026-11-20T12:00:00Z"}
    return same | more | dates | {"id": payment["paymentId"], "receiptNumber": receipt}


if __name__ == "__main__":

    async def main() -> None:
        floor = Floor()
        print("ready {}", flush=True)  # noqa: T201 - whoever started it waits for this line
        await floor.work()

    asyncio.run(main())
