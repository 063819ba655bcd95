"""``python -m bench.growth_memory PAYMENTS``: this process's resident memory after a tenth of them, and after all.

Everything runs on stores in memory. What they keep of a payment is taken away once it is posted, so that what is left
is what our own code holds on to.
"""

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.figures import Figure, Goal
from local.processes import ROOT
from tests.payments.world import World, message

PAYMENTS: Final = 30_000
_MOST_SECONDS: Final = 300
_GOAL: Final = Goal(of="ratio", sign="<=", limit=1.1)


def memory(payments: int = PAYMENTS) -> Figure:
    """MiB after all payments, beside those after a tenth, in a process of its own."""
    command = [sys.executable, "-m", "bench.growth_memory", str(payments)]
    answer = subprocess.run(  # noqa: S603 - a fixed command
        command, capture_output=True, check=True, cwd=ROOT, text=True, timeout=_MOST_SECONDS
    )
    early, late = json.loads(answer.stdout)
    return Figure(value=late, unit="MiB", floor=early, ratio=late / early, goal=_GOAL)


async def grown(payments: int) -> list[float]:
    """MiB resident after a tenth of the payments, and after all."""
    world, found = World(), []
    await world.set_up()
    for number in range(1, payments + 1):
        await world.deliver(message())
        assert world.results.pop().outcome == "posted"  # noqa: S101 - anything else costs something else
        world.store.rows.clear()
        world.store._ordered.clear()  # noqa: SLF001 - the fake has no forgetting of its own
        world.city.orders.clear()
        world.city.receipts_made.clear()
        if number in {payments // 10, payments}:
            found.append(_resident())
    return found


def _resident() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    sys.stdout.write(json.dumps(asyncio.run(grown(int(sys.argv[1])))))
