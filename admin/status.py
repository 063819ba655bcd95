"""``icadmin status``: one screen that says where the stamp, or one biller, stands."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from admin import output
from admin.billers.modes import stopped_for
from admin.billers.record import known
from admin.session import at_stamp
from shared.billers.model import Biller, Mode
from shared.exchange.reasons import REASONS
from shared.ledger.backlog import Backlogs, read_backlogs
from shared.ledger.gates import RELAY
from shared.payments.rules import paused
from shared.tokens.row import TokenRow

if TYPE_CHECKING:
    from admin.stamp import Stamp


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything that one look found."""

    now: datetime
    billers: Sequence[Biller]
    backlogs: Backlogs
    tokens: Mapping[str, TokenRow | None]
    runs: Mapping[str, datetime]


def status(
    biller_id: Annotated[str | None, typer.Argument(metavar="BILLER", help="One biller; left out: the stamp.")] = None,
) -> None:
    """Show what runs, what waits, what is held, and how long tokens last. The first command for every alert.

    Example: icadmin --local status 2493
    """
    seen = at_stamp(lambda stamp: _look(stamp, biller_id))
    if biller_id is None:
        _show_stamp(seen)
    else:
        _show_biller(seen)


async def _look(stamp: "Stamp", biller_id: str | None) -> _Seen:
    billers = await stamp.billers.all() if biller_id is None else [await known(stamp, biller_id)]
    with output.progress() as bar:
        bar.add_task("Reading the ledger", total=None)
        backlogs = await read_backlogs(stamp.stores.ledger, biller_id)
    tokens = await asyncio.gather(*(stamp.stores.tokens.read(biller.biller_id) for biller in billers))
    by_biller = {biller.biller_id: row for biller, row in zip(billers, tokens, strict=True)}
    runs = await stamp.stores.runs.all()
    return _Seen(stamp.stores.server_time.now(), billers, backlogs, by_biller, runs)


def _show_stamp(seen: _Seen) -> None:
    summary = _summary(seen)
    rows = [_line(seen, biller) for biller in seen.billers if biller.mode is not Mode.RETIRED]
    table = output.table("Billers", rows) if rows else "No biller yet: `icadmin biller add`."
    output.show({**summary, "list": rows}, output.fields("Stamp", _headed(summary)), table)


def _summary(seen: _Seen) -> dict[str, Any]:
    modes = Counter(str(biller.mode) for biller in seen.billers)
    relay = seen.backlogs.gates.get(RELAY)
    late = max((backlog.most_late for backlog in seen.backlogs.by_biller.values()), default=timedelta())
    held_since = [backlog.oldest_held for backlog in seen.backlogs.by_biller.values() if backlog.oldest_held]
    return {
        "billers": dict(modes),
        "paused": [biller.biller_id for biller in seen.billers if paused(biller, seen.now)],
        "blocked": sorted(name for name, gate in seen.backlogs.gates.items() if gate.blocked or gate.stops),
        "breakersOpen": sorted(name for name, gate in seen.backlogs.gates.items() if gate.is_open and name != RELAY),
        "relay": f"down since {_minute(relay.opened_at)}" if relay and relay.opened_at else "no outage seen",
        "open": sum(backlog.open.total() for backlog in seen.backlogs.by_biller.values()),
        "waiting": sum(backlog.waiting for backlog in seen.backlogs.by_biller.values()),
        "held": sum(backlog.held for backlog in seen.backlogs.by_biller.values()),
        "atLeast": seen.backlogs.cut,
        "heldSince": _minute(min(held_since)) if held_since else None,
        "sweeper": sweeper(seen.runs.get("sweep"), late, seen.now),
        "lastRuns": {timer: _minute(at) for timer, at in sorted(seen.runs.items())},
        "tokensEndingSoon": _ending(seen),
    }


def sweeper(ran: datetime | None, late: timedelta, now: datetime) -> str:
    """How the sweeper does, in words: it runs every minute, and leaves nothing due for long.

    Args:
        ran: when its latest run ended.
        late: for how long the ledger's longest due entry is due.
        now: the storage service's time.
    """
    if ran and now - ran > _LATE:
        return f"has not run since {_minute(ran)}"
    if late > _LATE:
        return f"behind: something is due for {round(late.total_seconds() / 60)} minutes"
    return "on time" if ran else "has never run"


_LATE: Final = timedelta(minutes=10)


def _ending(seen: _Seen) -> list[str]:
    """Billers by the days that their token has left, the shortest first."""
    days = {name: (row.expires_at - seen.now).days for name, row in seen.tokens.items() if row}
    return [f"{name}: {left} days" for name, left in sorted(days.items(), key=lambda each: each[1]) if left < _MONTH]


_MONTH: Final = 30


def _line(seen: _Seen, biller: Biller) -> dict[str, Any]:
    backlog, token = seen.backlogs.of(biller.biller_id), seen.tokens[biller.biller_id]
    return {
        "billerId": biller.biller_id,
        "name": biller.name,
        "mode": str(biller.mode),
        "sending": _sending(seen, biller),
        "open": backlog.open.total(),
        "waiting": backlog.waiting,
        "held": backlog.held,
        "atLeast": backlog.cut,
        "heldSince": _minute(backlog.oldest_held) if backlog.oldest_held else None,
        "tokenDays": (token.expires_at - seen.now).days if token else None,
    }


def _sending(seen: _Seen, biller: Biller) -> str:
    gate = seen.backlogs.gate(biller.biller_id)
    if gate.blocked:
        return f"blocked: {stopped_for(gate)}"
    if gate.stops:
        return f"stopped in part: {stopped_for(gate)}"
    if biller.paused and paused(biller, seen.now):
        until = f" until {_minute(biller.paused.until)}" if biller.paused.until else ""
        return f"paused{until}: {biller.paused.reason}"
    if gate.is_open and gate.opened_at:
        return f"its server fails since {_minute(gate.opened_at)}"
    return "one at a time" if gate.alone or gate.doubtful else "yes"


def _show_biller(seen: _Seen) -> None:
    [biller] = seen.billers
    gate, backlog = seen.backlogs.gate(biller.biller_id), seen.backlogs.of(biller.biller_id)
    found = _line(seen, biller) | {
        "openByState": dict(backlog.open),
        "waitingByLane": dict(backlog.lanes),
        "heldByReason": dict(backlog.causes),
        "goLiveAt": biller.go_live_at.isoformat() if biller.go_live_at else None,
        "maintenanceWindow": biller.maintenance_window,
        "contacts": biller.contacts.model_dump(by_alias=True, exclude_none=True),
    }
    stops = [stop.partition(" ")[2] for stop in gate.stops]
    why = [code for code in (gate.blocked, *stops, *backlog.causes) if code in REASONS]
    rows = [{"code": code, "means": REASONS[code].message, "do": REASONS[code].action} for code in dict.fromkeys(why)]
    advice = [output.table("What to do", rows)] if rows else []
    output.show(found | {"whatToDo": rows}, output.fields(f"Biller {biller.biller_id}", _headed(found)), *advice)


def _headed(found: Mapping[str, object]) -> dict[str, object]:
    return {output.heading(name): value for name, value in found.items()}


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
