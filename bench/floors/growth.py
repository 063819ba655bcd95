"""The floor of ``growth``: the requests of a post, a sweep and a report, made with the SDK and nothing else.

``python -m bench.floors.growth TABLE SHARD BILLER DAY`` makes each once on the storage in ``AzureWebJobsStorage`` and
prints its milliseconds.
"""

import asyncio
import os
import sys
import time
import uuid
from contextlib import suppress
from typing import Final

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from bench.floors.rows import begun, posted

SHARDS: Final = [f"{number:02x}" for number in range(32)]
BETWEEN: Final = "PartitionKey eq @shard and RowKey ge @first and RowKey lt @last"
DUE, GATES, AT_ONCE = 200, 1000, 16
BODY: Final = b"0" * 330


async def post(table: TableClient, shard: str, biller: str, *, cold: bool) -> None:
    """Two transactions; before them, where the process does not remember the biller's gate, its row."""
    if cold:
        with suppress(ResourceNotFoundError):
            await table.get_entity(shard, f"B~{biller}")
    name = str(uuid.uuid4())
    etags = await table.submit_transaction(begun(shard, biller, name, BODY))
    await table.submit_transaction(posted(shard, biller, name, BODY, etags[0]["etag"]))


async def sweep(table: TableClient) -> int:
    """What is open and every gate, in each shard; how many rows."""
    due = [len(await between(table, shard, "O~", "O~9", DUE)) for shard in SHARDS]
    return sum(due) + sum([len(await between(table, shard, "B~", "B~\x7f", GATES)) for shard in SHARDS])


async def report(table: TableClient, places: list[tuple[str, str]], day: str) -> int:
    """The state rows of what is booked under one day, biller by biller; how many."""
    found = 0
    for shard, biller in places:
        start = f"D~{day}~{biller}~"
        listed = await between(table, shard, start, f"{start}\x7f", 500)
        keys = [f"P~{row['biller']}~{row['kind']}~{row['id']}" for row in listed]
        for first in range(0, len(keys), AT_ONCE):
            asked = [table.get_entity(shard, key) for key in keys[first : first + AT_ONCE]]
            found += len(await asyncio.gather(*asked))
    return found


async def between(table: TableClient, shard: str, first: str, last: str, page: int) -> list[TableEntity]:
    parameters = {"shard": shard, "first": first, "last": last}
    return [row async for row in table.query_entities(BETWEEN, parameters=parameters, results_per_page=page)]


if __name__ == "__main__":

    async def main(name: str, shard: str, biller: str, day: str) -> None:
        storage = os.environ["AzureWebJobsStorage"]  # noqa: SIM112 - the platform spells it so
        async with TableClient.from_connection_string(storage, name) as table:
            for step in (post(table, shard, biller, cold=True), sweep(table), report(table, [(shard, biller)], day)):
                began = time.perf_counter()
                await step
                print((time.perf_counter() - began) * 1000)  # noqa: T201 - what it is run for

    asyncio.run(main(*sys.argv[1:]))
