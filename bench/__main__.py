"""``python -m bench [CASE]``: run one benchmark, or all, print its table and keep its figures."""

import argparse
import importlib
import logging
import sys
from typing import Final

from bench.figures import keep, table

CASES: Final = (
    "burst",
    "callback",
    "cold_start",
    "cpu",
    "growth",
    "invoice_file",
    "isolation",
    "open_items",
    "oracle",
    "throughput",
    "token_sweep",
    "transactions",
)
"""Modules of this package with a function ``run() -> Figures``; a case is named after its module."""


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("case", nargs="?", choices=CASES, help="one case; without it, all")
    chosen = parser.parse_args().case
    logging.disable(logging.ERROR)  # hundreds of events would bury the table
    for name in [chosen] if chosen else CASES:
        # One at a time, so that no case pays for what another imports.
        figures = importlib.import_module(f"bench.{name}").run()
        keep(figures)
        sys.stdout.write(table(figures) + "\n")
        sys.stdout.flush()


main()
