"""What a portal's question for a customer's open items takes beside the bare call and the ledger's four lists.

Each question of a run is about another customer, as questions for the same one share an answer; none has a payment on
its way. Caselle answers at once.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice, product
from pathlib import Path
from typing import Final

from bench.figures import Figures
from bench.latency import CITIES, REQUESTS, RUNS, Ask, Load, Sides, floor, measured
from bench.posting import caselle, cities, new_city
from local.stack import Stack
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message

CUSTOMERS: Final = 100
_NUMBERS: Final = tuple(f"{number:06}" for number in range(1, 1 + CUSTOMERS))
_FLOOR: Final = "floor"


def run(count: int = REQUESTS, runs: int = RUNS) -> Figures:
    """Alternating runs of both sides."""
    towns = cities(CITIES)
    lines = [line for town in towns for line in payments(town.biller_id)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "state", towns, lines) as running,
        sides(running, folder) as both,
    ):
        return measured("open_items", both, count, runs)


def payments(biller: str) -> list[str]:
    """One of each customer, from which the simulator learns what they owe."""
    return [json.dumps(message(billerId=biller, customerNumber=number)) for number in _NUMBERS]


@contextmanager
def sides(running: Stack, folder: str) -> Iterator[Sides]:
    """The app's host, and the floor's with a city of its own that owes the same."""
    token = asyncio.run(new_city(running, _FLOOR, payments(NEWPORT["billerId"])))
    url = f"{caselle(running).caselle_url}/tp/api/ar0/graphql"
    settings = {"FLOOR_URL": url, "FLOOR_TOKEN": token, "FLOOR_SUBDOMAIN": _FLOOR}
    with floor(running, folder, settings) as bare:
        yield Sides(
            _questions(f"{running.functions_url}/api", running.function_key, running.billers),
            _questions(f"{bare.url}/api/bare", bare.keys.function, running.billers),
        )


def _questions(url: str, key: str, billers: Sequence[Biller]) -> Load:
    headers: Mapping[str, str] = {"x-functions-key": key}

    def asks(count: int) -> list[Ask]:
        named = islice(cycle(product(_NUMBERS, billers)), count)
        return [_ask(f"{url}/billers/{biller.biller_id}", number, headers) for number, biller in named]

    return asks


def _ask(base: str, number: str, headers: Mapping[str, str]) -> Ask:
    return Ask("GET", f"{base}/customers/{number}/open-items", f'"{number}"', headers)
