"""Figures, their table, and where they are kept."""

import json

import pytest

from bench.figures import Figure, Goal, added, alone, keep, known, paired, table

AT_MOST = Goal(of="ratio", sign="<=", limit=1.1)
PAGE = "# Speed\n\n<!-- figures: written by `make bench` -->\nold\n<!-- end of figures -->\n\nthe rest\n"


def test_a_ratio_is_the_median_of_the_pairs_not_the_ratio_of_the_medians():
    figure = paired([(10, 10), (30, 20), (20, 10)], "ms")
    assert (figure.value, figure.floor, figure.ratio) == (20, 10, 1.5)
    assert figure.spread == pytest.approx((2 - 1) / 1.5)


def test_what_is_added_is_the_median_of_the_differences_and_may_be_less_than_nothing():
    figure = added([(11, 10), (13, 10), (9, 10)], "ms", Goal(of="value", sign="<=", limit=1))
    assert (figure.value, figure.floor, figure.ratio, figure.spread) == (1, 10, 1.1, 0.4)
    assert figure.reached
    assert added([(9, 10)], "ms").value == -1


def test_a_figure_without_a_floor_has_the_spread_of_its_values():
    figure = alone([1, 2, 4], "ms")
    assert (figure.value, figure.floor, figure.ratio, figure.spread) == (2, None, None, 1.5)
    assert alone([0, 0], "ms").spread == 0


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (None, True),
        (Goal(of="ratio", sign="<=", limit=1.5), True),
        (Goal(of="ratio", sign="<=", limit=1.4), False),
        (Goal(of="ratio", sign=">=", limit=1.5), True),
        (Goal(of="value", sign="<=", limit=2), False),
        (Goal(of="value", sign=">=", limit=3), True),
    ],
)
def test_a_goal_is_about_the_value_or_the_ratio(goal, reached):
    assert Figure(value=3, unit="ms", floor=2, ratio=1.5, goal=goal).reached is reached


def test_a_goal_for_a_ratio_is_missed_where_there_is_no_floor():
    assert not Figure(value=3, unit="ms", goal=AT_MOST).reached


def test_the_table_shows_ratio_and_goal_side_by_side_and_what_is_missed():
    rows = table({"b": paired([(3, 2)], "ms", AT_MOST), "a": Figure(value=12345.6, unit="rows")}).splitlines()
    assert rows[2] == "| a | 12,346 | rows |  |  |  |  |  |"
    assert rows[3] == "| b | 3 | ms | 2 | 1.5 | 0% | ratio at most 1.1 | **no** |"


def test_figures_are_kept_beside_those_of_other_cases_and_the_page_around_them_stays(tmp_path):
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    results.write_text("{}")
    page.write_text(PAGE)
    keep({"one": Figure(value=1, unit="s"), "two": Figure(value=2, unit="s")}, results, page)
    keep({"two": Figure(value=3, unit="s", floor=2, ratio=1.5, spread=0.1, goal=AT_MOST)}, results, page)
    assert {name: figure.value for name, figure in known(results).items()} == {"one": 1, "two": 3}
    assert {"value", "unit", "floor", "ratio", "spread"} <= json.loads(results.read_text())["two"].keys()
    text = page.read_text()
    assert text.startswith("# Speed\n")
    assert text.endswith("\n\nthe rest\n")
    assert table(known(results)) in text
    assert "old" not in text
