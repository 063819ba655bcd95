"""The floor of ``throughput`` and ``burst``: what posting costs when nothing is decided.

``python -m bench.floors.throughput`` works on the queue ``floor`` until it is ended: dequeue, a transaction, a call
over a fresh connection, a transaction, a result, delete; 24 at once as in ``host.json``, two at once per biller.
The environment names the storage (``AzureWebJobsStorage``) and the peer (``FLOOR_URL``, ``_TOKEN``, ``_SUBDOMAIN``).
"""

import asyncio
import json
import os
import zlib
from collections import defaultdict
from typing import Any

import httpx
from azure.data.tables.aio import TableClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from bench.floors.rows import begun, posted

BATCH, AT_ONCE, SLOTS = 16, 24, 2
STORAGE, URL = os.environ["AzureWebJobsStorage"], os.environ["FLOOR_URL"]  # noqa: SIM112 - the platform spells it so
HEADERS = {
    "Authorization": f"Bearer {os.environ['FLOOR_TOKEN']}",
    "X-Caselle-Subdomain": os.environ["FLOOR_SUBDOMAIN"],
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
}
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
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        self.peer = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
        self.slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(SLOTS))

    async def work(self) -> None:
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                found = self.inbound.receive_messages(max_messages=BATCH, visibility_timeout=600)
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
            receipt = await self.call(name)
            await self.table.submit_transaction(posted(shard, biller, name, body, etags[0]["etag"]))
        await self.results.send_message(json.dumps(_result(payment, receipt)))
        await self.inbound.delete_message(message.id, message.pop_receipt)

    async def call(self, reference: str) -> str:
        variables = {"input": INPUT | {"reference": reference}}
        body = {"operationName": "CreateReceipt", "query": DOCUMENT, "variables": variables}
        request = httpx.Request("POST", URL, headers=HEADERS, content=json.dumps(body))
        answer = await self.peer.handle_async_request(request)
        receipt: str = json.loads(await answer.aread())["data"]["create_receipt"]["receipt_number"]
        await answer.aclose()
        return receipt


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
