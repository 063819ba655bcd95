"""The town of a plan that lasts for days: how many payments and counter receipts a day, and how the city is set up."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from shared.billers.model import PostingDateRule
from tests.faults.habit import DAY, HOUR

PACES: Final = (3, 30, 300)
"""Payments a day."""
_COUNTERS: Final = (0, 0, 50, 50, 200)
_MOST_BESIDE_FEW: Final = 50
"""Receipts at the counter where three payments come a day: a reading of them reaches back for weeks."""
KINDS: Final = (("AR", "ACH"), ("AR", "CC"), ("UM", "ACH"), ("UM", "CC"))
_WEIGHTS: Final = (62, 25, 9, 4)
_FLAT: Final = 4_500
_HONEST: Final = 6
"""Payments of the time before any lie: two of the usual kinds, one of each other."""
_FOLLOWING: Final = 4
"""Payments behind the last that may be lost, as they come in every town."""
AFTERWARDS: Final = 26 * HOUR
"""Until the city tells the truth again: longer than any doubt lasts."""


@dataclass(frozen=True, slots=True)
class Town:
    """One draw. ``lost``: the share of orders whose answers are lost whatever else happens, half of them undone."""

    pace: int
    counter: int
    """Receipts at the counter on a working day."""
    flat: bool
    """A third of all bills are over the same cents."""
    rule: PostingDateRule
    long: bool
    """References are long enough to be cut."""
    payments: int
    lost: float = 0.2

    @property
    def honest(self) -> float:
        """Seconds in which everything is as it was shown."""
        return min(0.3 * DAY, _HONEST * DAY / self.pace)

    @property
    def span(self) -> float:
        """Seconds in which payments may be lost, after the honest ones."""
        return max(1, self.payments - _HONEST - _FOLLOWING) * DAY / self.pace

    @property
    def end(self) -> float:
        """When the last payment has come."""
        return self.honest + self.span + _FOLLOWING * DAY / self.pace

    def arrivals(self, dice: Random) -> Iterator[tuple[float, tuple[str, str]]]:
        """When each payment comes, and of which application and tender it is."""
        honest = min(_HONEST, self.payments // 3 + 1)
        following = min(_FOLLOWING, max(0, self.payments - honest) // 4)
        for number in range(honest):
            yield self.honest * (number + dice.random()) / honest, (*KINDS[:2], *KINDS)[number]
        for number in range(self.payments - honest - following):
            yield self.honest + _hour(self.span, dice), _kind(dice) if number else KINDS[0]
        for number in range(following):
            yield self.honest + self.span + (number + dice.random()) * DAY / self.pace, _kind(dice)

    def counter_receipts(self, start_hour: float, dice: Random) -> Iterator[tuple[float, int]]:
        """When the clerk takes money, and how many cents; ``start_hour``: of the local day at which it begins."""
        for day in range(int((self.end + AFTERWARDS) // DAY) + 2):
            if (day + 4) % 7 in {5, 6}:
                continue  # plans begin on a Friday
            for _ in range(round(dice.gauss(self.counter, self.counter**0.5))):
                at = day * DAY + (dice.uniform(8, 17) - start_hour) * HOUR
                if at > 0:
                    yield at, self.cents(dice)

    def cents(self, dice: Random) -> int:
        """Of one bill."""
        return _FLAT if self.flat and dice.random() < 1 / 3 else dice.randint(100, 30_000)

    def reference(self, number: int, seed: int, dice: Random) -> str:
        """A confirmation number, in either of two lengths."""
        short = f"IC{seed % 1000:03}{number:06}"
        if not self.long or dice.random() < 0.7:
            return short
        return f"invoicecloud-{dice.randrange(10**8):08}-payment-confirm-{short}"

    def setup(self) -> dict[str, Any]:
        """What the biller's record says."""
        codes = {"distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}
        applications = {"AR": codes | {"categoryCode": "12"}, "UM": codes | {"categoryCode": "30"}}
        return {"applications": applications, "postingDateRule": self.rule}


def town_of(dice: Random, payments: int, pace: int | None = None, counter: int | None = None) -> Town:
    """Draw one; a third of the towns at each pace, a third with flat fees."""
    drawn, at_counter = dice.choice(PACES), dice.choice(_COUNTERS)
    pace = drawn if pace is None else pace
    at_counter = at_counter if pace > PACES[0] else min(at_counter, _MOST_BESIDE_FEW)
    return Town(
        pace=pace,
        counter=at_counter if counter is None else counter,
        flat=dice.random() < 1 / 3,
        rule=dice.choice(list(PostingDateRule)),
        long=dice.random() < 0.5,
        payments=payments,
    )


def _kind(dice: Random) -> tuple[str, str]:
    return dice.choices(KINDS, _WEIGHTS)[0]


def _hour(span: float, dice: Random) -> float:
    """A moment within the span; where it lasts for days, most come from eight to ten in the evening."""
    if span < 2 * DAY:
        return dice.uniform(0, span)
    day = dice.randrange(int(span // DAY))
    return day * DAY + (dice.uniform(4, 18) if dice.random() < 0.8 else dice.uniform(0, 24)) * HOUR
