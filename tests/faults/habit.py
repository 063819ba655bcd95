"""What a city's server may do otherwise than it did at first; each lie of the catalogue overrides what it changes."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from tests.faults.books import Made

if TYPE_CHECKING:
    from tests.faults.city import City

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


class Habit:
    """Nothing is changed. ``dice`` are the habit's own; seconds are those of the simulation."""

    def __init__(self, city: "City", dice: Random) -> None:
        self.city = city
        self.dice = dice

    def begins(self) -> None:
        """What happens at the moment from which the city lies."""

    def makes(self, made: Made) -> None:
        """A receipt was just made, and nobody has seen it yet."""

    def group(self, group: str) -> str:
        """The group in which a receipt is numbered."""
        return group

    def sees(self, made: Made, now: float) -> bool:
        """Whether the list shows a receipt now."""
        return True

    def lists(self, rows: list[Made], size: int) -> list[Made]:
        """The list that is cut into pages of a size; asked anew for each page."""
        return rows

    def shows(self, made: Made, fields: dict[str, Any]) -> None:
        """Change what is shown of one receipt."""

    def clock(self, at: datetime) -> datetime:
        """What the city's clock shows at an instant."""
        return at

    def loses(self) -> None:
        """An order came, and no receipt was made of it."""

    def moments(self, span: float) -> Sequence[float]:
        """Seconds after its beginning at which ``happens`` is called."""
        return ()

    def happens(self) -> None:
        """Something happens in the city's books."""
