"""Every event that asks for a person is explained in ``docs/events.md``, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTED = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/events.md").read_text(encoding="utf-8"), re.MULTILINE))
LOUD = {"WARNING", "ERROR"}


def _emitted():
    """Names by level, of every call in the product; ``<kind>`` for what is filled in."""
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "emit":
                    level = call.args[1].attr if len(call.args) > 1 and isinstance(call.args[1], ast.Attribute) else ""
                    yield path.name, _name(call.args[0]), level


def _name(argument):
    match argument:
        case ast.Constant(value=name):
            return re.sub(r"^(payment|ach_reject|reversal|autopay_change|registration)\.", "<kind>.", name)
        case ast.JoinedStr(values=[_, ast.Constant(value=rest)]):
            return f"<kind>{rest}"
        case _:
            return None


def test_what_is_loud_is_listed():
    loud = {name for _, name, level in _emitted() if level in LOUD and name is not None}
    assert loud <= LISTED, loud - LISTED


def test_what_is_listed_is_emitted():
    """Three names are put together before the call: they are looked for in the code as text."""
    built = {"<kind>.held", "<kind>.unknown", "<kind>.overdue", "<kind>.conflict"}
    emitted = {name for _, name, _ in _emitted()}
    assert emitted >= LISTED - built, LISTED - built - emitted
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "shared/exchange").glob("*.py"))
    for text in (".overdue", ".conflict", "{State.HELD, State.UNKNOWN}"):
        assert text in code
