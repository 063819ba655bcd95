"""The last days as bars, drawn by the browser without a script."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from shared.console.html import Html, tag
from shared.console.words import money
from shared.reconciliation.day_report import Total

_BAR: Final = 20
_GAP: Final = 4
_HIGH: Final = 120
_BELOW: Final = 18
_ABOVE: Final = 14
_EVERY: Final = 7
"""Days between two dates written below."""


def bars(days: Sequence[tuple[date, Total]]) -> Html:
    """Payments posted per day; each bar names its day, number and amount to a pointer and to a reader's voice."""
    most = max((total.count for _, total in days), default=0)
    wide = len(days) * (_BAR + _GAP)
    parts = [_bar(place, day, total, most) for place, (day, total) in enumerate(days)]
    dates = [_date(place, day) for place, (day, _) in enumerate(days) if (len(days) - 1 - place) % _EVERY == 0]
    floor = _ABOVE + _HIGH
    axis = tag("line", x1=0, x2=wide, y1=floor, y2=floor)
    top = tag("text", f"{most:,} payments", x=0, y=_ABOVE - 3) if most else None
    title = tag("title", f"Payments posted on each of the last {len(days)} days")
    box = f"0 0 {wide} {floor + _BELOW}"
    return tag("svg", title, top, axis, *parts, *dates, role="img", viewBox=box, id="chart")


def _bar(place: int, day: date, total: Total, most: int) -> Html:
    high = round(total.count / most * _HIGH, 1) if most else 0.0
    words = tag("title", f"{day}: {total.count:,} payments, {money(total.cents)}")
    return tag("rect", words, x=place * (_BAR + _GAP), y=_ABOVE + _HIGH - high, width=_BAR, height=high)


def _date(place: int, day: date) -> Html:
    middle = place * (_BAR + _GAP) + _BAR / 2
    return tag("text", f"{day:%b} {day.day}", x=middle, y=_ABOVE + _HIGH + _BELOW - 4, text_anchor="middle")
