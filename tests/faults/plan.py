"""What one run consists of: from a plan everything else follows, bit by bit."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final, Literal
from zoneinfo import ZoneInfo

from tests.faults.catalogue import CATALOGUE
from tests.faults.fault import Harm
from tests.faults.town import AFTERWARDS, Town, town_of

USUAL_START: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_COAST: Final = ZoneInfo("America/Los_Angeles")
_ODD_STARTS: Final = (
    datetime(2026, 11, 1, 0, 50, tzinfo=_COAST),  # one hour comes twice
    datetime(2027, 3, 14, 1, 50, tzinfo=_COAST),  # one hour is missing
    datetime(2026, 11, 30, 23, 55, tzinfo=_COAST),
    datetime(2028, 2, 28, 23, 55, tzinfo=_COAST),
    datetime(2028, 2, 29, 23, 55, tzinfo=_COAST),
)
_NEED_A_BACKLOG: Final = frozenset({"I-6", "X12"})
_ARRIVALS: Final = 900
"""Seconds in which payments arrive, unless all come at once."""


@dataclass(frozen=True, slots=True)
class Kill:
    """End the instance that makes the ``number``-th call of the run, just before or just after the call's effect."""

    number: int
    side: Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. ``seconds`` overrides how long the faults last; ``pace`` and ``counter`` a town's draw."""

    seed: int
    faults: tuple[str, ...] = ()
    payments: int = 50
    seconds: float | None = None
    kill: Kill | None = None
    pace: int | None = None
    counter: int | None = None

    def __str__(self) -> str:
        """Enough to run it again."""
        drawn = "".join(
            f" {name}={value}" for name in ("pace", "counter") if (value := getattr(self, name)) is not None
        )
        return f"seed={self.seed} faults={'+'.join(self.faults) or 'none'} payments={self.payments}{drawn}"

    def town(self) -> Town | None:
        """Where a city lies, or a pace is asked for, the plan lasts for days in a town; otherwise for minutes."""
        if self.pace is None and not any(CATALOGUE[fault].lie for fault in self.faults):
            return None
        return town_of(self.dice("town"), self.payments, self.pace, self.counter)

    @property
    def hides(self) -> bool:
        """Whether a list hides receipts by tender, batch or workspace while something else goes wrong."""
        return len(self.faults) > 1 and any(CATALOGUE[fault].harm is Harm.HIDES for fault in self.faults)

    def dice(self, purpose: str) -> Random:
        """Random numbers of this plan for one purpose, so that a change in one leaves the others as they were."""
        return Random(f"{self.seed} {purpose}")

    def start(self) -> datetime:
        """When virtual time begins."""
        return self.dice("start").choice(_ODD_STARTS).astimezone(UTC) if "K2" in self.faults else USUAL_START

    def stormy_seconds(self) -> float:
        """How long faults last."""
        if self.seconds is not None:
            return self.seconds
        if town := self.town():
            return town.end + AFTERWARDS
        return max((self.lasting(fault) for fault in self.faults), default=1200.0)

    def lasting(self, fault: str) -> float:
        """For how many seconds one fault is active."""
        return self.seconds or 60 * self.dice(f"length of {fault}").choice(CATALOGUE[fault].minutes)

    def arrival_seconds(self) -> float:
        """Within how many seconds the payments arrive; one plan in four without lies brings them all at once."""
        if town := self.town():
            return town.end
        if _NEED_A_BACKLOG & set(self.faults):
            return 0.0
        at_once = self.dice("arrivals").random() < 0.25
        return 1.0 if at_once else min(_ARRIVALS, 0.8 * self.stormy_seconds())
