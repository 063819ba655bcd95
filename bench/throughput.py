"""Payments per second through the functions host, beside a loop that makes the same calls and decides nothing.

Both work on the same Azurite and the same simulator, which answers at once. There are as many billers as the host
takes messages at once, so no payment waits for a slot.
"""

import asyncio
import tempfile
from typing import Final

from bench.figures import Figures, Goal, paired
from bench.posting import cities, drained, floor, ours, payments, stack

BILLERS: Final = 24
PAYMENTS: Final = 300
RUNS: Final = 5
_RAMP: Final = 0.2
_GOAL: Final = Goal(of="ratio", sign=">=", limit=0.85)


def run(count: int = PAYMENTS, runs: int = RUNS, billers: int = BILLERS) -> Figures:
    """Alternating runs of both sides, after one of each that is not counted."""
    towns = cities(billers)
    with tempfile.TemporaryDirectory() as folder, stack(folder, towns) as running, floor(running, folder) as bare:
        sides = ours(running), bare
        for side in sides:
            asyncio.run(drained(running.storage, side, payments(towns, 2 * billers)))
        pairs = []
        for _ in range(runs):
            both = [asyncio.run(drained(running.storage, side, payments(towns, count))) for side in sides]
            pairs.append((both[0].rate(_RAMP), both[1].rate(_RAMP)))
    return {"throughput": paired(pairs, "payments/s", _GOAL)}
