"""``docs/acting-on-payments.md`` names commands that are there, and all of them."""

import re
from pathlib import Path

import typer

from admin.payments.app import app

PAGE = (Path(__file__).parents[2] / "docs/acting-on-payments.md").read_text(encoding="utf-8")
COMMANDS = set(typer.main.get_command(app).commands)


def test_every_command_is_named_and_no_other():
    assert set(re.findall(r"`payments ([a-z-]+)", PAGE)) == COMMANDS - {"list"}
