"""``python -m tests.faults.network [--payments N]``: N payments for each shape, over real sockets; prints the figures."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from local.processes import Child
from local.simulator.client import SimulatorControl
from shared.ledger.answer import Ambiguous, Answer
from shared.ledger.entry import State
from tests.fakes.clock import StoppedClock
from tests.faults.network_app import App, City, Line, certificate_of_nobody, found_cities, line_to
from tests.faults.network_shapes import SHAPES, STATES, Shape

LANES: Final = 6
"""Shapes at once: most of the time of a slow one is waiting."""
_SLOW_FIRST: Final = sorted(SHAPES, key=lambda shape: not (shape.endless or shape.slow_to_connect))
_HEAD: Final = """\
| shape | fault | payments | as told | ambiguous | ended | doubled | lost |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


@dataclass
class Tally:
    """What became of the payments of one shape."""

    shape: Shape
    payments: int = 0
    as_told: int = 0
    """Class and state after the first attempt, and what the peer had done then, are those of the table."""
    ambiguous: int = 0
    ended: Counter[State] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    """Receipts that must be there, by reference."""
    made: Counter[str] = field(default_factory=Counter)

    @property
    def doubled(self) -> int:
        return (self.made - self.expected).total()

    @property
    def lost(self) -> int:
        return (self.expected - self.made).total()

    @property
    def stuck(self) -> int:
        return self.payments - self.ended[State.HELD if self.shape.ends_held else State.POSTED]

    @property
    def right(self) -> bool:
        in_doubt = self.shape.connect_phase and self.ambiguous
        return self.as_told == self.payments and not (in_doubt or self.doubled or self.lost or self.stuck)

    def line(self) -> str:
        ended = ", ".join(f"{state} {count}" for state, count in sorted(self.ended.items()))
        figures = self.payments, self.as_told, self.ambiguous, ended, self.doubled, self.lost
        return f"| {self.shape.name} | {self.shape.fault} | {' | '.join(map(str, figures))} |"


async def run(payments: int) -> list[Tally]:
    """So many payments for each shape."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Child.module("simulator", "local.simulator", log=folder / "log") as child:
            addresses = child.wait_ready()
            async with SimulatorControl(addresses["controlUrl"]) as control:
                cities = await found_cities(addresses["tokenUrl"], control, len(SHAPES))
                left = deque(zip(_SLOW_FIRST, cities, strict=True))
                open_line = partial(line_to, addresses["caselleUrl"], certificate_of_nobody(folder))
                done = await asyncio.gather(*(_lane(open_line, control, left, payments) for _ in range(LANES)))
    return [tally for tallies in done for tally in tallies]


async def _lane(
    open_line: Callable[[], AbstractAsyncContextManager[Line]],
    control: SimulatorControl,
    left: deque[tuple[Shape, City]],
    payments: int,
) -> list[Tally]:
    """One shape after the other, while there are any."""
    tallies = []
    async with open_line() as line:
        while left:
            shape, city = left.popleft()
            tallies.append(await _shape(line, control, shape, city, payments))
    return tallies


async def _shape(line: Line, control: SimulatorControl, shape: Shape, city: City, payments: int) -> Tally:
    tally = Tally(shape)
    clock = StoppedClock(datetime.now(UTC))
    for _ in range(payments):
        await _payment(App(line, city, control, clock), tally, control)
    rows = (await control.receipts())[city.biller.biller_id]
    tally.made.update(row["reference"] for row in rows)
    return tally


async def _payment(app: App, tally: Tally, control: SimulatorControl) -> None:
    """One payment from its first attempt, which meets the shape, to its end."""
    biller = app.city.biller.biller_id
    await app.begin()
    before = await _orders(control, biller)
    app.line.answers.clear()
    payment = await app.post(tally.shape)
    state = (await app.world.entry(payment)).state
    await app.heal()
    processed = await _orders(control, biller) - before
    tally.payments += 1
    tally.as_told += _as_told(tally.shape, app.line.answers, state, processed)
    tally.ambiguous += any(isinstance(answer, Ambiguous) for answer in app.line.answers)
    tally.ended[(await app.settle(payment)).state] += 1
    tally.expected.update(each["confirmationNumber"] for each in app.payments if each is not payment)
    tally.expected.update([] if tally.shape.ends_held else [payment["confirmationNumber"]])


async def _orders(control: SimulatorControl, biller: str) -> int:
    """How many have reached the peer."""
    return (await control.calls())[biller].get("create_receipt", 0)


def _as_told(shape: Shape, answers: Sequence[Answer], state: State, processed: int) -> bool:
    told = [type(answer) for answer in answers] == [shape.answer]
    return told and state is STATES[shape.answer, shape.scope] and processed == shape.processed


def main() -> int:
    """Print the table and one line of sums; the exit code is 1 when a figure is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.network", description=__doc__)
    parser.add_argument("--payments", type=int, default=200, help="for each shape (default: 200)")
    options = parser.parse_args()
    logging.getLogger("caselle").setLevel(logging.CRITICAL)  # every fault would be told of
    began = time.monotonic()
    tallies = sorted(asyncio.run(run(options.payments)), key=lambda tally: SHAPES.index(tally.shape))
    lines = [_HEAD, *(tally.line() for tally in tallies), f"{_sums(tallies)} seconds={time.monotonic() - began:.0f}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if all(tally.right for tally in tallies) else 1


def _sums(tallies: Sequence[Tally]) -> str:
    payments = sum(tally.payments for tally in tallies)
    agreement = 100 * sum(tally.as_told for tally in tallies) / payments
    in_doubt = sum(tally.ambiguous for tally in tallies if tally.shape.connect_phase)
    doubled, lost, stuck = (sum(getattr(t, name) for t in tallies) for name in ("doubled", "lost", "stuck"))
    return (
        f"shapes={len(tallies)} payments={payments} agreement={agreement:.2f}% "
        f"unknown_of_connect_phase={in_doubt} doubled={doubled} lost={lost} stuck={stuck}"
    )


if __name__ == "__main__":
    sys.exit(main())
