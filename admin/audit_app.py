"""``icadmin audit``: who changed what, when and why."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin import output
from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.stamp import Stamp

_LONGEST_DAYS = 3660


def audit(
    subject: Annotated[str | None, typer.Argument(help="Only what concerns this biller or payment.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=_LONGEST_DAYS, help="How far back.")] = 30,
) -> None:
    """Show what admins changed, the oldest first.

    Example: icadmin --local audit 2493 --days 7
    """
    found = at_stamp(lambda stamp: _found(stamp, subject, days))
    output.show(found, output.table("Changes", [_line(change) for change in found]) if found else "No change.")


async def _found(stamp: "Stamp", subject: str | None, days: int) -> list[dict[str, Any]]:
    now = stamp.clock.now()
    changes = stamp.audit.since(now - timedelta(days=days), now)
    return [change.shown() async for change in changes if subject in {None, change.subject}]


def _line(change: dict[str, Any]) -> dict[str, object]:
    who = change["who"]
    return change | {"at": change["at"][:19], "who": f"{who['name']} ({who['objectId']})"}
