"""One thing that does not fit, found by reconciling."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class What(StrEnum):
    """Which of the four stories differ, and how."""

    RECEIPT_MISSING = "receipt_missing"
    """Posted here; Caselle does not show its receipt."""
    RECEIPT_VOID = "receipt_void"
    """Posted here; Caselle's receipt is voided or refunded, and not by us."""
    RECEIPT_DIFFERS = "receipt_differs"
    """Posted here; Caselle's receipt has another amount or confirmation number."""
    RECEIPT_LIVE = "receipt_live"
    """Reversed here; Caselle's receipt still stands."""
    RECEIPT_UNKNOWN = "receipt_unknown"
    """Caselle has a receipt with a confirmation number that the ledger does not know."""
    RECEIPT_SECOND = "receipt_second"
    """Caselle has another receipt than the one that the payment was posted under: it may be there twice."""
    RECEIPT_UNPOSTED = "receipt_unposted"
    """Caselle has a receipt for a payment that is not posted here."""
    NOT_ENQUEUED = "not_enqueued"
    """Invoice Cloud counts a payment that never came."""
    NOT_COUNTED = "not_counted"
    """A payment came that Invoice Cloud's total does not hold."""
    TOTAL_DIFFERS = "total_differs"
    """Number or amount differ from Invoice Cloud's total, which names no payments."""
    DEPOSIT_DIFFERS = "deposit_differs"
    """The deposit holds money that is not at Caselle, or the reverse."""


COMPLETENESS = frozenset({What.NOT_ENQUEUED, What.NOT_COUNTED, What.TOTAL_DIFFERS})
"""Between Invoice Cloud and the ledger."""

WITHOUT_CITY = COMPLETENESS | {What.DEPOSIT_DIFFERS}
"""Found also while the city does not answer."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``subject`` is a payment id, receipt number or deposit; ``words`` hold nothing personal."""

    day: str
    what: What
    subject: str
    words: str


class Findings(Protocol):
    """Where findings are kept, so that each is told once. Every method may raise ``Unavailable``."""

    async def of(self, biller: str) -> list[Finding]:
        """What was found last."""
        ...

    async def done_for(self, biller: str) -> date | None:
        """The day of the latest run that ended, in the biller's time zone."""
        ...

    async def replace(self, biller: str, day: date | None, findings: list[Finding]) -> None:
        """What is found now, and the day of the latest run that ended; others are gone."""
        ...
