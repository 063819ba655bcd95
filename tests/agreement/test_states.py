"""The picture of the states is true to the code."""

import re
from pathlib import Path

from shared.ledger.entry import State
from shared.ledger.transition import TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_picture_shows_every_transition_and_no_other():
    arrows = re.findall(r"^ {4}(\[\*\]|\w+) --> (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {(None if start == "[*]" else State(start), State(end)) for start, end in arrows}
    assert told == {(start, end) for start, ends in TRANSITIONS.items() for end in ends}


def test_the_table_lists_every_state():
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(State)
