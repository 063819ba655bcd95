"""What one send came to: may it be sent again, and do we know what happened?

             sent again?                  known?
Accepted     no                           it is there
NotSent      yes, after a while           it is not there: no byte of it can have left
Refused      after proved absence         only where that code was shown to come before any effect at this biller
Ambiguous    only after proved absence    no
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """Whom a refusal concerns."""

    ENTRY = "entry"
    """This message only: it is held."""
    BILLER = "biller"
    """Whatever is sent for this biller: nothing more is sent until a person unblocks it."""
    APPLICATION = "application"
    """Whatever is sent for this application, as for the biller."""
    CHANNEL = "channel"
    """Whatever is sent for this application by this tender, as for the biller."""
    MOMENT = "moment"
    """Whatever is sent for this biller just now: it is tried again after a while."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer did it. ``remark``: a reason code that is told with it; ``beside``: codes of errors that it named."""

    receipt_number: str | None
    remark: str | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of it can have left. ``peer_failed``: it counts for the breaker; the rest as ``Ambiguous`` has it."""

    code: str
    peer_failed: bool = True
    retry_after: float | None = None
    throttled: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer refused it with a code on our list; that it did nothing is believed only once that was shown there."""

    code: str
    scope: Scope
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Anything else.

    ``unlisted`` names an error the peer gave that is on no list of ours; ``detail`` are its words. ``retry_after``:
    seconds for which the peer asks to be left alone, as it said. ``throttled``: it says that it gets too much.
    """

    code: str
    unlisted: str | None = None
    detail: str | None = field(default=None, repr=False)
    retry_after: float | None = None
    throttled: bool = False


type Answer = Accepted | NotSent | Refused | Ambiguous
