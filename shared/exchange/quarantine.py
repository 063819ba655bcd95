"""Keeps what can never be posted: enough to find and explain it, nothing personal."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.exchange.inbound import decode_text

_MOST_TEXT: Final = 4000
_DATE: Final = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_SHOWN: Final = {
    "schemaVersion": re.compile(r"[0-9]{1,4}"),
    "environment": re.compile(r"[a-z]{1,8}"),
    "billerId": re.compile(r"[0-9]{1,9}"),
    "application": re.compile(r"[A-Za-z]{1,12}"),
    "tender": re.compile(r"[A-Za-z]{1,12}"),
    "amount": re.compile(r"-?[0-9]{1,7}(,[0-9]{3})?(\.[0-9]{1,4})?"),
    "paidAt": re.compile(_DATE + r"T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})"),
    "settlementDate": re.compile(_DATE),
}
"""What is shown as it is, where it has its usual form: it is no person's, and says which payment it was."""


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
    resolved: str = ""
    """How it ended, and by whose decision; empty while somebody must still look at it."""

    @property
    def key(self) -> str:
        """Its name in a store, 64 hexadecimal digits: message ids may hold what no key can, and may be used twice."""
        named = self.message_id.encode(errors="surrogatepass")
        return hashlib.sha256(self.digest.encode() + named).hexdigest()


class Quarantine(Protocol):
    """Where messages are set aside."""

    async def keep(self, item: Quarantined) -> None:
        """Store it, or how it ended (``resolved``); the same message again changes nothing.

        The same is what has the same id and the same bytes.

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
        if isinstance(fields, dict):
            return json.dumps({_name(name): _show(name, value) for name, value in fields.items()}, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass  # no JSON that can be walked: what is left of it is its shape
    return _mask(plain.decode(errors="replace"))


def readable(text: str) -> dict[str, str]:
    """The fields of a masked copy that were left readable; what is masked keeps its shape, which is not the usual."""
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    found = fields.items() if isinstance(fields, dict) else ()
    return {name: str(value) for name, value in found if name in _SHOWN and _SHOWN[name].fullmatch(str(value))}


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else _mask(name)


def _show(name: str, value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    usual = _SHOWN.get(name)
    return text if usual and usual.fullmatch(text) else _mask(text)


def _mask(text: str) -> str:
    """Every character's kind; what is no text, such as half a surrogate pair, no table, terminal or page can show."""
    return "".join(map(_kind, text))


def _kind(char: str) -> str:
    if char.isdigit():
        return "9"
    if char.isalpha():
        return "x"
    return char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
