"""The two transactions of one payment as bare entities: the rows, columns and sizes that the ledger writes."""

from typing import Any, Final

from azure.core import MatchConditions
from azure.data.tables import UpdateMode

type Operation = tuple[Any, ...]

_AT: Final = "2026-11-23T12:00:00.000+00:00"
_DAY: Final = "2026-11-20"
_NONCE: Final = "0" * 32
_STATE: Final = {
    "kind": "payment",
    "nonce": _NONCE,
    "fingerprint": f"{_NONCE}:{_NONCE}",
    "cents": 12540,
    "customer_number": "000412",
    "message_id": "00000000-0000-4000-8000-000000000000",
    "received_at": _AT,
    "posting_date": _DAY,
    "booked_on": _DAY,
    "channel": "AR/ACH",
    "changed_at": _AT,
    "version_base": 0,
    "attempt": 1,
    "recalled": 0,
    "sent_at": _AT,
    "first_sent_at": _AT,
    "first_day": _DAY,
    "last_day": _DAY,
    "first_dated": _DAY,
    "backoffs": 0,
    "resends": 0,
    "others": "",
    "order": "",
}
_SENDING: Final = {"state": "sending", "version": 1, "lease_until": _AT, "slot": 0, "due": _AT, "wait": "lease"}


def begun(shard: str, biller: str, name: str, body: bytes) -> list[Operation]:
    """State, event, open row, slot, reference and day of a payment that is about to be sent."""
    key, named = f"{biller}~payment~{name}", {"biller": biller, "kind": "payment", "id": name}
    event = {"was": "", "state": "sending", "attempt": 1, "nonce": _NONCE, "at": _AT}
    open_row = {"customer": "000412", "version": 1, "queue": f"{biller}~sending", "received_at": _AT}
    rows: dict[str, dict[str, Any]] = {
        f"P~{key}": {**_STATE, **named, **_SENDING, "reference": name, "message": body},
        f"E~{key}~000001": event,
        f"O~001795176060000~{key}": {**named, **open_row},
        f"S~{biller}~{name}": named,
        f"N~{biller}~{name}": {"key": key},
        f"D~2026-11-20~{key}": {**named, "received_at": _AT},
    }
    return [("create", {"PartitionKey": shard, "RowKey": row, **values}) for row, values in rows.items()]


def posted(shard: str, biller: str, name: str, body: bytes, etag: str) -> list[Operation]:
    """What replaces them once it is sent: state, event, receipt and when money moved; the open row and the slot go."""
    key, named = f"{biller}~payment~{name}", {"biller": biller, "kind": "payment", "id": name}
    event = {"was": "sending", "state": "posted", "attempt": 1, "nonce": _NONCE, "at": _AT, "receipt_number": "5.00001"}
    state = {
        **_STATE,
        **named,
        "state": "posted",
        "version": 2,
        "reference": name,
        "message": body,
        "receipt_number": "5.00001",
    }
    vouching = {
        "channel": "AR/ACH",
        "reference": name,
        "dated": _DAY,
        "receipt_number": "5.00001",
        "sent_at": _AT,
        "first_sent_at": _AT,
        "attempts": 1,
    }
    guard = {"mode": UpdateMode.REPLACE, "etag": etag, "match_condition": MatchConditions.IfNotModified}

    def row(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"PartitionKey": shard, "RowKey": name, **values}

    return [
        ("update", row(f"P~{key}", state), guard),
        ("create", row(f"E~{key}~000002", event)),
        ("delete", row(f"O~001795176060000~{key}", {})),
        ("delete", row(f"S~{biller}~{name}", {})),
        ("create", row(f"R~{biller}~{name}", {"key": key})),
        ("create", row(f"A~001795176060000~{key}", {**named, "cents": 12540, **vouching})),
    ]
