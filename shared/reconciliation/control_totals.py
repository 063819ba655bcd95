"""Messages of the queue ``control-totals``: what Invoice Cloud says it collected, per deposit; kept in a table."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Protocol, Self

from pydantic import Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema, model_validator

from shared.exchange import inbound
from shared.exchange.inbound import Day, InvalidMessage, Message, Word
from shared.exchange.quarantine import Quarantine, quarantined
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.identity import PaymentId
from shared.vocabulary.money import Money

QUEUE: Final = "control-totals"

_SUM: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)
_MOST_IDS: Final = 2000


def _read_sum(value: object) -> Money:
    """A total may be larger than any single payment."""
    match = _SUM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is decimal text such as 12500.40")
    whole, fraction = match.groups()
    return Money(int(whole) * 100 + int((fraction or "").ljust(2, "0")))


Sum = Annotated[
    Money,
    PlainValidator(_read_sum),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$", "examples": ["12500.40"]}),
]
_Deposit = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ControlTotal(Message):
    """What one deposit holds of one application and tender; ``payment_ids``, where given, are all of them."""

    application: Word
    tender: Word
    day: Day
    deposit_id: _Deposit
    count: Annotated[int, Field(strict=True, ge=0)]
    amount: Sum
    payment_ids: Annotated[tuple[PaymentId, ...], Field(max_length=_MOST_IDS)] | None = None

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.payment_ids is not None and len(set(self.payment_ids)) != self.count:
            raise ValueError("the payment ids are not as many as the count")
        return self


@dataclass(frozen=True, slots=True)
class Kept:
    """A total, and when its message was enqueued."""

    total: ControlTotal
    enqueued_at: datetime


class ControlTotals(Protocol):
    """Where totals are kept; one per biller, day, application, tender and deposit."""

    async def keep(self, kept: Kept) -> None:
        """Store it, unless one of the same deposit was enqueued later.

        Raises:
            Unavailable: it may not be stored; the message must not be acknowledged.
        """
        ...

    async def of(self, biller: str, first: date, last: date) -> list[ControlTotal]:
        """The totals of a biller's deposits from one day to another.

        Raises:
            Unavailable: no answer.
        """
        ...

    async def remove_before(self, day: date, most: int) -> int:
        """Remove totals of deposits before this day, at most so many; how many it were."""
        ...


class KeepControlTotal:
    """Takes one message of the queue. Nothing is told to Invoice Cloud: a total is no payment."""

    def __init__(self, totals: ControlTotals, quarantine: Quarantine, clock: Clock) -> None:
        """Keep what it writes to."""
        self._totals = totals
        self._quarantine = quarantine
        self._clock = clock

    async def accept(self, body: bytes, message_id: str, enqueued_at: datetime | None) -> None:
        """Keep it, or set it aside where it breaks a rule.

        Raises:
            Unavailable: a store does not answer; the message must come again.
        """
        now = self._clock.now()
        try:
            total = inbound.read(ControlTotal, body, "depositId")
        except InvalidMessage as invalid:
            await self._set_aside(body, message_id, invalid, now)
            return
        await self._totals.keep(Kept(total, enqueued_at or now))
        events.emit("control_total.kept", biller=total.biller_id, day=total.day, deposit=total.deposit_id)

    async def give_up(self, body: bytes, message_id: str) -> None:
        """For what failed again and again: keep a masked copy."""
        await self._set_aside(body, message_id, InvalidMessage("poison", "failed again and again"), self._clock.now())

    async def _set_aside(self, body: bytes, message_id: str, invalid: InvalidMessage, now: datetime) -> None:
        item = quarantined(QUEUE, message_id, body, reason=invalid.code, detail=invalid.detail, at=now)
        await self._quarantine.keep(item)
        fields = {**invalid.named(message_id), "code": invalid.code, "detail": invalid.detail}
        events.emit("control_total.invalid", events.WARNING, **fields)
