"""Requests to Table storage per payment, counted on the wire between the real store and Azurite."""

import re
import tempfile
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from azure.data.tables.aio import TableServiceClient

from bench.counting_proxy import CountingProxy
from local.azurite import Azurite
from shared.azure_stores.table_billers import TableBillers
from shared.azure_stores.table_ledger import ServerTime, TableLedger
from shared.billers.model import Biller
from shared.billers.registry import CachedRegistry
from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from tests.payments.world import NEWPORT, World, message

PAYMENTS: Final = 20


@dataclass
class Meter:
    """The use cases on a real table, and what they ask of it."""

    world: World
    requests: Counter[str]
    first: dict[str, Any] = field(default_factory=message)

    async def deliver(self) -> None:
        """One new payment."""
        await self.world.deliver(message())

    async def sweep(self, seconds: float) -> None:
        """What is due goes on; the sweep itself is not the payment's, so its reads are left out."""
        self.world.clock.advance(seconds)
        before = Counter(self.requests)
        self.world.queue += await self.world.app.sweep.run()
        self.requests.clear()
        self.requests.update(before)
        await self.world.drain()


type Step = Callable[[Meter], Awaitable[None]]


async def _duplicate(meter: Meter) -> None:
    await meter.world.deliver(meter.first)


async def _refused(meter: Meter) -> None:
    meter.world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await meter.deliver()


async def _deferred(meter: Meter) -> None:
    meter.world.city.next(NotSent("ConnectError", peer_failed=False))
    await meter.deliver()
    await meter.sweep(60)


async def _unknown(meter: Meter) -> None:
    meter.world.city.next(Ambiguous("ReadTimeout"), made=True)
    await meter.deliver()
    await meter.sweep(90)


CASES: Final[dict[str, Step]] = {
    "posted at once": Meter.deliver,
    "duplicate": _duplicate,
    "refused by Caselle": _refused,
    "not sent, then posted": _deferred,
    "unknown, then found": _unknown,
}


async def run() -> str:
    """The table: transactions and reads per payment, for each case."""
    lines = ["| payment | transactions | reads |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder, Azurite(Path(folder)) as azurite:
        for name, step in CASES.items():
            counted = await _case(azurite.connection_string, step)
            writes = counted["POST $batch"] / PAYMENTS
            reads = (sum(counted.values()) - counted["POST $batch"]) / PAYMENTS
            lines.append(f"| {name} | {writes:.2f} | {reads:.2f} |")
    return "\n".join(lines) + "\n"


async def _case(connection: str, step: Step) -> Counter[str]:
    endpoint = re.search(r"TableEndpoint=(http://[^/]+)", connection)
    assert endpoint is not None  # noqa: S101 - the connection string is our own
    world = World()
    async with CountingProxy(endpoint[1]).running() as proxy:
        through = connection.replace(endpoint[1], proxy.url)
        async with TableServiceClient.from_connection_string(through) as service:
            ledger = await service.create_table(f"ledger{uuid.uuid4().hex}")
            billers = TableBillers(await service.create_table(f"billers{uuid.uuid4().hex}"))
            await billers.put(Biller.model_validate(NEWPORT))
            # The world's own clock: time passes when the case says so.
            world.use(TableLedger(ledger, ServerTime(world.clock)), CachedRegistry(billers, world.clock, seconds=3600))
            meter = Meter(world, proxy.requests)
            await world.deliver(meter.first)
            proxy.requests.clear()
            for _ in range(PAYMENTS):
                await step(meter)
    return proxy.requests
