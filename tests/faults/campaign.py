"""Which plans a campaign consists of, and their running over several processes."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from random import Random
from types import MappingProxyType
from typing import Final

from tests.faults.catalogue import CATALOGUE
from tests.faults.plan import Plan
from tests.faults.run import Outcome, run
from tests.faults.town import PACES
from tests.faults.verdict import Doubts

_PLANS_PER_SINGLE: Final = 4
_PAYMENTS_PER_SINGLE: Final = 100
_PACES_PER_LIE: Final = 2
"""Plans of a single lie at each pace."""
_PAYMENTS_PER_PAIR: Final = 22
_MIXES: Final = 250
_PAYMENTS_PER_MIX: Final = 80
"""Payments of one plan at scale 1; a larger scale has larger plans, which costs less than more of them."""
_FEWEST, _MOST = 5, 10
_CHUNK: Final = 2
_FEW: Final = 50
"""Payments of a single fault in a part of the campaign."""
_PROGRESS: Final = 10.0
_ENOUGH_FAILURES: Final = 3


_HIDDEN_AT_MOST: Final = 10_000
"""Doubts for each payment that may be doubled where a list hides receipts while something else goes wrong."""
_COUNTED: Final = MappingProxyType(
    {
        "lost": ("lost", "I8"),
        "doubled": ("doubled", "I4", "I11"),
        "stuck": ("stuck", "I14"),
        "false": ("false", "I5", "I6"),
        "needless": ("needless",),
    }
)
"""Which broken promises each figure counts."""


@dataclass
class Tally:
    """What a campaign has come to so far."""

    payments: int = 0
    plans: int = 0
    unknown: int = 0
    killed: int = 0
    """Instances of the simulation that ended at a crash point."""
    doubts: Doubts = field(default_factory=Doubts)
    by_lie: dict[tuple[str, int], Doubts] = field(default_factory=dict)
    """Of lies that came alone, by lie and pace."""
    broken: Counter[str] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count one plan."""
        self.payments += outcome.payments
        self.plans += 1
        self.unknown += outcome.unknown
        self.killed += outcome.kills
        self.struck.update(outcome.struck)
        self.doubts.add(outcome.doubts)
        if outcome.plan.pace is not None and len(outcome.plan.faults) <= 1:
            lie = "".join(outcome.plan.faults)
            self.by_lie.setdefault((lie, outcome.plan.pace), Doubts()).add(outcome.doubts)
        if outcome.broken is not None:
            self.broken[outcome.broken.code] += 1
            self.failures.append(outcome)

    def figures(self) -> dict[str, int]:
        """What the last line says: five that must be 0, three that are counted apart."""
        found = {name: sum(self.broken[code] for code in codes) for name, codes in _COUNTED.items()}
        return found | {"hidden": self.doubts.hidden, "late": self.doubts.late, "sworn": self.doubts.sworn}

    @property
    def sound(self) -> bool:
        """Whether nothing broke, and lists that hide receipts doubled as little as they may."""
        return not self.failures and self.doubts.hidden * _HIDDEN_AT_MOST <= max(self.doubts.all, _HIDDEN_AT_MOST)

    def __str__(self) -> str:
        """The figures of the last line."""
        told = " ".join(f"{name}={count}" for name, count in self.figures().items())
        return f"payments={self.payments} plans={self.plans} {told}"


def plans(scale: float, seed: int) -> list[Plan]:
    """All singles, all pairs, and random mixes; below scale 1 a part of them, every single fault included."""
    found = [replace(plan, payments=round(plan.payments * max(1.0, scale))) for plan in _all(seed)]
    if scale >= 1:
        return found
    dice = Random(f"{seed} part")
    singles = {plan.faults: plan for plan in found if len(plan.faults) == 1}
    rest = [plan for plan in found if singles.get(plan.faults) is not plan]
    left = scale * sum(plan.payments for plan in found) - sum(_FEW for _ in singles)
    few = [replace(plan, payments=_FEW) for plan in singles.values()]
    return [*few, *_as_many_as(dice.sample(rest, len(rest)), left)]


def _as_many_as(chosen: Iterable[Plan], payments: float) -> Iterator[Plan]:
    """Plans until they have so many payments."""
    for plan in chosen:
        if payments <= 0:
            return
        payments -= plan.payments
        yield plan


def simulate(chosen: Iterable[Plan], workers: int, tell: Callable[[str], None]) -> Tally:
    """Run plans; stops early once some have failed. ``tell`` hears of the progress every ten seconds."""
    tally, began = Tally(), time.monotonic()
    told = began
    for outcome in _outcomes(list(chosen), workers):
        tally.add(outcome)
        if outcome.broken is not None:
            tell(f"BROKEN {outcome.plan}: {outcome.broken}")
        if time.monotonic() - told > _PROGRESS:
            told = time.monotonic()
            tell(f"{told - began:5.0f} s  {tally}")
        if len(tally.failures) >= _ENOUGH_FAILURES:
            break
    return tally


def _all(seed: int) -> Iterator[Plan]:
    seeds = iter(range(seed * 100_000, (seed + 1) * 100_000))
    for fault in CATALOGUE.values():
        for pace in PACES * _PACES_PER_LIE if fault.lie else [None] * _PLANS_PER_SINGLE:
            yield Plan(next(seeds), (fault.id,), _PAYMENTS_PER_SINGLE, pace=pace)
    for pair in combinations(CATALOGUE, 2):
        yield Plan(next(seeds), pair, _PAYMENTS_PER_PAIR)
    dice = Random(f"{seed} mixes")
    for _ in range(_MIXES):
        mix = dice.sample(list(CATALOGUE), dice.randint(_FEWEST, _MOST))
        yield Plan(next(seeds), tuple(mix), _PAYMENTS_PER_MIX)


def _outcomes(chosen: list[Plan], workers: int) -> Iterator[Outcome]:
    if workers == 1:
        yield from map(run, chosen)
        return
    # Mixes first, since most breaks in them; pairs last, since they are short and nobody waits long for the last.
    ordered = sorted(chosen, key=lambda plan: (len(plan.faults) == 2, -len(plan.faults)))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(run, ordered, chunksize=_CHUNK)
        finally:
            pool.shutdown(cancel_futures=True)
