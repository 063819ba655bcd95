"""Seconds in which 300 payments of one city, queued at once, are posted through its two slots, beside the floor's.

Of 24 messages that the host takes at once two are sent; the others are written down as waiting and follow one another
through the queue ``due``. ``burst`` is a city that answers after 150 ms; ``burst.instant`` is one that answers at once,
where what waiting costs in storage shows undiluted.
"""

import asyncio
import tempfile
from typing import Final

from bench.figures import Figure, Figures, Goal, paired
from bench.posting import Side, answering_after, cities, drained, floor, ours, payments, stack
from local.stack import Stack
from shared.billers.model import Biller

PAYMENTS: Final = 300
RUNS: Final = 3
LATENCY_MS: Final = 150
_WARMING: Final = 10
_GOAL: Final = Goal(of="ratio", sign="<=", limit=1.3)


def run(count: int = PAYMENTS, runs: int = RUNS, latency_ms: int = LATENCY_MS) -> Figures:
    """Alternating runs of both sides, after one of each that is not counted."""
    towns = cities(1)
    with tempfile.TemporaryDirectory() as folder, stack(folder, towns) as running, floor(running, folder) as bare:
        sides = ours(running), bare
        for side in sides:
            asyncio.run(drained(running.storage, side, payments(towns, _WARMING)))
        instant = _figure(running, sides, towns, count, runs)
        asyncio.run(answering_after(running, latency_ms, towns))
        return {"burst": _figure(running, sides, towns, count, runs), "burst.instant": instant}


def _figure(running: Stack, sides: tuple[Side, Side], towns: list[Biller], count: int, runs: int) -> Figure:
    pairs = []
    for _ in range(runs):
        both = [asyncio.run(drained(running.storage, side, payments(towns, count))) for side in sides]
        pairs.append((both[0].seconds, both[1].seconds))
    return paired(pairs, "s", _GOAL)
