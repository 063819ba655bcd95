"""What the app was shown when it asked for receipts: every question, and what of its answer arrived."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.faults.books import Made

if TYPE_CHECKING:
    from tests.faults.city import City

type Page = tuple[Sequence[tuple[Made, dict[str, Any]]], bool]
"""The rows of one page, and whether it is the last."""


@dataclass(eq=False)
class Reading:
    """One question, page by page. ``key``: of the entry that it is asked for; seconds are the simulation's."""

    name: str
    key: str | None
    city: "City"
    began: float
    wanted: dict[str, Any]
    size: int
    rows: list[tuple[Made, dict[str, Any]]] = field(default_factory=list)
    """What has arrived: each receipt, and how it was shown."""
    by_key: defaultdict[str, list[tuple[Made, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    """The same of our payments."""

    def take(self, rows: Sequence[tuple[Made, dict[str, Any]]]) -> None:
        """A page has arrived."""
        self.rows.extend(rows)
        for made, fields in rows:
            if made.key is not None:
                self.by_key[made.key].append((made, fields))

    @property
    def of_days(self) -> bool:
        """Whether it asks for all receipts of some days."""
        return self.wanted.get("receipt_number") is None

    @property
    def first(self) -> date:
        return date.fromisoformat(self.wanted["from_date"])

    @property
    def last(self) -> date:
        return date.fromisoformat(self.wanted["to_date"])


def whole(made: Made, fields: dict[str, Any], reference: str) -> bool:
    """Whether a row shows the whole of a reference, in whatever letter case, in one of its text fields."""
    wanted = reference.casefold()
    return any(str(fields.get(name) or "").strip().casefold() == wanted for name in ("reference", "memo"))
