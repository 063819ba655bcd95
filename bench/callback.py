"""What the delivery of a token takes beside the read of the one row that tells that it is kept already.

That is what a delivery costs that Caselle repeats. One that brings a new token waits for Key Vault to keep it and for
the city to accept it.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from bench.figures import Figures
from bench.latency import CITIES, REQUESTS, RUNS, Ask, Load, Sides, floor, measured
from bench.posting import cities, new_city
from local.stack import Stack

_HEADERS: Final = {"Content-Type": "application/json"}
_NOT_ASKED: Final = {"FLOOR_URL": "", "FLOOR_TOKEN": "", "FLOOR_SUBDOMAIN": ""}


def run(count: int = REQUESTS, runs: int = RUNS) -> Figures:
    """Alternating runs of both sides."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "state", cities(CITIES)) as running,
        sides(running, folder) as both,
    ):
        return measured("callback", both, count, runs)


@contextmanager
def sides(running: Stack, folder: str) -> Iterator[Sides]:
    """Deliveries of each city's token, in turn; the first brings it, and every later one repeats it."""
    tokens = {biller.biller_id: asyncio.run(new_city(running, str(biller.subdomain), ())) for biller in running.billers}
    with floor(running, folder, _NOT_ASKED) as bare:
        yield Sides(
            _deliveries(running.callback_urls, tokens),
            _deliveries({biller: f"{bare.url}/api/bare/callback?BK={biller}" for biller in tokens}, tokens),
        )


def _deliveries(urls: Mapping[str, str], tokens: Mapping[str, str]) -> Load:
    each = [Ask("POST", urls[biller], '"stored"', _HEADERS, _body(token)) for biller, token in tokens.items()]
    return lambda count: list(islice(cycle(each), count))


def _body(token: str) -> bytes:
    return json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 15_552_000}).encode()
