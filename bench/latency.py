"""What the cases of single answers share: a floor beside the app under a host of the same kind, and a steady load.

A request is due at its moment whatever becomes of those before it, and its time counts from that moment: a late answer
delays no other request, and none that waits is left out.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import ClientSession, TCPConnector

from bench.figures import Figures, Goal, added
from local.processes import ROOT
from local.services import FunctionsHost
from local.stack import Stack

PER_SECOND: Final = 50
REQUESTS: Final = 500
RUNS: Final = 7
CITIES: Final = 10
_APP: Final = ROOT / "bench" / "floors" / "latency_app"
_GOALS: Final = {"p50": Goal(of="value", sign="<=", limit=5), "p99": Goal(of="value", sign="<=", limit=20)}
_WARMING: Final = 40
_GENTLY: Final = 10
_HUNDREDTHS: Final = {"p50": 50, "p99": 99}


class Ask(NamedTuple):
    """One request, and what its right answer holds."""

    method: str
    url: str
    holds: str
    headers: Mapping[str, str]
    body: bytes | None = None


type Load = Callable[[int], Sequence[Ask]]
"""So many requests to one side."""


class Sides(NamedTuple):
    """Requests that ask both sides for the same work."""

    ours: Load
    floor: Load


@contextmanager
def floor(running: Stack, folder: str, settings: Mapping[str, str]) -> Iterator[FunctionsHost]:
    """The bare app under a host of its own, on the same storage."""
    log = Path(folder) / "floor.log"
    with FunctionsHost(_APP, storage=running.host_storage, log=log, settings=settings) as host:
        yield host


def measured(name: str, sides: Sides, count: int = REQUESTS, runs: int = RUNS) -> Figures:
    """Median and 99th percentile that ours adds, of alternating runs after one of each that is not counted."""
    for load in sides:
        # The first answer of a process waits for its imports; at the full pace hundreds would wait behind it.
        asyncio.run(times(load(min(count, _WARMING)), _GENTLY))
    pairs = [[_percentiles(load(count)) for load in sides] for _ in range(runs + 1)][1:]
    return {
        f"{name}.{label}": added([(ours[label], bare[label]) for ours, bare in pairs], "ms", goal)
        for label, goal in _GOALS.items()
    }


def _percentiles(asks: Sequence[Ask]) -> dict[str, float]:
    cuts = statistics.quantiles(asyncio.run(times(asks)), n=100)
    return {label: cuts[number - 1] for label, number in _HUNDREDTHS.items()}


async def times(asks: Sequence[Ask], per_second: float = PER_SECOND) -> list[float]:
    """Milliseconds from the moment each request was due to its whole answer.

    Raises:
        AssertionError: an answer is not the right one.
    """
    async with ClientSession(connector=TCPConnector(limit=0)) as http, asyncio.TaskGroup() as group:
        tasks, began = [], time.perf_counter()
        for number, ask in enumerate(asks):
            due = began + number / per_second
            await asyncio.sleep(max(0, due - time.perf_counter()))
            tasks.append(group.create_task(_time(http, ask, due)))
    return [task.result() for task in tasks]


async def _time(http: ClientSession, ask: Ask, due: float) -> float:
    async with http.request(ask.method, ask.url, headers=ask.headers, data=ask.body) as answer:
        text = await answer.text()
        taken = (time.perf_counter() - due) * 1000
    assert (answer.status, ask.holds in text) == (HTTPStatus.OK, True), answer.status  # noqa: S101 - any other costs something else
    return taken
