"""``docs/run.md`` has a line for every event that asks for a person, and names only commands that exist."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from admin.app import app

ROOT = Path(__file__).parents[2]
PAGES = ("docs/run.md", "docs/onboard-a-biller.md")
RUN = (ROOT / "docs/run.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", RUN, re.MULTILINE)
LISTED = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/events.md").read_text(encoding="utf-8"), re.MULTILINE)


def commands(command=None, path=()):
    """Every command of the command line, as a tuple of words."""
    command = command or get_command(app)
    inner = getattr(command, "commands", None)
    if not inner:
        return {path}
    return {found for name, each in inner.items() for found in commands(each, (*path, name))}


def named(page):
    """What follows ``icadmin`` on a page, up to the first word that is no command's."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for words in re.findall(r"icadmin((?: [a-z-]+)+)", text):
        yield tuple(word for word in words.split() if not word.startswith("--"))


def test_every_event_has_a_line_and_no_other():
    assert sorted(event for event, _, _ in ROWS) == sorted(LISTED)


def test_every_line_begins_with_a_command_and_says_when_it_is_over():
    for event, first, resolved in ROWS:
        assert first.startswith("`icadmin "), event
        assert len(resolved) > 10, event


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_the_page_exist(page):
    known = commands()
    found = list(named(page))
    assert len(found) > 10
    for words in found:
        assert any(words[: len(command)] == command for command in known), words
