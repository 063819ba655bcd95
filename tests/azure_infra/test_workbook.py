"""The workbook's queries on what the product told: each runs, and the figures that people act on are right."""

import pytest

from tests.azure_infra.lines import NOON, ago, fresh, put, taken, traces
from tests.azure_infra.test_alerts import month
from tests.infra.queries import of_workbook

QUERIES = of_workbook()


@pytest.mark.parametrize("part", QUERIES)
def test_it_runs_on_everything_that_is_told(told, part):
    """Whatever a line holds, none breaks the table."""
    every = [event for name in told.by_name for event in told.shapes(name)]
    assert isinstance(fresh(traces(every, ago(5))).query(QUERIES[part], NOON), list)


def test_the_figure_of_the_month(told):
    [row] = fresh(month(told, late_ones=5, in_time=245)).query(QUERIES["goal"], NOON)
    assert (row["month"], row["payments"], row["late"], row["waitedForCity"]) == ("2026-11", 250, 5, 0)
    assert (row["percentInTime"], row["goal"]) == (98.0, 99.0)


def test_what_waited_for_its_city_stands_apart(told):
    [row] = fresh(month(told, late_ones=5, in_time=5, reason="paused")).query(QUERIES["goal"], NOON)
    assert (row["payments"], row["waitedForCity"], row["late"], row["percentInTime"]) == (10, 5, 0, 100.0)


def test_each_token_is_there_however_long_ago_it_came(told):
    [event] = told.where("token.stands", days=24)[:1]
    [row] = fresh(traces([event], ago(30 * 60))).query(QUERIES["tokens"], NOON)
    assert row["biller"] == event.fields["biller"]
    assert row["expires"].isoformat() in event.fields["expires_at"]


def test_how_many_wait_in_each_queue():
    rows = fresh([put("payments", ago(9)), put("payments", ago(4)), put("due", ago(3)), taken("due", ago(2))])
    found = {row["queue"]: row for row in rows.query(QUERIES["queues"], NOON)}
    assert (found["payments"]["depth"], found["payments"]["oldestMinutes"]) == (2, 9.0)
    assert found["due"]["depth"] == 0
