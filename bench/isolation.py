"""What eight cities notice of two others: one that is dead, and one that takes 20 s for every answer.

Each run is a fresh stack with ten billers and real processes. First 20 payments of each are queued at once: the rate
at which those of the eight are posted is the throughput. Then come eight payments a second for 12 s, each biller in
turn: from sending one of the eight's to its result is the time whose 95th percentile counts. The floor is the same
run with ten healthy cities. The dead one answers that its web service does not respond, as the relay does.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from azure.storage.queue.aio import QueueClient, QueueServiceClient

from bench.figures import Figures, Goal, paired
from bench.posting import cities, ours, payments, stack, stage
from local.simulator.client import SimulatorControl
from local.stack import Stack
from shared.billers.model import Biller
from shared.exchange.result import PostingResult

RUNS: Final = 5
BURST: Final = 200
PER_SECOND: Final = 8
STEADY: Final = 96
BILLERS: Final = 10
_SLOW_MS: Final = 20_000
_PATIENCE: Final = 120
_POLL: Final = 0.2


class Found(NamedTuple):
    """Of the eight: payments per second of the burst, and seconds from queue to result of the steady ones."""

    rate: float
    slowest_twentieth: float


def run(runs: int = RUNS, burst: int = BURST, steady: int = STEADY) -> Figures:
    """Alternating runs, disturbed and not."""
    pairs = [(one(burst, steady, disturbed=True), one(burst, steady, disturbed=False)) for _ in range(runs)]
    rates = [(disturbed.rate, quiet.rate) for disturbed, quiet in pairs]
    times = [(disturbed.slowest_twentieth, quiet.slowest_twentieth) for disturbed, quiet in pairs]
    return {
        "isolation.throughput": paired(rates, "payments/s", Goal(of="ratio", sign=">=", limit=0.9)),
        "isolation.p95": paired(times, "s", Goal(of="ratio", sign="<=", limit=1.5)),
    }


def one(burst: int, steady: int, *, disturbed: bool) -> Found:
    """One run on a stack of its own."""
    towns = cities(BILLERS)
    healthy = towns[2:]
    with tempfile.TemporaryDirectory() as folder, stack(folder, towns) as running:
        asyncio.run(_queued(running, payments(towns, 2 * BILLERS), towns))
        if disturbed:
            asyncio.run(_disturb(running, dead=towns[0], slow=towns[1]))
        at_once = asyncio.run(_queued(running, payments(towns, burst), healthy))
        one_by_one = asyncio.run(_queued(running, payments(towns, steady), healthy, PER_SECOND))
    return Found(len(at_once) / max(at_once), statistics.quantiles(one_by_one, n=20)[-1])


async def _disturb(running: Stack, dead: Biller, slow: Biller) -> None:
    async with SimulatorControl(running.control_url) as control:
        await control.switch(str(dead.subdomain), cows="graphql_error")
        await control.switch(str(slow.subdomain), latencyMs=_SLOW_MS)


async def _queued(
    running: Stack, bodies: Sequence[str], healthy: Sequence[Biller], per_second: float | None = None
) -> list[float]:
    """Seconds that each payment of the healthy took: since it was queued, or since all could be seen at once."""
    known = {biller.biller_id for biller in healthy}
    async with QueueServiceClient.from_connection_string(running.storage) as queues:
        side = ours(running)
        inbound, results = queues.get_queue_client(side.inbound), queues.get_queue_client(side.results)
        if per_second is None:
            sent = dict.fromkeys(map(_id, bodies), await _at_once(inbound, bodies))
        else:
            sent = await _one_by_one(inbound, bodies, per_second)
        waited = {_id(body) for body in bodies if json.loads(body)["billerId"] in known}
        taken: dict[str, float] = {}
        async with asyncio.timeout(_PATIENCE):
            while not waited <= taken.keys():
                side.check()
                await asyncio.sleep(_POLL)
                async for message in results.receive_messages(messages_per_page=32):
                    result = PostingResult.model_validate_json(message.content)
                    taken[str(result.id)] = result.at.timestamp() - sent.get(str(result.id), 0)
                    await results.delete_message(message)
    return [taken[name] for name in waited]


async def _at_once(inbound: QueueClient, bodies: Sequence[str]) -> float:
    await stage(inbound, bodies)
    return time.time()


async def _one_by_one(inbound: QueueClient, bodies: Sequence[str], per_second: float) -> dict[str, float]:
    """Send at a steady pace, whatever becomes of those before; when each was sent."""
    sent, began = {}, time.monotonic()
    for number, body in enumerate(bodies):
        await asyncio.sleep(max(0, began + number / per_second - time.monotonic()))
        sent[_id(body)] = time.time()
        await inbound.send_message(body, time_to_live=-1)
    return sent


def _id(body: str) -> str:
    name: str = json.loads(body)["paymentId"]
    return name
