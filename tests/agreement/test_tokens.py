"""The page about tokens says what the code does."""

import re
from pathlib import Path

from shared.billers.model import TokenStrategy
from shared.tokens.endpoint import REFUSALS
from shared.tokens.look import FOR_A_PERSON

TEXT = (Path(__file__).parents[2] / "docs/tokens.md").read_text(encoding="utf-8")


def _table(heading):
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z_]+)`(?: \(default\))? \| (.+) \|$", section, re.MULTILINE))


def test_every_refusal_of_the_token_endpoint_has_its_action():
    assert _table("What the token endpoint says") == REFUSALS


def test_every_strategy_is_explained():
    assert set(_table("Strategies")) == set(TokenStrategy)


def test_every_reason_against_a_renewal_is_explained():
    assert set(_table("Renewals that need a person")) == FOR_A_PERSON
