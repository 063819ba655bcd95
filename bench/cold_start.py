"""Milliseconds from the start of a process until its first work is done, beside the SDKs that this work needs.

The work: the functions are listed (``indexed``), a first callback is answered, a first payment is claimed. The floors
import the same SDKs, make the same requests and decide nothing. Every run is a process of its own; the sides alternate,
on one Azurite and one vault, and find all byte code compiled.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.figures import Figures, Goal, paired
from bench.posting import cities
from local.azurite import Azurite
from local.processes import ROOT
from local.services import Vault
from local.stack_setup import fill_stores
from tests.payments.world import message

CASES: Final = ("indexed", "callback", "payment")
RUNS: Final = 15
_GOAL: Final = Goal(of="ratio", sign="<=", limit=1.15)
_NOBODY: Final = "http://127.0.0.1:1"
_MOST_SECONDS: Final = 60


@dataclass(frozen=True)
class Town:
    """A biller that nothing was ever done for: what the processes of one pair are given."""

    biller: str
    key: str
    """Of its callback. Secret."""

    def ours(self, case: str) -> list[str]:
        """The command of our side."""
        paid = json.dumps(message(billerId=self.biller, paymentId=f"ours-{self.biller}"))
        given = {"indexed": [], "callback": [self.key, self._delivery], "payment": [paid]}[case]
        return ["bench.first_work", case, *given]

    def floor(self, case: str) -> list[str]:
        """The command of the floor: another name, since both work on the same tables."""
        name = f"floor-{self.biller}"
        paid = json.dumps(message(billerId=self.biller, paymentId=name))
        given = {"indexed": [], "callback": [self.biller, self._delivery], "payment": [self.biller, name, paid]}[case]
        return [f"bench.floors.cold_start_{case}", *given]

    @property
    def _delivery(self) -> str:
        return json.dumps({"access_token": f"token-{self.biller}", "expires_in": 15_552_000})


def run(runs: int = RUNS) -> Figures:
    """Alternating runs of both sides; the first pair of each case compiles the byte code and is not counted."""
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), len(CASES) * (runs + 1)) as (towns, settings):
        environment = cold(Path(folder), settings)
        left = iter(towns)
        return {f"cold_start.{case}": paired(_pairs(case, left, runs, environment), "ms", _GOAL) for case in CASES}


def _pairs(
    case: str, towns: Iterator[Town], runs: int, environment: Mapping[str, str]
) -> Sequence[tuple[float, float]]:
    pairs = []
    for _ in range(runs + 1):
        town = next(towns)
        pairs.append((until_done(town.ours(case), environment), until_done(town.floor(case), environment)))
    return pairs[1:]


@contextmanager
def stage(folder: Path, count: int) -> Iterator[tuple[list[Town], dict[str, str]]]:
    """Storage and vault with so many towns, and the application settings of a stamp that has them."""
    billers = cities(count)
    with Azurite(folder / "azurite") as azurite, Vault(folder / "vault") as vault:
        keys = asyncio.run(fill_stores(azurite.connection_string, vault, billers))
        yield (
            [Town(biller, key.get_secret_value()) for biller, key in keys.items()],
            {
                "AzureWebJobsStorage": azurite.connection_string,
                "KEY_VAULT_URL": vault.url,
                "KEY_VAULT_CA_FILE": vault.ca_file,
                **vault.environment,
                "STAMP_REGIONS": ",".join(sorted({str(biller.region) for biller in billers})),
                "CASELLE_BASE_URL": _NOBODY,
                "CASELLE_TOKEN_URL": f"{_NOBODY}/oauth/token",
                "CASELLE_ALLOWED_HOSTS": "127.0.0.1",
                "CASELLE_ALLOW_LOOPBACK": "1",
            },
        )


def cold(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of every process: byte code is kept, in this folder, whatever this shell says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "byte-code"), **settings}


def until_done(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Milliseconds from the start of a process that runs this module until it says that it is done.

    Raises:
        RuntimeError: it ended without.
    """
    began = time.perf_counter()
    with _started([sys.executable, "-m", *command], environment) as process:
        assert process.stdout is not None  # noqa: S101 - as started
        said = process.stdout.readline()
        took = time.perf_counter() - began
        _, trouble = process.communicate(timeout=_MOST_SECONDS)
    if said != "done\n":
        raise RuntimeError(f"{command[0]} ended too early:\n{trouble}")
    return took * 1000


def _started(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - a module of this package
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
