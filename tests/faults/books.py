"""A city's books, which know the truth: whose each receipt is, and since when it does not count any more."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(eq=False, slots=True)
class Made:
    """One receipt. ``key``: of the payment that it is for, None of the counter's; seconds are the simulation's."""

    number: str
    key: str | None
    reference: str | None
    """As it was ordered."""
    cents: int
    day: date
    at: datetime
    """By the true clock."""
    second: float
    shown_at: str = ""
    """By the city's clock, as it is shown."""
    application: str = ""
    payment_code: str = ""
    user: str = "clerk"
    kept: str | None = None
    """The reference as the city keeps it."""
    memo: str = ""
    visible_from: float = 0.0
    voids: int = 0
    """How often it was voided: the city undoes it each time, as Caselle is not known to refuse the second."""
    by_clerk: bool = False
    """Whether somebody in the city voided it."""
    ended: float | None = None
    """When it was voided or lost."""
    gone: bool = False
    """Lost with a database; shown no more."""
    late: bool = False
    """Made after the time to settle of the attempt that ordered it."""

    @property
    def live(self) -> bool:
        return self.voids == 0 and not self.gone

    def lived(self, since: float) -> bool:
        """Whether it counted at some moment after ``since``."""
        return self.ended is None or self.ended > since


@dataclass
class Books:
    """All receipts of one city, in the order in which they were made."""

    receipts: list[Made] = field(default_factory=list)
    of: defaultdict[str, list[Made]] = field(default_factory=lambda: defaultdict(list))
    """By the payment's key."""
    numbered: defaultdict[str, list[Made]] = field(default_factory=lambda: defaultdict(list))
    last: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """The last number of each group."""

    def keep(self, made: Made) -> None:
        """Write a receipt down."""
        self.receipts.append(made)
        self.numbered[made.number].append(made)
        if made.key is not None:
            self.of[made.key].append(made)

    def next_number(self, group: str) -> str:
        """Take a number."""
        self.last[group] += 1
        return f"{group}.{self.last[group]:05}"

    def live(self, key: str) -> list[Made]:
        """Receipts for a payment that count."""
        return [made for made in self.of.get(key, ()) if made.live]
