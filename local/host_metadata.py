"""What a queue message is to a function: its body, and metadata that the message itself may replace.

The platform reads a message that is handed over as text: where it is a JSON object, each top-level property becomes a
value of the binding, and so replaces the metadata of the same name (``Utility.ApplyBindingData`` of its source).
``dataType`` ``binary`` keeps it from reading.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from azure.storage.queue import QueueMessage

from local.invocation import Binding, Datum

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_MOST_EXACT: Final = 1e15


def queue_trigger(binding: Binding, text: str) -> Datum:
    """The message as its function's trigger gets it."""
    return Datum(text.encode(), "bytes") if _is_binary(binding) else Datum(text, "string")


def queue_metadata(binding: Binding, text: str, message: QueueMessage) -> dict[str, Datum]:
    """Names in the worker library's spelling; ``text`` is the message without the host's encoding."""
    own = _of_the_queue(message)
    if _is_binary(binding):
        return own
    said = {name.lower(): value for name, value in _properties(text).items()}
    return {name: Datum(said[name.lower()], "string") if name.lower() in said else kept for name, kept in own.items()}


def _is_binary(binding: Binding) -> bool:
    return str(binding.get("dataType", "")).lower() == "binary"


def _of_the_queue(message: QueueMessage) -> dict[str, Datum]:
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(str(message.dequeue_count), "json"),
    } | {name: Datum(instant.isoformat(), "string") for name, instant in times.items() if instant is not None}


def _properties(text: str) -> dict[str, str]:
    """What the message says of itself, as the platform spells it; lists and nulls are left out."""
    plain = text.strip()
    if not (plain.startswith("{") and plain.endswith("}")):
        return {}
    try:
        fields = json.loads(plain)
    except (ValueError, RecursionError):
        return {}
    return {
        name: _spelled(value) for name, value in fields.items() if value is not None and not isinstance(value, list)
    }


def _spelled(value: Any) -> str:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return _invariant(value) if _DATE_TIME.fullmatch(value) else value
        case dict():
            return json.dumps(value, indent=2, ensure_ascii=False)
        case float() if value.is_integer() and abs(value) < _MOST_EXACT:
            return str(int(value))
        case _:
            return str(value)


def _invariant(text: str) -> str:
    """A date and time in .NET's culture of no country: ``11/30/2026 12:00:00``, in UTC where a zone was given."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (instant.astimezone(UTC) if instant.tzinfo else instant).strftime("%m/%d/%Y %H:%M:%S")
