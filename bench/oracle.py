"""Does the time of the callback's answer tell one kind of bad key from another? Asked over HTTP, interleaved."""

import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.figures import Figure, Figures
from local.stack import CALLBACK_ROUTE, Stack
from tests.e2e.bad_keys import BILLERS, bad_queries

TIMINGS: Final = 10_000
_WARMING: Final = 20
_BODY: Final = b'{"access_token": "token"}'
_HEADERS: Final = {"Content-Type": "application/json"}
_NOT_FOUND: Final = 404


def run() -> Figures:
    """Medians per kind of key, and how far they lie apart."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "state", BILLERS) as stack:
        queries = bad_queries(stack)
        port = urlsplit(stack.functions_url).port
        return figures(_times(HTTPConnection("127.0.0.1", port), queries))


def figures(times: Mapping[str, Sequence[float]]) -> Figures:
    """From the milliseconds by kind of key."""
    medians = {kind: statistics.median(taken) for kind, taken in times.items()}
    apart = max(medians.values()) - min(medians.values())
    found = {f"oracle.{kind.replace(' ', '_')}": Figure(value=each, unit="ms") for kind, each in medians.items()}
    return found | {"oracle.apart": Figure(value=apart, unit="ms")}


def _times(http: HTTPConnection, queries: dict[str, str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in queries}
    for _ in range(_WARMING):
        for query in queries.values():
            _milliseconds(http, query)
    for _ in range(-(-TIMINGS // len(queries))):
        # In another order every time, so that no kind always follows the same one.
        for kind in random.sample(list(queries), len(queries)):
            times[kind].append(_milliseconds(http, queries[kind]))
    return times


def _milliseconds(http: HTTPConnection, query: str) -> float:
    began = time.perf_counter_ns()
    http.request("POST", f"/{CALLBACK_ROUTE}?{query}", _BODY, _HEADERS)
    answer = http.getresponse()
    answer.read()
    taken = (time.perf_counter_ns() - began) / 1e6
    assert answer.status == _NOT_FOUND  # noqa: S101 - a key that opens would be timed for something else
    return taken
