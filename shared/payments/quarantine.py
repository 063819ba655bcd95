"""Keeps what can never be posted: enough to find and explain it, nothing personal."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.payments.message import decode_text

_MOST_TEXT: Final = 4000
_SAFE: Final = frozenset(
    {"schemaVersion", "environment", "billerId", "application", "tender", "amount", "paidAt", "settlementDate"}
)
"""Fields that are shown as they are: what they hold is no person's, and says which payment it was."""
_PLAIN: Final = re.compile(r"^[A-Za-z0-9.,:+-]{0,40}$")
_LONG_NUMBER: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One message that was set aside. ``text`` is masked: letters are x, digits are 9."""

    queue: str
    message_id: str
    reason: str
    detail: str
    digest: str
    text: str
    at: datetime


class Quarantine(Protocol):
    """Where messages are set aside."""

    async def keep(self, item: Quarantined) -> None:
        """Store it; the same message again changes nothing.

        Raises:
            Unavailable: it may not be stored; the message must not be acknowledged.
        """
        ...


def quarantined(queue: str, message_id: str, body: bytes, *, reason: str, detail: str, at: datetime) -> Quarantined:
    """What is kept of a message."""
    digest = hashlib.sha256(body).hexdigest()
    return Quarantined(queue, message_id, reason, detail, digest, masked(body)[:_MOST_TEXT], at)


def masked(body: bytes) -> str:
    """The message's shape, with only harmless fields left readable."""
    plain = decode_text(body)
    try:
        fields = json.loads(plain)
    except (ValueError, RecursionError):
        return _mask(plain.decode(errors="replace"))
    if not isinstance(fields, dict):
        return _mask(plain.decode(errors="replace"))
    return json.dumps({_name(name): _shown(name, value) for name, value in fields.items()}, ensure_ascii=False)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else _mask(name)


def _shown(name: str, value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    harmless = name in _SAFE and _PLAIN.match(text) and not _LONG_NUMBER.search(text)
    return text if harmless else _mask(text)


def _mask(text: str) -> str:
    return "".join("9" if char.isdigit() else "x" if char.isalpha() else char for char in text)
