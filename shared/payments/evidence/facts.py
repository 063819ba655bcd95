"""What was sent, what is known beside a reading, and what can be concluded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.ledger.posted import Posted
from shared.payments.evidence.shown import Form
from shared.payments.gateway import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The payment in question: what was sent, and when."""

    key: str
    reference: str
    cents: int
    channel: str
    first_sent_at: datetime
    last_sent_at: datetime
    dated: date
    """The earliest posting date of any attempt."""
    told_held: bool = False
    """A person was told of it, who may have entered it at the counter."""
    others: frozenset[str] = frozenset()
    """Receipt numbers that a person named as other payments'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger and earlier readings say beside this one."""

    form: Form
    ours: Sequence[Posted]
    """Payments of the biller that were posted since the earliest that may count as *before*, the earliest first."""
    seen: frozenset[str]
    """Keys of those among them that an earlier reading showed."""
    wait: timedelta
    """How long after a send an absence proves nothing: the time to settle, and twice the list's lag."""
    after: timedelta
    """How much later than the attempt the first send of a payment must begin that counts as *after*."""
    counter: timedelta | None
    """The same for a counter receipt by its own clock: the greatest offset seen, and a margin; None: none was seen."""
    collides: bool = False
    """Another reference of ours is equal in the form that this city shows."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Receipt numbers that are bound to payments of ours, and those payments' keys, as far as looked up."""
    named: Mapping[str, str] = field(default_factory=dict)
    """References in the reading that are a payment's whole one, spelled as ``Form`` does, and its key."""
    asked: Mapping[str, Sequence[Receipt]] = field(default_factory=dict)
    """What was shown for numbers that were asked for by themselves."""


@dataclass(frozen=True, slots=True)
class Present:
    """One live receipt with our whole reference and cents."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class NotAsSent:
    """Receipts that only a person can judge. ``reason``: a code; ``receipts``: those meant."""

    reason: str
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Everything that must be shown is shown, and this payment is not."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Neither is shown. ``why``: in a word."""

    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """These numbers must be asked for by themselves before anything is concluded."""

    numbers: tuple[str, ...]


type Conclusion = Present | NotAsSent | Absent | Nothing | Ask
