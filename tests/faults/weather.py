"""Which faults are active now, for whom, and how often they strike."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults import peer_faults
from tests.faults.billers import ASKED, OLD, SILENT, STRUCK
from tests.faults.catalogue import CATALOGUE
from tests.faults.fate import Call
from tests.faults.fault import Acts, Fault
from tests.faults.habit import HOUR, MINUTE
from tests.faults.plan import Plan
from tests.faults.town import Town

_AWAY: Final = 600.0
"""Seconds that S4, a table that is away, lasts within its plan."""
_SURE: Final = 8
_ABOUT_ASKING: Final = frozenset({"P20", "P21", "P22"})
_BEGINS_LATER: Final = frozenset({"P16", "P23", "S4"})
_ONCE: Final = frozenset({"P16", "P20", "P21", "P22", "V2", "V3", "V4"})
"""Happen once, and last; in a town everything else comes in gusts."""
_GUST: Final = 4 * HOUR
_SHORT_GUST: Final = 10 * MINUTE


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
    gusts: Sequence[bool] = ()
    """In a town: whether it blows in each ``gust`` seconds of the plan, the next after the last as after the first."""
    gust: float = _GUST

    def blows(self, now: float) -> bool:
        """Whether it is active."""
        if not self.start <= now < self.end:
            return False
        return not self.gusts or self.gusts[int(now // self.gust) % len(self.gusts)]


class Weather:
    """All storms of a plan; ``calm`` ends them."""

    def __init__(self, plan: Plan, now: Callable[[], float]) -> None:
        dice = plan.dice("weather")
        self._storms = {name: _storm(CATALOGUE[name], plan, dice) for name in plan.faults}
        self.steady = frozenset(name for name, storm in self._storms.items() if storm.chance == 1)
        """Faults that strike every time: one cause, as long as they last."""
        self._dice = dice
        self._on_calls = [each for each in self._storms.values() if each.fault.acts in {Acts.CALL, Acts.ORDER}]
        self._now = now
        self._town = plan.town()
        self._losses = plan.dice("losses")
        self._whim = plan.seed
        self.beside: list[Callable[[Call], None]] = []
        """What else happens to every call."""
        self.struck: Counter[str] = Counter()
        """How often each fault that strikes has struck."""

    def calm(self) -> None:
        """No faults from now on."""
        self._town = None
        self._storms.clear()
        self._on_calls.clear()

    def storm(self, name: str) -> Storm | None:
        """One storm, whether it blows now or not."""
        return self._storms.get(name)

    def blows(self, name: str, biller: str | None = None) -> bool:
        """Whether a fault is active now, for this biller if one is named."""
        storm = self._storms.get(name)
        return storm is not None and storm.blows(self._now()) and (biller is None or biller in storm.billers)

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
        call.whim = self._whim
        for storm in self._dice.sample(self._on_calls, len(self._on_calls)):
            concerned = storm.fault.acts is Acts.CALL or call.operation == "create_receipt"
            if storm.fault.strike and concerned and self.strikes(storm.fault.id, call.biller):
                storm.fault.strike(call, self._dice)
        self._history(call)
        self._lose(call)
        for happen in self.beside:
            happen(call)

    def _lose(self, call: Call) -> None:
        """What is lost in every town, once the honest time is over: half of it before the work, half after."""
        town = self._town
        if town is None or call.reference is None or not town.honest < self._now() < town.honest + town.span:
            return
        if self._losses.random() < town.lost:
            peer_faults.undone(call, self._losses)
            call.lands_after = max(call.lands_after, self._losses.uniform(0, 40))
            self._losses.choice([peer_faults.closed_unanswered, peer_faults.hangs])(call, self._losses)

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
    town = plan.town()
    return _in_minutes(fault, plan, dice) if town is None else _in_days(fault, plan, town, dice)


def _in_days(fault: Fault, plan: Plan, town: Town, dice: Random) -> Storm:
    """After the honest time, at the town's one city that is struck; what Invoice Cloud enqueues is made before all."""
    chance, sure = dice.choice(fault.chances), dice.randint(1, _SURE)
    start = 0.0 if fault.acts is Acts.INPUT else town.honest + dice.uniform(0, 0.4) * town.span
    end = start + plan.lasting(fault.id) if fault.id in _ONCE else plan.stormy_seconds()
    storm = Storm(fault, chance, frozenset({ASKED}), start, end, sure)
    if fault.acts not in {Acts.BOOKS, Acts.INPUT, Acts.PEOPLE} and fault.id not in _ONCE:
        storm.gust = _SHORT_GUST if fault.id == "S4" else min(_GUST, town.span / 6)
        storm.gusts = [dice.random() < (0.1 if fault.id == "S4" else 0.5) for _ in range(48)]
    return storm


def _in_minutes(fault: Fault, plan: Plan, dice: Random) -> Storm:
    length = plan.lasting(fault.id)
    chance, sure = dice.choice(fault.chances), dice.randint(1, _SURE)
    # Only one of the cities that are struck can be asked.
    some = fault.id not in _ABOUT_ASKING and dice.random() < 0.5
    billers = frozenset(dice.sample(STRUCK, 1) if some else STRUCK)
    start = dice.uniform(0, 0.6 * plan.arrival_seconds()) if fault.id in _BEGINS_LATER else 0.0
    end = min(length, start + _AWAY) if fault.id == "S4" else length
    return Storm(fault, chance, billers, start, end, sure)
