"""The page of costs: its arithmetic is right, and it counts what the templates and the app have."""

import ast
import itertools
import json
import operator
import re
from pathlib import Path

import pytest

from tests.e2e.test_index import QUEUES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/cost.md").read_text(encoding="utf-8")
ALERTS = json.loads((ROOT / "infra/bicep/alerts.json").read_text(encoding="utf-8"))
_UNITS = re.compile(r"\b(GB-s|GB|rules|queues|s)\b")
_DOING = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def value(text):
    """Of an expression with ``x`` for times, or None where it is no arithmetic."""
    plain = _UNITS.sub("", text.partition(";")[0]).replace(",", "").replace(" x ", " * ")
    if not re.fullmatch(r"[0-9. ()*/+-]*[*/+-][0-9. ()*/+-]*", plain):
        return None
    return _value(ast.parse(plain.strip(), mode="eval").body)


def _value(node):
    if isinstance(node, ast.Constant):
        return node.value
    return _DOING[type(node.op)](_value(node.left), _value(node.right))


def sums():
    """Amount and arithmetic of every row that shows both."""
    for line in PAGE.splitlines():
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        for amount, text in itertools.pairwise(cells):
            if re.fullmatch(r"[0-9,]+\.[0-9]{2}", amount) and value(text) is not None:
                yield pytest.param(float(amount.replace(",", "")), text, id=text)


@pytest.mark.parametrize(("amount", "text"), list(sums()))
def test_what_is_added_up_is_right(amount, text):
    assert value(text) == pytest.approx(amount, abs=0.0051)


def test_most_amounts_show_how_they_come_about():
    assert len(list(sums())) >= 10


def test_it_counts_the_queues_that_the_platform_looks_at():
    assert f"{len(QUEUES)} queues" in PAGE


def test_it_counts_the_alerts_by_how_often_they_run():
    often = sum(each["everyMinutes"] == 5 for each in ALERTS)
    assert f"{often} rules x 1.50 + {len(ALERTS) - often} x 0.50" in PAGE


def test_what_a_stamp_costs_is_the_sum_of_its_parts():
    """Of the table without payments: what is above the sum."""
    table = PAGE.partition("| | 0 payments | Arithmetic |")[2].partition("**Without a callback name**")
    parts = re.findall(r"^\| [^|]+ \| ([0-9.]+) \|", table[0], re.MULTILINE)
    assert sum(map(float, parts)) == pytest.approx(float(table[2].split("**")[1]), abs=0.0051)
    assert len(parts) > 5
