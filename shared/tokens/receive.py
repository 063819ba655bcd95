"""Receiving what Caselle delivers to the callback."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from shared.billers.callback_keys import CallbackKeys
from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.tokens.body import BodyTooLarge, DeliveryRefused, UnsupportedContentType, read_fields
from shared.tokens.delivery import read_delivery
from shared.tokens.keep import Stored
from shared.tokens.take import TakeDelivery
from shared.vocabulary import events
from shared.vocabulary.clock import Clock

_KEY: Final = "bk"


class Outcome(Enum):
    """What became of a callback."""

    STORED = auto()
    UNKNOWN_KEY = auto()
    REFUSED = auto()
    TOO_LARGE = auto()
    UNSUPPORTED_TYPE = auto()


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome, and for ``REFUSED`` the field to be put right and why; nothing in it is secret."""

    outcome: Outcome
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Callback:
    """One request as it arrived: decoded query, content type and raw body; key and token show in no repr."""

    query: Mapping[str, str]
    content_type: str
    body: bytes

    @property
    def key(self) -> str | None:
        """The biller's key, in whatever letter case its name is spelled; None where it is not given exactly once."""
        given = [value for name, value in self.query.items() if name.lower() == _KEY]
        return given[0] if len(given) == 1 else None


class ReceiveToken:
    """Keeps the token of a callback for the biller whose key it carries."""

    def __init__(self, keys: CallbackKeys, billers: BillerRegistry, take: TakeDelivery, clock: Clock) -> None:
        self._keys = keys
        self._billers = billers
        self._take = take
        self._clock = clock

    async def __call__(self, callback: Callback) -> Received:
        """Store the delivered token, also while the biller is paused.

        Raises:
            Unavailable: table or vault do not answer; nothing is lost if Caselle delivers again.
        """
        biller = await self._biller(callback.key)
        if biller is None:
            events.emit("callback.unknown_key", logging.WARNING)
            return Received(Outcome.UNKNOWN_KEY)
        try:
            fields = read_fields(callback.content_type, callback.body, callback.query)
            delivery = read_delivery(fields, self._clock.now())
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

    async def _biller(self, key: str | None) -> Biller | None:
        biller_id = await self._keys.biller_of(key)
        biller = await self._billers.get(biller_id) if biller_id else None
        return None if biller is None or biller.mode is Mode.RETIRED else biller


def _refused(biller: Biller, received: Received) -> Received:
    events.emit(
        "callback.refused",
        logging.WARNING,
        biller=biller.biller_id,
        outcome=received.outcome.name.lower(),
        field=received.field,
    )
    return received
