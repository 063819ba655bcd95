"""Which faults are active now, for whom, and how often they strike."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults import peer_faults
from tests.faults.billers import ASKED, OLD, SILENT, STRUCK
from tests.faults.catalogue import CATALOGUE, Acts, Fault
from tests.faults.fate import Call
from tests.faults.plan import Plan

_CALM_MINUTES: Final = 10
"""How long S4, a table that is away, lasts within its plan."""


@dataclass
class Storm:
    """One fault in one plan: from ``start`` to ``end`` (seconds) for some billers, striking by ``chance``."""

    fault: Fault
    chance: float
    billers: frozenset[str]
    start: float
    end: float
    struck: Counter[str] = field(default_factory=Counter)


class Weather:
    """All storms of a plan; ``calm`` ends them."""

    def __init__(self, plan: Plan, now: Callable[[], float]) -> None:
        dice = plan.dice("weather")
        length = plan.stormy_seconds()
        self._storms = {name: _storm(CATALOGUE[name], length, dice) for name in plan.faults}
        self._dice = dice
        self._on_calls = [each for each in self._storms.values() if each.fault.acts in {Acts.CALL, Acts.ORDER}]
        self._now = now

    def calm(self) -> None:
        """No faults from now on."""
        self._storms.clear()
        self._on_calls.clear()

    def storm(self, name: str) -> Storm | None:
        """One storm, whether it blows now or not."""
        return self._storms.get(name)

    def blows(self, name: str, biller: str | None = None) -> bool:
        """Whether a fault is active now, for this biller if one is named."""
        storm = self._storms.get(name)
        return (
            storm is not None and storm.start <= self._now() < storm.end and (biller is None or biller in storm.billers)
        )

    def strikes(self, name: str, biller: str | None = None) -> bool:
        """Whether a fault strikes this time."""
        return name in self._storms and self.blows(name, biller) and self._dice.random() < self._storms[name].chance

    def toss(self) -> bool:
        """Heads or tails, for faults that come in two forms."""
        return self._dice.random() < 0.5

    def meet(self, call: Call) -> None:
        """Let every fault that acts on calls have its go at one, in any order: the first to change a thing wins."""
        for storm in self._dice.sample(self._on_calls, len(self._on_calls)):
            concerned = storm.fault.acts is Acts.CALL or call.operation == "create_receipt"
            if storm.fault.strike and concerned and self.strikes(storm.fault.id, call.biller):
                storm.fault.strike(call, self._dice)
        self._history(call)

    def _history(self, call: Call) -> None:
        if self.blows("P23", call.biller):
            struck = self._storms["P23"].struck
            peer_faults.dying(call, self._dice, struck[call.biller])
            struck[call.biller] += 1
        if self.blows("P24"):
            if call.biller == ASKED:
                peer_faults.refused(call, self._dice)
            elif call.biller in {SILENT, OLD}:
                peer_faults.slow(call, self._dice)


def _storm(fault: Fault, length: float, dice: Random) -> Storm:
    chance = dice.choice(fault.chances)
    billers = frozenset(STRUCK if dice.random() < 0.5 else dice.sample(STRUCK, 1))
    start, end = 0.0, length
    if fault.id in {"P23", "P16", "S4"}:
        start = dice.uniform(0, 0.3 * length)
    if fault.id == "S4":
        end = min(length, start + 60 * _CALM_MINUTES)
    return Storm(fault, chance, billers, start, end)
