"""A small plan, killed once before and once after every call that its instances make."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.faults.plan import Kill, Plan
from tests.faults.run import Outcome, run

SMALL: Final = Plan(seed=6, payments=6)


def killed_at_every_call(plan: Plan = SMALL) -> Iterator[Outcome]:
    """Outcomes of the plan, each with another instance's end."""
    for number in range(1, run(plan).calls + 1):
        yield run(replace(plan, kill=Kill(number, "before")))
        yield run(replace(plan, kill=Kill(number, "after")))
