"""``python -m tests.faults``: mutants, simulation and kills; the last line says what came of them.

The exit code is 0 only where every figure is right: nothing lost, doubled, stuck, told wrongly or held needlessly, every
mutant caught, every kill made.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.faults.campaign import Tally, plans, simulate
from tests.faults.everywhere import killed_at_every_call
from tests.faults.kills import campaign
from tests.faults.kills_figures import KillFigures
from tests.faults.mutants import MUTANTS, hunted
from tests.faults.shrink import explained, shrunk

_KILLS: Final = 40
_FEWEST_KILLS: Final = 10
"""One for each kind of message, with and without its storage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything at the scale that is asked for."""
    options = _options(arguments)
    caught = _mutants(options.seed)
    with ThreadPoolExecutor(1) as beside:
        # The kills want the main thread; most of their time goes by waiting for hosts.
        simulation = beside.submit(_simulation, options)
        kills = campaign(max(_FEWEST_KILLS, round(_KILLS * options.scale)), options.seed, _tell)
        tally = simulation.result()
    _tell(f"kill -9 of the functions host, ends of its storage: {kills}")
    _tell(f"payments in doubt at some time: {tally.unknown}; simulated instances that ended: {tally.killed}")
    _tell(_last_line(tally, kills, caught))
    return 0 if tally.sound and kills.sound and caught == len(MUTANTS) else 1


def _mutants(seed: int) -> int:
    """How many are caught; each with what gave it away."""
    caught = 0
    for mutant in MUTANTS:
        outcome = hunted(mutant, seed)
        caught += outcome is not None
        _tell(f"mutant {mutant.name}: {outcome.broken if outcome else 'SURVIVED'}")
    return caught


def _simulation(options: argparse.Namespace) -> Tally:
    tally = simulate(plans(options.scale, options.seed), options.workers, _tell)
    for outcome in killed_at_every_call():
        tally.add(outcome)
    for (lie, pace), doubts in sorted(tally.by_lie.items()):
        _tell(f"{lie or 'no lie'} at {pace} a day: {doubts}")
    for failure in tally.failures:
        _tell(explained(shrunk(failure)))
    return tally


def _last_line(tally: Tally, kills: KillFigures, caught: int) -> str:
    figures = {name: count + getattr(kills, name, 0) for name, count in tally.figures().items()}
    told = " ".join(f"{name}={count}" for name, count in figures.items())
    payments = tally.payments + kills.payments
    return f"payments={payments} plans={tally.plans} {told} kills={kills.kills} mutants={caught}/{len(MUTANTS)}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="1: 200,000 payments; 5: a million; 0.05: a twentieth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes of the simulation")
    return parser.parse_args(arguments)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
