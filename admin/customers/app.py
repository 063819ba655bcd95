"""``icadmin customers``: switch customer updates on and off, and write the clerk's sheet."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.billers.record import BillerId, change_shown, known
from admin.confirm import Yes, confirm
from admin.errors import WrongUse
from admin.private_files import write_private
from admin.session import at_stamp
from shared.billers.model import Biller, OptIn
from shared.caselle.customer_records import REMOTES
from shared.customers.sheet import sheet, to_enter
from shared.ledger.entry import Kind, lane_of

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Customer updates: AutoPay and registrations.", no_args_is_help=True)


class Update(StrEnum):
    """Which of the two."""

    AUTOPAY = "autopay"
    REGISTRATIONS = "registrations"


_KINDS: Final = {Update.AUTOPAY: Kind.AUTOPAY_CHANGE, Update.REGISTRATIONS: Kind.REGISTRATION}

_Which = Annotated[Update, typer.Argument(help="Which updates.", show_default=False)]
_Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the biller and in the audit.")]


@app.command()
def allow(biller_id: BillerId, update: _Which, reason: _Why, *, yes: Yes = False) -> None:
    """Opt a biller in. Nothing is sent before `contract check --biller` has passed as well.

    Example: icadmin customers allow 2493 autopay --reason "Kim at the city asked for it"
    """
    at_stamp(lambda stamp: _allow(stamp, biller_id, update, reason, yes=yes))


@app.command()
def stop(biller_id: BillerId, update: _Which, reason: _Why, *, yes: Yes = False) -> None:
    """Opt a biller out: what comes from now on is skipped for good, and stands on the sheet.

    Example: icadmin customers stop 2493 autopay --reason "the clerk sees wrong flags"
    """
    at_stamp(lambda stamp: _stop(stamp, biller_id, update, reason, yes=yes))


@app.command()
def unblock(biller_id: BillerId, *, yes: Yes = False) -> None:
    """Let a biller's customer updates go on, once what had stopped them is mended. Payments have a block of their own.

    Example: icadmin customers unblock 2493
    """
    at_stamp(lambda stamp: _unblock(stamp, biller_id, yes=yes))


@app.command("csv")
def csv_(
    biller_id: BillerId,
    update: _Which,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only what came from this day (UTC) on.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A file, readable by you only; left out: here.")
    ] = None,
) -> None:
    """Write the sheet of what was never sent because it is off: the newest per customer, to be entered by hand.

    It holds personal data. Import the customer number as text, to keep its leading zeros.

    Example: icadmin customers csv 2493 registrations --out registrations.csv
    """
    first = since.replace(tzinfo=UTC) if since else None
    text, count = at_stamp(lambda stamp: _sheet(stamp, biller_id, update, first))
    if out is None:
        sys.stdout.write(text)
        return
    write_private(out, text.encode())
    output.say(f"{count} {update} of biller {biller_id} in {out}.")


async def _allow(stamp: "Stamp", biller_id: str, update: Update, reason: str, *, yes: bool) -> None:
    before = await known(stamp, biller_id)
    name = REMOTES[_KINDS[update]].name
    agreed = OptIn(by=stamp.actor.name, at=stamp.clock.now(), reason=_given(reason))
    after = _with(before, before.features | {name: agreed})
    await change_shown(stamp, "customers.allow", [(before, after)], reason, yes=yes)
    if name not in before.contract_passes:
        output.say(f"Still off: `icadmin contract check --biller {biller_id}` has not passed for {name}.")


async def _stop(stamp: "Stamp", biller_id: str, update: Update, reason: str, *, yes: bool) -> None:
    before = await known(stamp, biller_id)
    left = {name: one for name, one in before.features.items() if name != REMOTES[_KINDS[update]].name}
    await change_shown(stamp, "customers.stop", [(before, _with(before, left))], _given(reason), yes=yes)


async def _unblock(stamp: "Stamp", biller_id: str, *, yes: bool) -> None:
    lane = lane_of((await known(stamp, biller_id)).biller_id, Kind.AUTOPAY_CHANGE)
    blocked = (await stamp.gates.look(lane)).blocked
    if blocked is None:
        output.say(f"The customer updates of biller {biller_id} are not blocked.")
        return
    confirm(f"They are blocked by {blocked}. Let them go on?", yes=yes)
    async with stamp.audit.change("customers.unblock", biller_id, before={"blocked": blocked}):
        await stamp.gates.unblock(lane)
    output.say("Done: one goes alone, the rest follow its success.")


async def _sheet(stamp: "Stamp", biller_id: str, update: Update, since: datetime | None) -> tuple[str, int]:
    await known(stamp, biller_id)
    newest = stamp.newest
    updates = await to_enter(newest, biller_id, _KINDS[update], since)
    return sheet(_KINDS[update], updates), len(updates)


def _with(biller: Biller, features: dict[str, OptIn]) -> Biller:
    return biller.model_copy(update={"features": features})


def _given(reason: str) -> str:
    if not reason.strip():
        raise WrongUse("A reason has words in it.")
    return reason.strip()
