"""What the cases that post through the functions host share: cities, payments, a floor beside it, a drained queue."""

import asyncio
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.processes import Child
from local.simulator.client import SimulatorControl
from local.simulator.seed import seed
from local.stack import Stack
from local.stack_services import Simulator
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message

_FLOOR: Final = "floor"
_AT_ONCE: Final = 8
_STAGING: Final = 40.0
"""Messages that one second puts into a queue, with room to spare."""
_POLL: Final = 0.05
_PATIENCE: Final = 300


class Side(NamedTuple):
    """Where one side's payments go in, and its results come out."""

    inbound: str
    results: str


OURS: Final = Side("payments", "posting-results")
FLOOR: Final = Side(_FLOOR, f"{_FLOOR}-results")


def cities(count: int) -> list[Biller]:
    """So many billers like Newport, each with two slots."""
    numbers = range(1001, 1001 + count)
    return [
        Biller.model_validate(NEWPORT | {"billerId": str(number), "subdomain": f"city{number}"}) for number in numbers
    ]


def stack(folder: str, billers: Sequence[Biller]) -> Stack:
    """A stack whose simulator knows the customer and the invoices of every payment made here."""
    return Stack(Path(folder) / "state", billers, payments(billers, len(billers)))


def payments(billers: Sequence[Biller], count: int) -> list[str]:
    """New payments, each biller in turn."""
    ids = [billers[number % len(billers)].biller_id for number in range(count)]
    return [json.dumps(message(billerId=biller, paymentId=str(uuid.uuid4()))) for biller in ids]


@contextmanager
def floor(running: Stack, folder: str) -> Iterator[None]:
    """The floor's loop in a process of its own, on the same storage and the same simulator."""
    settings = asyncio.run(_prepare(running)) | {"AzureWebJobsStorage": running.storage}
    log = Path(folder) / "floor.log"
    with Child.module("floor", "bench.floors.throughput", log=log, env=settings) as child:
        child.wait_ready()
        yield


async def _prepare(running: Stack) -> dict[str, str]:
    """A city, queues and a table of the floor's own; what it needs to know."""
    token = await new_city(running, _FLOOR, [json.dumps(message())])
    async with QueueServiceClient.from_connection_string(running.storage) as queues:
        for name in FLOOR:
            await queues.create_queue(name)
    async with TableServiceClient.from_connection_string(running.storage) as tables:
        await tables.create_table(_FLOOR)
    url = f"{caselle(running).caselle_url}/tp/api/cr0/graphql"
    return {"FLOOR_URL": url, "FLOOR_TOKEN": token, "FLOOR_SUBDOMAIN": _FLOOR}


async def new_city(running: Stack, subdomain: str, lines: Sequence[str]) -> str:
    """A city with the customers of Newport's payments, or one that begins again; its token."""
    simulator, secret = caselle(running), secrets.token_urlsafe(16)
    form = {"grant_type": "client_credentials", "client_id": subdomain, "client_secret": secret}
    setup = seed([NEWPORT | {"subdomain": subdomain, "clientId": subdomain}], lines)[0]
    async with SimulatorControl(simulator.control_url) as control, httpx.AsyncClient(trust_env=False) as http:
        await control.put_biller(setup | {"clientSecret": secret})
        token: str = (await http.post(simulator.token_url, data=form)).json()["access_token"]
    return token


def caselle(running: Stack) -> Simulator:
    """The stack's simulator."""
    assert running.simulator is not None  # noqa: S101 - every stack here is started with one
    return running.simulator


class Drained(NamedTuple):
    """When how many results were there; seconds since all payments could be seen in the queue."""

    counts: list[tuple[float, int]]

    @property
    def seconds(self) -> float:
        """Until the last result."""
        return self.counts[-1][0]

    def rate(self, share: float) -> float:
        """Results per second, without the first ``share`` of them: the queue fills in steps of a second."""
        total = self.counts[-1][1]
        first = next(each for each in self.counts if each[1] >= share * total)
        return (total - first[1]) / (self.seconds - first[0])


async def drained(storage: str, side: Side, bodies: Sequence[str]) -> Drained:
    """Let one side see all these payments at once, and wait for as many results.

    Raises:
        TimeoutError: they do not come.
    """
    async with _queues(storage, side) as (inbound, results):
        began = await stage(inbound, bodies)
        counts: list[tuple[float, int]] = []
        async with asyncio.timeout(_PATIENCE):
            while not counts or counts[-1][1] < len(bodies):
                await asyncio.sleep(_POLL)
                found = (await results.get_queue_properties()).approximate_message_count or 0
                counts.append((time.monotonic() - began, found))
    return Drained(counts)


async def stage(inbound: QueueClient, bodies: Sequence[str]) -> float:
    """Send messages that nobody sees before all are there; when the last is seen, by the monotonic clock."""
    ahead = 2 + len(bodies) / _STAGING
    seen = time.monotonic() + ahead
    waiting = iter(bodies)

    async def send() -> None:
        for body in waiting:
            await inbound.send_message(body, visibility_timeout=max(0, int(seen - time.monotonic())), time_to_live=-1)

    await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
    await asyncio.sleep(max(0, seen - time.monotonic()))
    return time.monotonic()


@asynccontextmanager
async def _queues(storage: str, side: Side) -> AsyncIterator[tuple[QueueClient, QueueClient]]:
    async with QueueServiceClient.from_connection_string(storage) as service:
        inbound, results = map(service.get_queue_client, side)
        await results.clear_messages()
        yield inbound, results


async def answering_after(running: Stack, milliseconds: int, billers: Sequence[Biller]) -> None:
    """From now on these cities, and the floor's where it is set up, answer after so long."""
    async with SimulatorControl(running.control_url) as control:
        for biller in billers:
            await control.switch(str(biller.subdomain), latencyMs=milliseconds)
        await control.switch(_FLOOR, latencyMs=milliseconds)
