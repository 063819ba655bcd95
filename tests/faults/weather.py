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

_AWAY: Final = 600.0
"""Seconds that S4, a table that is away, lasts within its plan."""
_SURE: Final = 8
_ABOUT_ASKING: Final = frozenset({"P20", "P21", "P22"})
_BEGINS_LATER: Final = frozenset({"P16", "P23", "S4"})


@dataclass
class Storm:
    """One fault in one plan: from ``start`` to ``end`` (seconds) for some billers, striking by ``chance``."""

    fault: Fault
    chance: float
    billers: frozenset[str]
    start: float
    end: float
    sure: int
    """How many chances it lets pass at most before it strikes for the first time."""
    struck: Counter[str] = field(default_factory=Counter)


class Weather:
    """All storms of a plan; ``calm`` ends them."""

    def __init__(self, plan: Plan, now: Callable[[], float]) -> None:
        dice = plan.dice("weather")
        self._storms = {name: _storm(CATALOGUE[name], plan, dice) for name in plan.faults}
        self._dice = dice
        self._on_calls = [each for each in self._storms.values() if each.fault.acts in {Acts.CALL, Acts.ORDER}]
        self._now = now
        self.beside: list[Callable[[Call], None]] = []
        """What else happens to every call."""
        self.struck: Counter[str] = Counter()
        """How often each fault that strikes has struck."""

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

    def strikes(self, name: str, biller: str | None = None, dice: Random | None = None) -> bool:
        """Whether a fault strikes this time; ``dice`` decides in place of the weather's own."""
        if name not in self._storms or not self.blows(name, biller):
            return False
        storm = self._storms[name]
        if self.struck[name] == storm.fault.most:
            return False
        storm.sure -= 1
        struck = storm.sure == 0 or (dice or self._dice).random() < storm.chance
        if struck:
            self.struck[name] += 1
        return struck

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
        for happen in self.beside:
            happen(call)

    def _history(self, call: Call) -> None:
        if self.blows("P23", call.biller):
            struck = self._storms["P23"].struck
            peer_faults.dying(call, self._dice, struck[call.biller])
            self.struck["P23"] += 1
            struck[call.biller] += 1
        if self.blows("P24"):
            self.struck["P24"] += 1
            if call.biller == ASKED:
                peer_faults.refused(call, self._dice)
            elif call.biller in {SILENT, OLD}:
                peer_faults.slow(call, self._dice)


def _storm(fault: Fault, plan: Plan, dice: Random) -> Storm:
    length = plan.lasting(fault.id)
    chance, sure = dice.choice(fault.chances), dice.randint(1, _SURE)
    # Only one of the cities that are struck can be asked.
    some = fault.id not in _ABOUT_ASKING and dice.random() < 0.5
    billers = frozenset(dice.sample(STRUCK, 1) if some else STRUCK)
    start = dice.uniform(0, 0.6 * plan.arrival_seconds()) if fault.id in _BEGINS_LATER else 0.0
    end = min(length, start + _AWAY) if fault.id == "S4" else length
    return Storm(fault, chance, billers, start, end, sure)
