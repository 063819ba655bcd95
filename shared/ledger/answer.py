"""What one send came to: may it be sent again, and do we know what happened?

             sent again?                  known?
Accepted     no                           it is there
NotSent      yes, after a while           it is not there
Refused      after somebody acted         it is not there
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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer did it. ``remark``: a reason code that is told beside the success."""

    receipt_number: str | None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """The peer certainly did nothing with it. ``peer_failed``: it counts for the breaker."""

    code: str
    peer_failed: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer refused it before any effect, with a code that is on our list of such codes."""

    code: str
    scope: Scope
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Anything else. ``unlisted`` names an error the peer gave that is on no list of ours; ``detail`` are its words."""

    code: str
    unlisted: str | None = None
    detail: str | None = field(default=None, repr=False)


type Answer = Accepted | NotSent | Refused | Ambiguous
