"""A gate as its row in the table."""

from datetime import datetime
from typing import Final

from shared.ledger.gate import Gate
from shared.ledger.store import Row, Values

_BETWEEN: Final = ","
_HEALTHY: Final = Gate()


def gate_values(gate: Gate) -> Values:
    values: dict[str, str | int | float] = {
        "failures": gate.failures,
        "openings": gate.openings,
        "alone": gate.alone,
        "blocked": gate.blocked or "",
        "unlisted": gate.unlisted or "",
        "tried": gate.tried,
        "stops": _BETWEEN.join(gate.stops),
        "dates": _BETWEEN.join(gate.dates),
        "gap": gate.gap,
        "calm": gate.calm,
        "channels": _BETWEEN.join(gate.channels),
        "proven": _BETWEEN.join(gate.proven),
        "untold": _BETWEEN.join(gate.untold),
        "nonce": gate.nonce,
    }
    return values | {name: instant.isoformat() if instant else "" for name, instant in _instants(gate).items()}


def _instants(gate: Gate) -> dict[str, datetime | None]:
    return {
        "open_until": gate.open_until,
        "quiet_until": gate.quiet_until,
        "opened_at": gate.opened_at,
        "doubt_until": gate.doubt_until,
        "next_at": gate.next_at,
        "blocked_until": gate.blocked_until,
    }


def gate_of(row: Row) -> Gate:
    """The gate in a row; what another release did not write is as in a healthy one."""
    values = row.values
    texts = {name: str(values.get(name, "")) for name in _instants(_HEALTHY)}
    instants = {name: datetime.fromisoformat(text) if text else None for name, text in texts.items()}
    return Gate(
        failures=int(values.get("failures", 0)),
        openings=int(values.get("openings", 0)),
        **instants,
        blocked=str(values.get("blocked", "")) or None,
        alone=bool(values.get("alone", False)),
        unlisted=str(values.get("unlisted", "")) or None,
        tried=bool(values.get("tried", False)),
        stops=_list(values.get("stops", "")),
        dates=_list(values.get("dates", "")),
        gap=float(values.get("gap", 0)),
        calm=int(values.get("calm", 0)),
        channels=_list(values.get("channels", "")),
        proven=_list(values.get("proven", "")),
        untold=_list(values.get("untold", "")),
        nonce=str(values.get("nonce", "")),
        etag=row.etag,
    )


def _list(value: object) -> tuple[str, ...]:
    return tuple(filter(None, str(value).split(_BETWEEN)))
