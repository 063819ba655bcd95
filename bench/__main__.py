"""``python -m bench [CASE]``: run one benchmark, or all, and print its table."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable

from bench import invoice_file, oracle, token_sweep, transactions

CASES: dict[str, Callable[[], str]] = {
    "invoice-file": lambda: asyncio.run(invoice_file.run()),
    "oracle": oracle.run,
    "token-sweep": lambda: asyncio.run(token_sweep.run()),
    "transactions": lambda: asyncio.run(transactions.run()),
}


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("case", nargs="?", choices=sorted(CASES), help="one case; without it, all")
    chosen = parser.parse_args().case
    logging.disable(logging.ERROR)  # hundreds of events would bury the table
    for name, run in CASES.items():
        if chosen in {None, name}:
            sys.stdout.write(run())


main()
