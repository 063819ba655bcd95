"""``python -m bench.own_time``: milliseconds per payment, of the whole process and of our own code; a line for a run.

Standard input is a JSON list of runs, each a list of payments; the first run warms the process and is not measured.

The function ``post_payments`` is called as the host calls it, in a process that holds the application's settings. An
interval timer interrupts every millisecond of processor time (or as often as the kernel can) and looks who works: a
sample is ours where the innermost frame that belongs to anybody is in ``shared/`` or ``functions/``. The standard
library belongs to whoever called it; ``json``, ``asyncio`` and every installed package to themselves.
"""

import asyncio
import json
import logging
import opcode
import signal
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import azure.functions as func

from functions.post_payments import post_payments
from local.processes import ROOT

_INTERVAL: Final = 0.001
_RESUME: Final = opcode.opmap["RESUME"]
_SHOWN: Final = 12
_AT_ONCE: Final = 4
_OURS: Final = (str(ROOT / "shared"), str(ROOT / "functions"))
_LIBRARY: Final = sysconfig.get_paths()["stdlib"]
_FOREIGN: Final = tuple(f"{_LIBRARY}/{name}/" for name in ("json", "asyncio", "site-packages"))


class Sampler:
    """Counts who works; ``lines`` are ours, by place."""

    def __init__(self) -> None:
        self.samples = 0
        self.lines: Counter[str] = Counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    @property
    def share(self) -> float:
        """Of all samples, those that are ours."""
        return self.lines.total() / self.samples

    def _look(self, _: int, frame: FrameType | None) -> None:
        self.samples += 1
        place = owner(worked(frame))
        if place is not None and place.startswith(_OURS):
            self.lines[place] += 1


def worked(frame: FrameType | None) -> FrameType | None:
    """Who worked when the clock ticked: a frame that only begins or goes on now did not, but who called it.

    A tick inside C code is seen at the next Python instruction that looks for signals, be it in a callback.
    """
    while frame is not None and frame.f_code.co_code[frame.f_lasti] == _RESUME:
        frame = frame.f_back
    return frame


def owner(frame: FrameType | None) -> str | None:
    """File and function of the innermost frame that is not the standard library's."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_FOREIGN) or not path.startswith((_LIBRARY, "<")):
            return f"{path}:{frame.f_code.co_name}"
        frame = frame.f_back
    return None


class _Out:
    """Takes what a function hands to an output binding."""

    def set(self, value: Any) -> None:  # noqa: ANN401 - the library's own type
        self.value = value


async def post(bodies: list[str]) -> None:
    """Let the function handle each, a few at once."""
    waiting = iter(bodies)

    async def work() -> None:
        for body in waiting:
            results: Any = _Out()
            await post_payments(func.QueueMessage(id="m", body=body.encode()), results, _Out())
            assert '"outcome":"posted"' in results.value[0]  # noqa: S101 - another way would cost something else

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def main(runs: list[list[str]]) -> None:
    """Post each run's payments, and print what each took; events are logged as on the platform."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    await post(runs.pop(0))
    for bodies in runs:
        sampler, before = Sampler(), time.process_time()
        with sampler.running():
            await post(bodies)
        taken = (time.process_time() - before) / len(bodies) * 1000
        report = {"process": taken, "own": taken * sampler.share, "most": sampler.lines.most_common(_SHOWN)}
        sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    asyncio.run(main(json.load(sys.stdin)))
