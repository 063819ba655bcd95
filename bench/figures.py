"""What a benchmark finds: figures beside floors and goals, kept in ``results.json`` and ``docs/performance.md``."""

import json
import operator
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel

RESULTS: Final = Path(__file__).parent / "results.json"
PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN: Final = "<!-- figures: written by `make bench` -->"
_END: Final = "<!-- end of figures -->"
_WHOLE: Final = 1_000
"""From here on a figure is shown without decimals."""
_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {"<=": operator.le, ">=": operator.ge}


class Goal(BaseModel, frozen=True):
    """What a figure is to reach: its value, or its ratio to the floor."""

    of: Literal["value", "ratio"]
    sign: Literal["<=", ">="]
    limit: float

    def __str__(self) -> str:
        return f"{self.of} {'at most' if self.sign == '<=' else 'at least'} {self.limit:g}"


class Figure(BaseModel, frozen=True):
    """One measured figure.

    ``value`` and ``floor`` are in ``unit``; ``ratio`` is value to floor; ``spread`` is how far apart the ratios of the
    alternating runs are (the values, where there is no floor), as a share of the median; ``None`` where something was
    counted and cannot vary.
    """

    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    spread: float | None = None
    goal: Goal | None = None

    @property
    def reached(self) -> bool:
        """Whether the goal is met; true where there is none."""
        if self.goal is None:
            return True
        found = self.value if self.goal.of == "value" else self.ratio
        return found is not None and _HOLDS[self.goal.sign](found, self.goal.limit)


type Figures = dict[str, Figure]
"""Figures by the name of their case, ``callback.p50`` where a benchmark has several."""


def paired(pairs: Sequence[tuple[float, float]], unit: str, goal: Goal | None = None) -> Figure:
    """The figure of alternating runs: each pair is ours and the floor's, taken one after the other.

    The ratio is the median of the pairs' ratios, not the ratio of the medians: what disturbs the machine disturbs both
    sides of a pair.
    """
    ratios = [ours / floor for ours, floor in pairs]
    middle = statistics.median(ratios)
    return Figure(
        value=statistics.median(ours for ours, _ in pairs),
        unit=unit,
        floor=statistics.median(floor for _, floor in pairs),
        ratio=middle,
        spread=(max(ratios) - min(ratios)) / middle,
        goal=goal,
    )


def added(pairs: Sequence[tuple[float, float]], unit: str, goal: Goal | None = None) -> Figure:
    """The figure of alternating runs whose value is what ours takes beyond the floor: the median of the differences.

    The ratio is that of ours as a whole, and the spread that of the differences, as a share of the floor: they may lie
    around zero.
    """
    whole, beyond = paired(pairs, unit), [ours - floor for ours, floor in pairs]
    spread = (max(beyond) - min(beyond)) / whole.floor if whole.floor else None
    return whole.model_copy(update={"value": statistics.median(beyond), "spread": spread, "goal": goal})


def alone(values: Sequence[float], unit: str, goal: Goal | None = None) -> Figure:
    """The figure of repeated runs that have no floor."""
    middle = statistics.median(values)
    return Figure(value=middle, unit=unit, spread=(max(values) - min(values)) / middle if middle else 0, goal=goal)


def table(figures: Figures) -> str:
    """The figures as a Markdown table, ratio and goal side by side."""
    lines = [
        "| case | value | unit | floor | ratio | spread | goal | reached |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in sorted(figures.items()):
        reached = "" if each.goal is None else "yes" if each.reached else "**no**"
        spread = "" if each.spread is None else f"{each.spread:.0%}"
        cells = [
            name,
            _number(each.value),
            each.unit,
            _number(each.floor),
            _number(each.ratio),
            spread,
            str(each.goal or ""),
            reached,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"


def keep(found: Figures, results: Path = RESULTS, page: Path = PAGE) -> None:
    """Put the figures beside those of other cases, in the file and in the page's table."""
    kept = known(results) | found
    text = {name: each.model_dump(mode="json") for name, each in sorted(kept.items())}
    results.write_text(json.dumps(text, indent=2) + "\n", "utf-8")
    before, _, rest = page.read_text("utf-8").partition(_BEGIN)
    page.write_text(f"{before}{_BEGIN}\n\n{table(kept)}\n{_END}{rest.partition(_END)[2]}", "utf-8")


def known(results: Path = RESULTS) -> Figures:
    """The figures kept so far."""
    return {name: Figure.model_validate(each) for name, each in json.loads(results.read_text("utf-8")).items()}
