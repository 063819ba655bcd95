"""Every command and option of `icadmin` that a page names exists."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from admin.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.md")]
ANYWHERE = {"--help", "--local", "--json", "--stamp", "--yes", "--profiles", "--local-state"}
_COMMAND = re.compile(r"icadmin ((?:[a-z][a-z-]* )*[a-z][a-z-]*)([^`\n|]*)")
_GENERAL = re.compile(r"(icadmin)((?: --(?:local|json|stamp [^ `]+))+)")


def named():
    """Page, words and the rest of the line, options that stand before the command left out."""
    for page in PAGES:
        for found in _COMMAND.finditer(_GENERAL.sub(r"\1", page.read_text(encoding="utf-8"))):
            yield pytest.param(found[1].split(), found[2], id=f"{page.name}: {found[0][:60]}")


@pytest.mark.parametrize(("words", "rest"), list(named()))
def test_it_exists(words, rest):
    command = get_command(app)
    for word in words:
        inner = getattr(command, "commands", None)
        if inner is None:
            break  # an argument
        assert word in inner, f"icadmin has no {' '.join(words)}"
        command = inner[word]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = {word.partition("=")[0] for word in re.findall(r"--[a-z-]+=?", rest)}
    assert options <= known | ANYWHERE
