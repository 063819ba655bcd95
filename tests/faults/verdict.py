"""What a run came to after healing, from the cities' books alone: what was told wrongly, held needlessly, or doubled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from shared.ledger import rows
from shared.ledger.entry import State
from shared.payments import overlap
from tests.faults.books import Made
from tests.faults.chronicle import Life
from tests.faults.city import City
from tests.faults.habit import DAY, MINUTE
from tests.faults.judge import needless

if TYPE_CHECKING:
    from tests.faults.world import World

_EXHAUSTED: Final = "attempts_exhausted"
"""Three resends are enough, whatever was shown."""
type Told = tuple[float, str]
"""When something was told, and what."""


@dataclass(slots=True)
class Doubts:
    """How the doubts of a run ended; ``first``: without anything before them that could show what is absent."""

    all: int = 0
    first: int = 0
    alone: int = 0
    could: int = 0
    """Those that somebody who knows all could have ended by the same answers."""
    hidden: int = 0
    late: int = 0
    sworn: int = 0
    minutes: list[float] = field(default_factory=list)
    """Until each ended that ended without a person."""
    held: Counter[str] = field(default_factory=Counter)
    """Why those were for a person that were."""

    def add(self, other: "Doubts") -> None:
        """Count another run's."""
        self.all += other.all
        self.first += other.first
        self.alone += other.alone
        self.could += other.could
        self.hidden += other.hidden
        self.late += other.late
        self.sworn += other.sworn
        self.minutes += other.minutes
        self.held.update(other.held)

    def __str__(self) -> str:
        """Shares of those that had something before them."""
        counted = max(1, self.all - self.first)
        middle = median(self.minutes) if self.minutes else 0
        return (
            f"{self.all} in doubt, {self.first} the first of their kind; {self.alone / counted:.1%} ended without a "
            f"person, half within {middle:.0f} min; who knows all: {self.could / counted:.1%}"
        )


def doubts_of(world: "World") -> Doubts:
    """Count them; those of no earlier payment of their kind stand apart."""
    lives = [life for life in world.auditor.chronicle.lives.values() if life.doubted]
    counted = [life for life in lives if not life.first_of_kind]
    alone = [life for life in counted if life.alone]
    return Doubts(
        all=len(lives),
        first=len(lives) - len(counted),
        alone=len(alone),
        could=sum(life.could or life.alone for life in counted),
        hidden=len(world.auditor.apart["hidden"]),
        late=len(world.auditor.apart["late"]),
        sworn=len(world.auditor.apart["sworn"]),
        held=Counter(life.held_for for life in counted if life.held_for),
        minutes=[(life.settled_at - life.doubted_at) / MINUTE for life in alone],
    )


class Verdict:
    """Compares every payment's last word with the books."""

    def __init__(self, world: "World", told: Sequence[Told]) -> None:
        self._world = world
        self._told = told

    def give(self) -> None:
        """Break the run where the two differ."""
        for life in self._world.auditor.chronicle.lives.values():
            city = self._world.cities.get(f"city{life.biller}")
            if city is not None and life.steps:
                self._life(life, city)
        for why in ("hidden", "late"):  # of what was sworn there is nothing to see before the day is reconciled
            for key in self._world.auditor.apart[why]:
                self._told_apart(why, key)

    def _life(self, life: Life, city: City) -> None:
        _, state, reason = life.steps[-1]
        made = self._books(life.key)
        live = [each for each in made if each.live]
        if len(live) > 1 and self._world.auditor.excuse(life.key) is None:
            self._world.broken("doubled", f"{life.key} has {[each.number for each in live]}")
        named = any(each.number == life.number for each in made)
        if state is State.POSTED and not named and not self._world.auditor.of_a_namesake(life.key, life.number, city):
            self._world.broken("false", f"{life.key} is told as {life.number}, its own are {[m.number for m in made]}")
        if state is State.SKIPPED and not live and self._ours(life.key):
            self._world.broken("lost", f"{life.key} is skipped, was paid since its biller went live, and nobody has it")
        if state is State.NOT_POSTED and live and self._world.auditor.excuse(life.key) is None:
            self._world.broken("false", f"{life.key} is told as not posted, and is there as {live[0].number}")
        if (
            state is State.HELD
            and life.doubted
            and reason != _EXHAUSTED
            and needless(life, reason, absent=self._world.lost_at is None)
        ):
            seen = life.shown[-1] if life.shown else [at for _, at in life.absent]
            self._world.broken("needless", f"{life.key} is held for {reason}; shown at {seen}")

    def _ours(self, key: str) -> bool:
        """Whether it was paid since its biller went live."""
        row = self._world.table.rows.get((rows.shard_of(key.partition("~")[0]), f"P~{key}"))
        if row is None:
            return False
        entry = rows.entry_of(row)
        went_live, paid = self._world.went_live.get(entry.key.biller), overlap.paid_at(entry)
        return went_live is not None and paid is not None and paid >= went_live

    def _told_apart(self, why: str, key: str) -> None:
        """A second receipt is told within a day of being made, in one text that names both numbers.

        What the clerk made anew of either is nobody's to recognise.
        """
        live = [made for made in self._books(key) if made.live and made.user != "clerk"]
        if len(live) < 2:
            return
        numbers, until = {made.number for made in live}, max(made.second for made in live) + DAY
        if not any(at <= until and all(number in text for number in numbers) for at, text in self._told):
            self._world.broken(f"{why} untold", f"{key} has {sorted(numbers)}, and nobody was told within a day")

    def _books(self, key: str) -> Sequence[Made]:
        return self._world.cities[f"city{key.partition('~')[0]}"].books.of.get(key, [])
