"""The pictures of failures name states and transitions that the code has."""

import re
from pathlib import Path

import pytest

from shared.ledger.entry import State
from shared.ledger.transition import TRANSITIONS

TEXT = (Path(__file__).parents[2] / "docs" / "failures.md").read_text(encoding="utf-8")
PICTURES = dict(re.findall(r"^## (.+?)\n.*?```mermaid\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL))
ARROW = re.compile(r"->>L: (\w+)")
NO_STATE = {"breaker", "gate", "who", "commit", "read", "unblock"}
"""First words of what is written or asked beside the state row."""


def _states(picture):
    words = ARROW.findall(picture)
    assert set(words) <= NO_STATE | set(State), set(words) - NO_STATE - set(State)
    return [State(word) for word in words if word in set(State)]


def test_there_is_one_for_each_kind():
    assert len(PICTURES) == 12
    assert TEXT.count("```mermaid") == len(PICTURES)


@pytest.mark.parametrize("title", PICTURES)
def test_every_state_in_it_can_be_reached_from_those_before(title):
    before: set[State | None] = {None}
    for state in _states(PICTURES[title]):
        assert any(state in TRANSITIONS[was] for was in before), f"{state} after {before}"
        before.add(state)


def test_all_states_that_failures_lead_to_are_shown():
    shown = {state for picture in PICTURES.values() for state in _states(picture)}
    assert shown == set(State) - {State.SKIPPED, State.REVERSED}
    assert "reversed (the payment)" in PICTURES["The money goes back"]
