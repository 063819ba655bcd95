"""What a fault is, as data: a row of the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from tests.faults.fate import Call
from tests.faults.habit import Habit

type Strike = Callable[[Call, Random], None]
"""Does one thing to one call."""


class Acts(StrEnum):
    """Where a fault acts."""

    CALL = "on every call to a city's server"
    ORDER = "on the calls that make a receipt"
    HISTORY = "on a city's server, by what it did before"
    BOOKS = "on a city's books, or on what its server shows of them"
    TABLE = "on the ledger's table"
    QUEUE = "on the queues"
    TOKEN = "on vault and tokens"
    CLOCK = "on clocks, and on processes that stand still"
    CRASH = "on an instance"
    INPUT = "on what Invoice Cloud enqueues"
    PEOPLE = "by people, and by what keeps house"


class Harm(StrEnum):
    """What a lie may cost at most."""

    NONE = "an oddity: nearly every doubt ends without a person"
    BURNS = "uses numbers up: most doubts end without a person"
    BLINDS = "a person decides more often"
    HIDES = "hides receipts by tender, batch or workspace: with a second fault it is counted apart"
    LATE = "an order lands after the time to settle: counted apart"


SOME: Final = (0.15, 0.5, 1.0)
FEW: Final = (0.05, 0.15, 0.4)
RARE: Final = (0.03, 0.08)
ALWAYS: Final = (1.0,)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. ``chances``: one of them is drawn per plan; ``minutes``: one of them is how long it may last."""

    id: str
    sentence: str
    acts: Acts
    chances: tuple[float, ...] = SOME
    minutes: tuple[float, ...] = (20,)
    most: int | None = None
    """It strikes no more often than this in one plan: what it costs is an instance, or minutes."""
    strike: Strike | None = None
    most_unknown: int | None = None
    """Where it comes alone and strikes every time: how many payments of one biller it may bring in doubt at most."""
    habit: type[Habit] | None = None
    """What a city does from some moment on, unannounced."""
    harm: Harm | None = None
    """Of a lie; a plan with one lasts for days."""

    @property
    def lie(self) -> bool:
        """Whether a city says or does what it did not say or do when it was set up."""
        return self.harm is not None
