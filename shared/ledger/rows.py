"""How the ledger lies in its table.

PartitionKey is the biller's shard. Row keys sort by plain text; ``~`` comes after every letter and digit.

    P~{key}                     state of one entry
    E~{key}~{version:06}        its events, never changed; a payment's first one may be of a void that came before it
    C~{key}~{digest:8}          another message under the same id, never sent
    O~{due ms:015}~{key}        open: to be looked at when due (swept)
    H~{held ms:015}~{key}       held: to be listed (not swept)
    A~{posted ms:015}~{key}     came to be at the peer then, never changed: to be counted
    S~{lane}~{slot}             slot taken, or closed
    N~{biller}~{reference}      reference used
    R~{biller}~{receipt}        receipt number bound to an entry
    D~{day}~{key}               booked under this day, never changed
    L~{biller}~{kind}~{digest}  subject taken: one of its entries is being sent or in doubt
    M~{biller}~{kind}~{digest}  newest entry on a subject
    B~{lane}                    breaker and block
    W~{biller}                  what readings of the peer's list have shown
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from shared.ledger.entry import UPDATES, Entry, Key, Kind, State, Wait
from shared.ledger.store import Row, Values
from shared.vocabulary.clock import from_ms, to_ms

SHARDS: Final = tuple(f"{number:02x}" for number in range(32))
"""Fixed for ever: changing the number would hide every row from its next reader."""

CLOSED: Final = "closed"
"""Property of a slot's row that no send holds any more, but that stays until the peer has shown that it works."""

BEHIND: Final = "!"
"""Added to a row key, sorts after it and before every other."""

END: Final = "\x7f"
"""Sorts after every row key that begins with the text before it."""


@lru_cache(maxsize=10_000)
def shard_of(lane: str) -> str:
    """The partition that holds everything of one biller, whichever of its lanes is named."""
    biller = lane.removesuffix(UPDATES)
    return SHARDS[int.from_bytes(hashlib.sha256(biller.encode()).digest()) % len(SHARDS)]


def state_key(key: Key) -> str:
    return f"P~{key}"


def event_key(key: Key, version: int) -> str:
    return f"E~{key}~{version:06}"


def conflict_key(key: Key, fingerprint: str) -> str:
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    return f"C~{key}~{digest[:8]}"


def open_key(due: datetime, key: Key) -> str:
    return f"O~{to_ms(due):015}~{key}"


def open_until(instant: datetime) -> str:
    """The first row key that is due after ``instant``."""
    return f"O~{to_ms(instant) + 1:015}"


def held_key(held_at: datetime, key: Key) -> str:
    return f"H~{to_ms(held_at):015}~{key}"


def posted_key(posted_at: datetime, key: Key) -> str:
    return f"A~{to_ms(posted_at):015}~{key}"


def posted_from(instant: datetime) -> str:
    """The first row key that was posted at ``instant`` or later."""
    return f"A~{to_ms(instant):015}"


def moment_in(row_key: str) -> datetime:
    """The instant in an open, held or posted row's key: when it is due, or since when it stands there."""
    return from_ms(int(row_key.split("~", 2)[1]))


def key_in(row_key: str) -> Key:
    """The entry's key in an open, held or posted row's key."""
    _, _, biller, kind, id_ = row_key.split("~", 4)
    return Key(biller, Kind(kind), id_)


def slot_key(lane: str, slot: int) -> str:
    return f"S~{lane}~{slot}"


def is_closed(row: Row) -> bool:
    """Whether a slot's row was left by a send that ended unknown."""
    return bool(row.values.get(CLOSED))


def reference_key(biller: str, reference: str) -> str:
    return f"N~{biller}~{reference.casefold()}"


def receipt_key(biller: str, receipt_number: str) -> str:
    # A peer's text may hold what a row key may not.
    digest = hashlib.sha256(receipt_number.encode()).hexdigest()[:32]
    return f"R~{biller}~{digest}"


def day_key(day: str, key: Key) -> str:
    return f"D~{day}~{key}"


def subject_key(key: Key, subject: str) -> str:
    return f"L~{_on(key, subject)}"


def newest_key(key: Key, subject: str) -> str:
    return f"M~{_on(key, subject)}"


def _on(key: Key, subject: str) -> str:
    # A subject may hold what a row key may not.
    return f"{key.biller}~{key.kind}~{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


def readings_key(biller: str) -> str:
    return f"W~{biller}"


def gate_key(lane: str) -> str:
    return f"B~{lane}"


def queue_of(lane: str, state: State) -> str:
    """Groups open rows, so that a scan can pass over one lane's backlog."""
    return f"{lane}~{state}"


def state_in(queue: str) -> str:
    """The state that a queue's name ends with."""
    return queue.rpartition("~")[2]


def lane_in(queue: str) -> str:
    """The lane that a queue's name begins with."""
    return queue.rpartition("~")[0]


_INSTANTS: Final = frozenset(
    {
        *("received_at", "changed_at", "sent_at", "first_sent_at", "lease_until", "due", "doubt_at", "proved_at"),
        *("told_held_at", "held_at"),
    }
)
_ELSEWHERE: Final = frozenset({"key", "etag"})
_NAMES: Final = tuple(name for name in Entry._fields if name not in _ELSEWHERE)
_READ: Final[Mapping[str, Any]] = MappingProxyType(
    {"state": State, "wait": Wait, **dict.fromkeys(_INSTANTS, datetime.fromisoformat)}
)


def entry_values(entry: Entry) -> Values:
    """An entry as row values; what is None is left out."""
    values: dict[str, Any] = {"biller": entry.key.biller, "kind": str(entry.key.kind), "id": entry.key.id}
    for name in _NAMES:
        value = getattr(entry, name)
        if value is not None:
            values[name] = value.isoformat(timespec="milliseconds") if name in _INSTANTS else value
    return values


def entry_of(row: Row) -> Entry:
    """The entry in a state row.

    Raises:
        ValueError: a state or kind that this version of the code does not know: it must stand down.
    """
    stored: dict[str, Any] = {name: row.values[name] for name in _NAMES if name in row.values}
    read: dict[str, Any] = {name: _READ[name](value) if name in _READ else value for name, value in stored.items()}
    entry = Entry(key=key_of(row), etag=row.etag, **read)
    # What is held was told, also where the release that held it did not note when.
    return entry._replace(told_held_at=entry.told_held_at or entry.held_at)


def key_of(row: Row) -> Key:
    """The key that a state, open or held row names."""
    return Key(str(row.values["biller"]), Kind(str(row.values["kind"])), str(row.values["id"]))
