"""NCRONTAB, the schedule language of timer triggers: ``second minute hour day month weekday``, in UTC.

Five fields mean second 0. A day must match month, day *and* weekday, unlike in Unix cron.
"""

import re
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", re.ASCII)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DAYS_AHEAD = 8 * 366 + 1
_FIVE, _SIX = 5, 6


class _Field(NamedTuple):
    name: str
    first: int
    last: int
    words: dict[str, int]


_FIELDS = (
    _Field("second", 0, 59, {}),
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day", 1, 31, {}),
    _Field("month", 1, 12, {word: number for number, word in enumerate(_MONTHS, 1)}),
    _Field("weekday", 0, 6, {word: number for number, word in enumerate(_WEEKDAYS)}),
)


class Schedule:
    """When a timer is due."""

    def __init__(self, expression: str) -> None:
        """Read the expression.

        Raises:
            ValueError: it is not NCRONTAB with five or six fields.
        """
        texts = expression.split()
        if len(texts) == _FIVE:
            texts.insert(0, "0")
        if len(texts) != _SIX:
            raise ValueError(f"a schedule has five or six fields, not {expression!r}")
        values = (_values(text, field) for text, field in zip(texts, _FIELDS, strict=True))
        self._seconds, self._minutes, self._hours, self._days, self._months, self._weekdays = values

    def after(self, instant: datetime) -> datetime:
        """The first time later than the instant.

        Raises:
            ValueError: the schedule never comes, as 30 February.
        """
        start = instant.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for ahead in range(_DAYS_AHEAD):
            day = start.date() + timedelta(days=ahead)
            if day.month in self._months and day.day in self._days and day.isoweekday() % 7 in self._weekdays:
                found = self._time_from(start.time() if ahead == 0 else time())
                if found is not None:
                    return datetime.combine(day, found, UTC)
        raise ValueError("the schedule never comes")

    def _time_from(self, earliest: time) -> time | None:
        for hour in (hour for hour in self._hours if hour >= earliest.hour):
            for minute in (minute for minute in self._minutes if time(hour, minute, 59) >= earliest):
                for second in (second for second in self._seconds if time(hour, minute, second) >= earliest):
                    return time(hour, minute, second)
        return None


def _values(text: str, field: _Field) -> list[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        values.update(_range(part, field))
    return sorted(values)


def _range(part: str, field: _Field) -> range:
    parts = _PART.fullmatch(part)
    if parts is None:
        raise ValueError(f"{part!r} is no {field.name} of a schedule")
    start, end, step = parts.groups()
    if start == "*":
        first, last = field.first, field.last
    else:
        first = _number(start, field)
        last = _number(end, field) if end else (field.last if step else first)
    if first > last or step == "0":
        raise ValueError(f"{part!r} is no {field.name} of a schedule")
    return range(first, last + 1, int(step or 1))


def _number(text: str, field: _Field) -> int:
    number = field.words.get(text, int(text) if text.isdecimal() else -1)
    if not field.first <= number <= field.last:
        raise ValueError(f"{text!r} is no {field.name} of a schedule")
    return number
