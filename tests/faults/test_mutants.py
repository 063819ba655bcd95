"""Each of the broken rules is caught, and none of them breaks anything while it is not applied."""

import pytest

from tests.faults.mutants import MUTANTS, hunted

SEED = 7


def test_there_are_so_many():
    assert len({mutant.name for mutant in MUTANTS}) == 61


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_rule_is_caught(mutant):
    outcome = hunted(mutant, SEED)
    assert outcome is not None
