"""Makes a plan that fails as small as it can, and shows the steps that matter."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.faults.plan import Plan
from tests.faults.run import Outcome, run

_MOST_RUNS: Final = 60
_MOST_STEPS: Final = 150
_ALWAYS_SHOWN: Final = ("KILLED", "SIGTERM", "FROZEN", "CALM", "AWAY", "BROKEN")


def shrunk(outcome: Outcome) -> Outcome:
    """The smallest plan found that breaks the same promise.

    Args:
        outcome: of a plan that broke one.
    """
    left = _MOST_RUNS
    smaller = _smaller(outcome.plan)
    while left and (plan := next(smaller, None)):
        left -= 1
        found = run(plan)
        if found.broken and outcome.broken and found.broken.code == outcome.broken.code:
            outcome, smaller = found, _smaller(plan)
    return outcome


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with less of something, the boldest first."""
    for payments in dict.fromkeys((plan.payments // 4, plan.payments // 2, plan.payments * 3 // 4, plan.payments - 1)):
        if 0 < payments < plan.payments:
            yield replace(plan, payments=payments)
    for fault in plan.faults:
        if len(plan.faults) > 1:
            yield replace(plan, faults=tuple(each for each in plan.faults if each != fault))
    half = plan.stormy_seconds() / 2
    if half > 60:
        yield replace(plan, seconds=half)


def explained(outcome: Outcome) -> str:
    """Which promise broke, how to see it again, and the steps that concern it."""
    broken = outcome.broken
    if broken is None:
        return f"{outcome.plan}: nothing broke"
    wanted = [*broken.names, *_ALWAYS_SHOWN]
    lines = [
        f"{seconds:12.3f}  {who:8} {what}"
        for seconds, who, what in broken.steps
        if not broken.names or any(name in what for name in wanted)
    ]
    seconds = "" if outcome.plan.seconds is None else f" seconds={outcome.plan.seconds:g}"
    return "\n".join([f"{broken}", f"{outcome.plan}{seconds}", *lines[-_MOST_STEPS:]])
