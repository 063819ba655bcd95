"""Lies of a city's server, each a habit that begins unannounced after the truth was shown.

What a list hides or moves, how a clock goes, how references and numbers are shown or given, and what happens in the
books behind this app's back. Lies of answers to orders stand in ``lying_answers``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, sin
from random import Random
from typing import TYPE_CHECKING, Any, override

from tests.faults.books import Made
from tests.faults.habit import DAY, HOUR, MINUTE, Habit

if TYPE_CHECKING:
    from tests.faults.city import City

CUT = 30
"""Characters of a reference that are shown where it is cut; ours have up to 64."""


class _WithReferences(Habit):
    """Of some receipts, or of all, the reference is shown otherwise."""

    share = 1.0

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._struck: dict[int, bool] = {}

    @override
    def shows(self, made: Made, fields: dict[str, Any]) -> None:
        if self._struck.setdefault(id(made), self.dice.random() < self.share) and fields["reference"]:
            self.spoils(fields)

    def spoils(self, fields: dict[str, Any]) -> None:
        fields["reference"] = None


class NoReferences(_WithReferences):
    pass


class SomeWithoutReference(_WithReferences):
    share = 0.1


class CutReferences(_WithReferences):
    @override
    def spoils(self, fields: dict[str, Any]) -> None:
        fields["reference"] = fields["reference"][:CUT]


class LowerCase(_WithReferences):
    @override
    def spoils(self, fields: dict[str, Any]) -> None:
        fields["reference"] = fields["reference"].lower()


class InMemo(_WithReferences):
    @override
    def spoils(self, fields: dict[str, Any]) -> None:
        fields["memo"], fields["reference"] = fields["reference"], None


class LagEach(Habit):
    """Each receipt is shown some time after it was made."""

    @override
    def makes(self, made: Made) -> None:
        made.visible_from = made.second + self.dice.uniform(1, 45) * MINUTE


class LagOurs(LagEach):
    @override
    def makes(self, made: Made) -> None:
        if made.reference is not None:
            super().makes(made)


class LagSnapshots(Habit):
    """The list is that of a copy made every so many minutes."""

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._every = dice.uniform(1, 45) * MINUTE

    @override
    def makes(self, made: Made) -> None:
        made.visible_from = ceil(made.second / self._every) * self._every


class Frozen(Habit):
    """For some hours of every third day the list stands still."""

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._after, self._length = dice.uniform(0, 6) * HOUR, dice.uniform(2, 20) * HOUR

    @override
    def makes(self, made: Made) -> None:
        into = (made.second - self._after) % (3 * DAY)
        if into < self._length:
            made.visible_from = made.second + self._length - into


class Repeated(Habit):
    @override
    def lists(self, rows: list[Made], size: int) -> list[Made]:
        return rows + rows[-3:] if self.dice.random() < 0.5 else rows


class NewestFirst(Habit):
    """Half of the pages come in the other order."""

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._flips = dice.random() < 0.5
        self._since = 0.0
        self._turned = True

    @override
    def lists(self, rows: list[Made], size: int) -> list[Made]:
        # One reading of a few seconds is in one order, another may be in the other.
        if self._flips and self.city.now() - self._since > MINUTE:
            self._since, self._turned = self.city.now(), self.dice.random() < 0.5
        return rows[::-1] if self._turned else rows


class PagesMove(Habit):
    """Between two pages the order changes: rows come twice, others never."""

    @override
    def lists(self, rows: list[Made], size: int) -> list[Made]:
        return self.dice.sample(rows, len(rows)) if self.dice.random() < 0.5 else rows


class PageLost(Habit):
    """Now and then a page of each list; in half of the cities the same few receipts for good."""

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._for_good = dice.random() < 0.5
        self._made = 0
        self._losing = False
        self._lost: set[int] = set()

    @override
    def makes(self, made: Made) -> None:
        if self._made % 3 == 0:
            self._losing = self._for_good and self.dice.random() < 0.25
        self._made += 1
        if self._losing:
            self._lost.add(id(made))

    @override
    def lists(self, rows: list[Made], size: int) -> list[Made]:
        if self._for_good:
            return [made for made in rows if id(made) not in self._lost]
        if not rows or self.dice.random() > 0.3:
            return rows
        start, length = self.dice.randrange(len(rows)), max(3, len(rows) // 6)
        return rows[:start] + rows[start + length :]


class BoundaryLost(Habit):
    """The last row of each page is not shown; pages are an eighth of what is asked for, for towns are small."""

    @override
    def lists(self, rows: list[Made], size: int) -> list[Made]:
        every = max(5, size // 8)
        return [made for number, made in enumerate(rows) if number % every != every - 1]


class TodayOnly(Habit):
    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.day == self.city.today()


class OpenBatch(Habit):
    """What was made before the last closing of the day is not shown."""

    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.second >= self.city.last_closing()


class Updated(Habit):
    """Only what was made before the last closing of the day is shown."""

    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.second < self.city.last_closing()


class UpdatedOfOneTender(Updated):
    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.payment_code != self.city.code("ACH") or super().sees(made, now)


class OneWorkspace(Habit):
    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.application in {"AR", ""}


class OneTender(Habit):
    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.payment_code in {self.city.code("ACH"), ""}


class ClockOff(Habit):
    """By up to two hours, for good."""

    hours = (0.05, 2.0)

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._off = dice.choice([-1, 1]) * dice.uniform(*self.hours) * HOUR

    @override
    def clock(self, at: datetime) -> datetime:
        return at + timedelta(seconds=self.off(self.city.now()))

    def off(self, now: float) -> float:
        return self._off


class ClockFarOff(ClockOff):
    hours = (2.5, 14.0)


class ClockDrifts(ClockOff):
    hours = (1.0, 3.0)

    @override
    def off(self, now: float) -> float:
        return self._off * sin(now / DAY / 3)


class ClockJumps(ClockOff):
    hours = (1.0, 3.0)

    @override
    def off(self, now: float) -> float:
        return self._off * (1 if int(now // (6 * HOUR)) % 2 else -1)


class NumbersForText(Habit):
    @override
    def shows(self, made: Made, fields: dict[str, Any]) -> None:
        fields["receipt_number"] = f"~{made.number}~"
        fields["amount"] = f"~{fields['amount']}~"


class NumbersBeginAgain(Habit):
    """After a purge, with a new year: once, and the older receipts may be shown no more."""

    purged = 0.0

    @override
    def begins(self) -> None:
        self.city.books.last.clear()
        if self.dice.random() < 0.5:
            self.purged = self.city.now()

    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.second >= self.purged


class Restored(Habit):
    """A backup takes the place of the database: what was made in the last hours is lost."""

    @override
    def moments(self, span: float) -> Sequence[float]:
        return [self.dice.uniform(0.1, 0.9) * span for _ in range(1 + int(span // (10 * DAY)))]

    @override
    def happens(self) -> None:
        now, books = self.city.now(), self.city.books
        backup = now - self.dice.uniform(1, 12) * HOUR
        for made in reversed(books.receipts):
            if made.second < backup:
                break
            if not made.gone:
                made.gone, made.ended = True, made.ended or now
        self._numbers_go_back()

    def _numbers_go_back(self) -> None:
        last = self.city.books.last
        last.clear()
        for made in self.city.receipts:
            if not made.gone:
                group, _, number = made.number.partition(".")
                last[group] = max(last[group], int(number))


class Voids(Habit):
    """One in thirty of ours is voided by the clerk hours later; in some cities many are, within minutes or at once."""

    def __init__(self, city: "City", dice: Random) -> None:
        super().__init__(city, dice)
        self._soon = dice.random() < 0.3

    @override
    def makes(self, made: Made) -> None:
        if made.reference is not None and self.dice.random() < (0.3 if self._soon else 0.04):
            self.city.clock.later(self._wait(), self._void, made)

    def _wait(self) -> float:
        if not self._soon:
            return self.dice.uniform(0.5, 24) * HOUR
        return self.dice.uniform(5, 50) if self.dice.random() < 0.5 else self.dice.uniform(1, 10) * MINUTE

    def _void(self, made: Made) -> None:
        if made.live:
            self.city.void(made)


class VoidsHidden(Voids):
    @override
    def sees(self, made: Made, now: float) -> bool:
        return made.live


class TakenBack(Habit):
    """One receipt in seven is rolled back seconds after it was confirmed."""

    @override
    def makes(self, made: Made) -> None:
        if made.reference is not None and self.dice.random() < 1 / 7:
            self.city.clock.later(self.dice.uniform(3, 45), self._roll_back, made)

    def _roll_back(self, made: Made) -> None:
        made.gone, made.ended = True, made.ended or self.city.now()


class NumbersUsedUp(Habit):
    """What fails before a receipt is made has taken a number all the same."""

    @override
    def loses(self) -> None:
        group = "5"
        for habit in self.city.habits("group"):
            group = habit.group(group)
        self.city.books.next_number(group)


class OneGroup(Habit):
    """The web service and the counter share a group of receipts."""

    @override
    def begins(self) -> None:
        last = self.city.books.last
        last["1"] = max(last["1"], last["5"])

    @override
    def group(self, group: str) -> str:
        return "1"
