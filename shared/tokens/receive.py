"""Receiving what Caselle delivers to the callback."""

import logging
from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from shared.billers.callback_keys import CallbackKeys
from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry
from shared.tokens.body import MOST_BYTES, BodyTooLarge, DeliveryRefused, UnsupportedContentType, read_fields
from shared.tokens.delivery import Code, Delivery, read_code, read_delivery
from shared.tokens.keep import Stored
from shared.tokens.take import TakeDelivery
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

MARK: Final = "X-Callback-Handed-On"
"""Header of a callback that another stamp has handed on; it is not handed on again."""

_KEY: Final = "bk"

type Exchange = Callable[[Biller, Code], Awaitable[Delivery]]
"""Turns a code into the token it stands for; raises ``DeliveryRefused`` and ``Unavailable``."""


class Outcome(Enum):
    """What became of a callback."""

    STORED = auto()
    HANDED_ON = auto()
    UNKNOWN_KEY = auto()
    REFUSED = auto()
    TOO_LARGE = auto()
    UNSUPPORTED_TYPE = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """What another stamp answered, to be given to the caller as it is."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome; for ``REFUSED`` the field to be put right and why, for ``HANDED_ON`` the answer. None is secret."""

    outcome: Outcome
    field: str = ""
    detail: str = ""
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Callback:
    """One request as it arrived: decoded query, content type and raw body; key and token show in no repr."""

    query: Mapping[str, str]
    content_type: str
    body: bytes
    handed_on: bool = False
    """It comes from another stamp's callback."""

    @property
    def key(self) -> str | None:
        """The biller's key, in whatever letter case its name is spelled; None where it is not given exactly once."""
        given = [value for name, value in self.query.items() if name.lower() == _KEY]
        return given[0] if len(given) == 1 else None


class Stamps(Protocol):
    """The callbacks of the other stamps."""

    async def hand_on(self, region: str, callback: Callback) -> Answer:
        """The answer of that region's stamp.

        Raises:
            Unavailable: it gives none that could be passed on, or no stamp is known there.
        """
        ...


class ReceiveToken:
    """Keeps the token of a callback for the biller whose key it carries, or hands it on to the biller's home."""

    def __init__(
        self,
        keys: CallbackKeys,
        billers: BillerRegistry,
        take: TakeDelivery,
        clock: Clock,
        *,
        exchange: Exchange,
        stamps: Stamps,
        regions: Container[str],
    ) -> None:
        """``regions``: those that are at home here."""
        self._keys = keys
        self._billers = billers
        self._take = take
        self._exchange = exchange
        self._stamps = stamps
        self._regions = regions
        self._clock = clock

    async def __call__(self, callback: Callback) -> Received:
        """Store the delivered token, also while the biller is paused.

        Raises:
            Unavailable: a store, the vault or the other stamp does not answer; Caselle may deliver again.
        """
        home = await self._keys.home_of(callback.key)
        if home is not None and home.region is not None and home.region not in self._regions:
            return await self._hand_on(home.biller_id, home.region, callback)
        biller = await self._billers.get(home.biller_id) if home else None
        if biller is None:
            events.emit("callback.unknown_key", logging.WARNING)
            return Received(Outcome.UNKNOWN_KEY)
        return await self._receive(biller, callback)

    async def _hand_on(self, biller_id: str, region: str, callback: Callback) -> Received:
        if callback.handed_on:
            # Two stamps that take each other for this biller's home would pass it to and fro for ever.
            events.emit("callback.homeless", events.ERROR, biller=biller_id, region=region)
            raise Unavailable("no stamp takes itself for this biller's home")
        if len(callback.body) > MOST_BYTES:
            return Received(Outcome.TOO_LARGE)
        answer = await self._stamps.hand_on(region, callback)
        events.emit("callback.handed_on", biller=biller_id, region=region, status=answer.status)
        return Received(Outcome.HANDED_ON, answer=answer)

    async def _receive(self, biller: Biller, callback: Callback) -> Received:
        try:
            fields = read_fields(callback.content_type, callback.body, callback.query)
            code = read_code(fields)
            delivery = await self._exchange(biller, code) if code else read_delivery(fields, self._clock.now())
        except DeliveryRefused as refusal:
            return _refused(biller, Received(Outcome.REFUSED, refusal.field, refusal.detail))
        except BodyTooLarge:
            return _refused(biller, Received(Outcome.TOO_LARGE))
        except UnsupportedContentType:
            return _refused(biller, Received(Outcome.UNSUPPORTED_TYPE))
        stored = await self._take(biller, delivery)
        name = "token.already_stored" if stored is Stored.KNOWN else "token.stored"
        events.emit(name, biller=biller.biller_id, expires_at=delivery.expires_at.isoformat())
        return Received(Outcome.STORED)


def _refused(biller: Biller, received: Received) -> Received:
    events.emit(
        "callback.refused",
        logging.WARNING,
        biller=biller.biller_id,
        outcome=received.outcome.name.lower(),
        field=received.field,
        detail=received.detail,
    )
    return received
