"""Each query of alerts and workbook before Microsoft's language service for KQL, with the columns of the log tables."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.infra.log_tables import TABLES
from tests.infra.queries import ALERTS, of_alerts, of_workbook

pytestmark = pytest.mark.slow

JUDGE = Path(__file__).parent / "kusto/judge.js"


def judged(queries):
    """What the service makes of queries: columns of the result by name, and what it objects to."""
    assert (JUDGE.parent / "node_modules").is_dir(), "`make setup` installs the language service"
    asked = json.dumps({"tables": TABLES, "queries": queries})
    done = subprocess.run(["node", JUDGE], input=asked, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def alerts():
    return judged(of_alerts())


def test_no_query_of_an_alert_has_a_fault(alerts):
    assert {name: each["diagnostics"] for name, each in alerts.items() if each["diagnostics"]} == {}
    assert alerts.keys() == ALERTS.keys()


def test_each_alert_is_split_by_a_column_of_its_result(alerts):
    """Azure takes a dimension that is text only."""
    for name, each in ALERTS.items():
        if each["splitBy"]:
            assert alerts[name]["columns"].get(each["splitBy"]) == "string", name


def test_an_alert_on_one_event_shows_city_and_entry(alerts):
    for name, each in ALERTS.items():
        if each["kind"] == "seen":
            assert {"biller", "entry", "reason", "Message"} <= alerts[name]["columns"].keys(), name


def test_no_query_of_the_workbook_has_a_fault():
    found = judged(of_workbook())
    assert {name: each["diagnostics"] for name, each in found.items() if each["diagnostics"]} == {}
    assert all(each["columns"] for each in found.values())
    assert len(found) > 5


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('AppTraces | where Mesage has "x"', "KS142"),
        ("AppTrace | count", "KS204"),
        ("AppTraces | summarize count() by", "KS"),
        ("AppTraces | where SeverityLevel has 'a'", "KS"),
    ],
)
def test_a_fault_is_found(query, code):
    [told] = judged({"x": query}).values()
    assert any(code in each for each in told["diagnostics"]), told
