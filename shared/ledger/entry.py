"""What the ledger keeps about one message: its state row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What is sent to the peer; part of every key."""

    PAYMENT = "payment"
    ACH_REJECT = "achReject"
    REVERSAL = "reversal"
    AUTOPAY_CHANGE = "autopayChange"
    REGISTRATION = "registration"

    @property
    def noun(self) -> str:
        """How events name it."""
        return {Kind.ACH_REJECT: "ach_reject", Kind.AUTOPAY_CHANGE: "autopay_change"}.get(self, str(self))

    @property
    def is_update(self) -> bool:
        """Whether it sets something about a customer, and moves no money."""
        return self is Kind.AUTOPAY_CHANGE or self is Kind.REGISTRATION


class State(StrEnum):
    """Where an entry stands; ``transition.TRANSITIONS`` says what may follow what."""

    RECEIVED = "received"
    """Durable here, not at the peer; will be sent."""
    SENDING = "sending"
    """One attempt is under way, until its lease ends."""
    UNKNOWN = "unknown"
    """An attempt ended without an answer that can be trusted; never sent again without evidence."""
    WAITING = "waiting"
    """It undoes a payment that is not posted yet."""
    POSTED = "posted"
    """At the peer; of a reject or reversal: done there."""
    REVERSED = "reversed"
    """Was at the peer and is undone there."""
    HELD = "held"
    """Waits for a person."""
    NOT_POSTED = "not_posted"
    """Ended without being sent: by a person, or by a void that came first."""
    SKIPPED = "skipped"
    """Deliberately never sent."""


SETTLED = frozenset({State.POSTED, State.REVERSED, State.HELD, State.NOT_POSTED, State.SKIPPED})
"""States that have an outcome to report."""


OUTCOME_UNKNOWN = "outcome_unknown"
"""Why an entry is held whose peer cannot be asked."""


UPDATES = ".updates"
"""Follows the biller in the name of the lane that customer updates take; billers are all digits."""


class Wait(StrEnum):
    """Why an entry is open, that is, what is to be done when it is due."""

    LEASE = "lease"
    SLOT = "slot"
    BACKOFF = "backoff"
    ASK = "ask"
    SECOND = "second"
    """Posted after more than one attempt: is there a second receipt?"""
    PAYMENT = "payment"
    REPORT = "report"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one entry: the biller, what kind of message, and the message's own id."""

    biller: str
    kind: Kind
    id: str

    def __str__(self) -> str:
        """The key as it stands inside row keys."""
        return f"{self.biller}~{self.kind}~{self.id}"


def lane_of(biller: str, kind: Kind) -> str:
    """What shares slots, breaker and block: customer updates that fail must hold up no payment."""
    return f"{biller}{UPDATES}" if kind.is_update else biller


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before the ledger knows it."""

    key: Key
    fingerprint: str
    cents: int
    customer_number: str
    reference: str
    posting_date: str
    message_id: str
    message: bytes
    version_base: int = 0
    reverses: str | None = None
    booked_on: str = ""
    channel: str = ""
    subject: str | None = None
    order: str = ""


class Entry(NamedTuple):
    """One state row. ``version`` counts its transitions; ``nonce`` names the write that made this version.

    A named tuple, since every step copies it, which takes four times as long with a frozen dataclass of so many fields.
    """

    key: Key
    state: State
    fingerprint: str
    cents: int
    customer_number: str
    reference: str
    message_id: str
    message: bytes
    received_at: datetime
    posting_date: str
    version: int = 0
    version_base: int = 0
    """Added to the version that is told, after a ledger was lost: see ``shared.ledger.loss``."""
    nonce: str = ""
    etag: str = ""
    booked_on: str = ""
    """The day that reports list it under: of a payment its deposit's, of anything else its own."""
    channel: str = ""
    """Of a payment its application and tender, as in AR/ACH: payments of one channel vouch for each other."""
    changed_at: datetime | None = None
    """When this version was written."""
    attempt: int = 0
    """How many sends were begun."""
    recalled: int = 0
    """How many of these certainly had no effect: no byte left, or a refusal was shown to come before any effect."""
    sent_at: datetime | None = None
    """When the latest send was begun; after a lost ledger, the moment of the loss."""
    first_sent_at: datetime | None = None
    """When the first send was begun."""
    first_day: str = ""
    """The earliest day that any attempt was dated or made on."""
    last_day: str = ""
    """The latest such day."""
    first_dated: str = ""
    """The earliest posting date of any attempt."""
    lease_until: datetime | None = None
    slot: int | None = None
    due: datetime | None = None
    wait: Wait | None = None
    backoffs: int = 0
    """Failures in a row that sent nothing."""
    doubt_at: datetime | None = None
    """Since when its outcome is being asked about without a conclusion."""
    look: str | None = None
    """The first of the two readings that prove an absence, as ``shared.ledger.look`` writes it."""
    proved_at: datetime | None = None
    """When it was last shown, or said by a person, that nothing of it is at the peer; None after the next doubt."""
    refused_with: str | None = None
    """The listed code that the latest attempt was refused with, where that has not been shown to mean anything."""
    others: str = ""
    """Receipt numbers that a person named as another payment's, with blanks between."""
    told_held_at: datetime | None = None
    """When it was first told as held: from then on somebody may have entered it by hand."""
    resends: int = 0
    """How often a proved absence led back to ``received``."""
    held_at: datetime | None = None
    reason: str | None = None
    """Code of the latest refusal or failure; of the hold while ``held``."""
    detail: str | None = None
    """The peer's own words, where they add something: without secrets, and never logged."""
    receipt_number: str | None = None
    """Under which it is at the peer; of a reject or reversal: the receipt that it undoes."""
    reverses: str | None = None
    """Id of the payment that it undoes."""
    by_hand: str | None = None
    """How a person does at the peer what this entry is for; told while it is held."""
    afterwards: str | None = None
    """What a person has still to do once it is done; told when it is."""
    subject: str | None = None
    """What it sets: entries of one kind on one subject go one at a time, and only the newest of them."""
    order: str = ""
    """Its place among the entries on its subject; sorts as text."""

    @property
    def lane(self) -> str:
        """Under which its slots, breaker and block are kept."""
        return lane_of(self.key.biller, self.key.kind)

    @property
    def perhaps_there(self) -> bool:
        """Whether an attempt may have had an effect that counts, and nothing has shown since that it had none."""
        return self.ever_left and self.proved_at is None

    @property
    def ever_left(self) -> bool:
        """Whether any attempt may have had an effect; what is only set at the peer may be set once more."""
        left = self.attempt > self.recalled or (self.attempt == 0 and self.sent_at is not None)
        return left and not self.key.kind.is_update

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows if its latest attempt is at the peer."""
        return self.state is State.UNKNOWN or (self.state is State.HELD and self.reason == OUTCOME_UNKNOWN)

    def leased(self, now: datetime) -> bool:
        """Whether somebody is sending it at this moment."""
        return self.state is State.SENDING and self.lease_until is not None and now < self.lease_until
