"""What one payment asks of storage and vault, counted on the wire between the real functions host and Azurite."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from azure.storage.queue.aio import QueueServiceClient

from bench.figures import Figure, Figures, Goal
from bench.tapped_stack import Exchange, TappedStack
from local.simulator.client import SimulatorControl
from shared.billers.model import Biller
from shared.exchange.result import Outcome, PostingResult
from tests.payments.world import NEWPORT, message

PAYMENTS: Final = 10
"""Of each case, each to a city of its own: a send that ended unknown slows down what follows for the same city."""
GOALS: Final = {
    "ledger_transactions": 2,
    "ledger_reads": 0,
    "billers_reads": 0,
    "vault_calls": 0,
    "dequeues": 1,
    "deletes": 1,
    "results": 1,
}
"""For one that is posted at once."""
_ALWAYS: Final = ("ledger_transactions", "ledger_reads", "vault_calls", "results", "sends", "dequeues", "deletes")
"""Shown also where there is none."""
_SETTINGS: Final = {
    "BILLER_CACHE_SECONDS": "3600",
    "TOKEN_CACHE_SECONDS": "3600",
    "LEDGER_GATE_CACHE_SECONDS": "3600",
    "LEDGER_BACKOFF_SECONDS": "0.1",
    "LEDGER_BREAKER_SECONDS": "0.1",
    "LEDGER_ASKS_SECONDS": "0.1",
}
"""The process stays warm, and what waits need not wait long; how long changes no count."""
_FOR_EVER: Final = -1
_POLL: Final = 0.02
_PATIENCE: Final = 60


@dataclass
class Meter:
    """Invoice Cloud's side of a stack, past the taps."""

    stack: TappedStack
    queues: QueueServiceClient
    city: SimulatorControl
    host: httpx.AsyncClient
    swept: frozenset[str] = field(default=frozenset())
    """What a sweep asks that finds nothing."""

    async def send(self, fields: dict[str, Any]) -> None:
        """Enqueue a payment."""
        queue = self.queues.get_queue_client("payments")
        await queue.send_message(json.dumps(fields), time_to_live=_FOR_EVER)

    async def told(self, *, duplicate: bool = False, outcome: Outcome = Outcome.POSTED) -> None:
        """Until the payment's result says so, and the host has deleted what led to it.

        Raises:
            TimeoutError: it does not come.
        """
        await self._until(lambda: self._has_come(outcome, duplicate=duplicate))
        await self.idle()

    async def idle(self) -> None:
        """Until the host has worked on all that it was sent."""
        await self._until(self._emptied)

    async def swept_until_posted(self) -> None:
        """The sweeper runs until it finds what waits; what it asks each time is not the payment's."""
        async with asyncio.timeout(_PATIENCE):
            while not await self._has_come(Outcome.POSTED, duplicate=False):
                await self.sweep()
                await self.idle()

    async def sweep(self) -> None:
        """One run of the sweeper, until the host has enqueued what it found."""
        before = len(self.stack.passed)
        (await self.host.post("/admin/functions/sweep", json={})).raise_for_status()
        await self._until(lambda: self._swept_since(before))

    async def learn(self) -> None:
        """What a sweep asks while nothing is due."""
        self.stack.passed.clear()
        await self.sweep()
        self.swept = frozenset(each.shape for each in self.stack.passed if each.kind == "ledger_reads")

    def of_payments(self) -> list[Exchange]:
        """What passed, without empty looks and the sweeper's own."""
        return [each for each in self.stack.passed if each.kind and each.shape not in self.swept]

    async def _until(self, true: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not await true():  # noqa: ASYNC110 - what is waited for is in other processes
                await asyncio.sleep(_POLL)

    async def _emptied(self) -> bool:
        properties = [await self.queues.get_queue_client(each).get_queue_properties() for each in ("payments", "due")]
        return not any(each.approximate_message_count for each in properties)

    async def _has_come(self, outcome: Outcome, *, duplicate: bool) -> bool:
        queue = self.queues.get_queue_client("posting-results")
        messages = [each async for each in queue.receive_messages()]
        for each in messages:
            await queue.delete_message(each)
        results = [PostingResult.model_validate_json(each.content) for each in messages]
        return any((each.outcome, each.duplicate) == (outcome, duplicate) for each in results)

    async def _swept_since(self, before: int) -> bool:
        """Whether the sweeper has noted its run, and a step went out for each row that it was shown."""
        passed = self.stack.passed[before:]
        kinds = Counter(each.kind for each in passed)
        shown = sum(each.open for each in passed if each.shape in self.swept)
        return kinds["runs_writes"] > 0 and kinds["sends"] >= shown


async def _posted(meter: Meter, fields: dict[str, Any]) -> None:
    await meter.send(fields)
    await meter.told()


async def _duplicate(meter: Meter, fields: dict[str, Any]) -> None:
    """Of what has been posted."""
    await meter.send(fields)
    await meter.told(duplicate=True)


async def _refused(meter: Meter, fields: dict[str, Any]) -> None:
    await meter.send(fields | {"customerNumber": "999999"})
    await meter.told(outcome=Outcome.HELD)


async def _deferred(meter: Meter, fields: dict[str, Any]) -> None:
    await meter.city.relay_refused(refused=True)
    await meter.send(fields)
    await meter.idle()
    await meter.city.relay_refused(refused=False)
    await meter.swept_until_posted()


async def _unknown(meter: Meter, fields: dict[str, Any]) -> None:
    await meter.city.switch(_subdomain(fields["billerId"]), dropAnswers=1)
    await meter.send(fields)
    await meter.idle()
    await meter.swept_until_posted()


_POSTED: Final = "posted"
_DUPLICATE: Final = "duplicate"
CASES: Final[dict[str, Callable[[Meter, dict[str, Any]], Awaitable[None]]]] = {
    _POSTED: _posted,
    _DUPLICATE: _duplicate,
    "refused": _refused,
    "deferred": _deferred,
    "unknown": _unknown,
}


def run() -> Figures:
    """Requests and bytes per payment, by what becomes of it."""
    return counted(PAYMENTS)


def counted(payments: int) -> Figures:
    """So many of each case, after a first one of each city that warms the process."""
    cities = [str(1 + number) for number in range(payments)]
    sent = {case: [message(billerId=city) for city in cities] for case in CASES}
    lines = [json.dumps(fields) for each in sent.values() for fields in each]
    with (
        tempfile.TemporaryDirectory() as folder,
        TappedStack(Path(folder) / "state", [_biller(city) for city in cities], lines, settings=_SETTINGS) as stack,
    ):
        return asyncio.run(_count(stack, sent))


async def _count(stack: TappedStack, sent: Mapping[str, Sequence[dict[str, Any]]]) -> Figures:
    found: Figures = {}
    async with _meter(stack) as meter:
        for fields in sent[_DUPLICATE]:
            await _posted(meter, fields)
        await meter.learn()
        for case, step in CASES.items():
            stack.passed.clear()
            for fields in sent[case]:
                await step(meter, fields)
            found |= _figures(case, meter.of_payments(), len(sent[case]))
    return found


def _biller(city: str) -> Biller:
    return Biller.model_validate(NEWPORT | {"billerId": city, "subdomain": _subdomain(city)})


def _subdomain(city: str) -> str:
    return f"city{city}"


@asynccontextmanager
async def _meter(stack: TappedStack) -> AsyncIterator[Meter]:
    keys = {"x-functions-key": stack.master_key}
    async with (
        QueueServiceClient.from_connection_string(stack.storage) as queues,
        SimulatorControl(stack.control_url) as city,
        httpx.AsyncClient(base_url=stack.functions_url, headers=keys, trust_env=False) as host,
    ):
        yield Meter(stack, queues, city, host)


def _figures(case: str, passed: Sequence[Exchange], payments: int) -> Figures:
    goals = {kind: Goal(of="value", sign="<=", limit=most) for kind, most in GOALS.items()} if case == _POSTED else {}
    kinds = Counter(dict.fromkeys((*_ALWAYS, *goals), 0))
    kinds.update(each.kind for each in passed)
    found = {
        f"transactions.{case}.{kind}": Figure(value=count / payments, unit="requests", goal=goals.get(kind))
        for kind, count in kinds.items()
    }
    size = sum(each.size for each in passed) / payments
    return found | {f"transactions.{case}.bytes": Figure(value=size, unit="bytes")}
