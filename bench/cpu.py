"""Milliseconds of processor time per payment, in a warm process on Azurite and the simulator: all, and our own code's.

A profile by samples (``bench/own_time.py``), so that the profiler itself weighs nothing. Azure's SDK, httpx, pydantic
and json are not ours; what we call of the rest of the standard library is.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.figures import Figures, Goal, alone
from bench.posting import cities, payments, stack
from local.processes import ROOT
from local.stack import Stack

PAYMENTS: Final = 500
RUNS: Final = 5
BILLERS: Final = 4
_WARMING: Final = 50
_MOST_SECONDS: Final = 540


def run(count: int = PAYMENTS, runs: int = RUNS) -> Figures:
    """The runs follow one another in one process."""
    found = profiles(count, runs)
    own, process = ([each[name] for each in found] for name in ("own", "process"))
    return {"cpu": alone(own, "ms", Goal(of="value", sign="<=", limit=1)), "cpu.process": alone(process, "ms")}


def profiles(count: int, runs: int) -> list[dict[str, Any]]:
    """Of each run: ``process`` and ``own`` in ms per payment, and ``most``: our places that were seen most."""
    towns = cities(BILLERS)
    work = [payments(towns, size) for size in [_WARMING, *[count] * runs]]
    with tempfile.TemporaryDirectory() as folder, stack(folder, towns) as running:
        settings = _settings(running, Path(folder))
        answer = subprocess.run(
            [sys.executable, "-m", "bench.own_time"],
            input=json.dumps(work),
            capture_output=True,
            check=True,
            cwd=ROOT,
            env=os.environ | settings,
            text=True,
            timeout=_MOST_SECONDS,
        )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def _settings(running: Stack, folder: Path) -> dict[str, str]:
    """What the stack gives its hosts."""
    published = json.loads((folder / "state" / "stack.json").read_text())["settings"]
    return {**published, "AzureWebJobsStorage": running.storage}
