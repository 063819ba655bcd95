"""Each of the thirteen broken rules is caught, and none of them breaks anything while it is not applied."""

import pytest

from tests.faults.mutants import MUTANTS, hunted
from tests.faults.plan import Plan
from tests.faults.run import run

SEED = 7


def test_there_are_thirteen():
    assert len({mutant.name for mutant in MUTANTS}) == 13


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_rule_is_caught(mutant):
    outcome = hunted(mutant, SEED)
    assert outcome is not None
    seconds = outcome.plan.seconds
    assert run(Plan(outcome.plan.seed, outcome.plan.faults, outcome.payments, seconds)).broken is None
