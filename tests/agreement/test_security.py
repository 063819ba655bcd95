"""``docs/security.md`` names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def _tests(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path, name):
    assert name.startswith("test_")
    assert name in _tests(path)


def test_every_threat_has_one():
    rows = [row for row in re.findall(r"^\|.*\|$", TEXT, re.MULTILINE) if not row.startswith(("| Threat", "| ---"))]
    assert len(rows) >= 12
    assert [row for row in rows if "::test_" not in row] == []
    assert len(set(NAMED)) == len(NAMED)
