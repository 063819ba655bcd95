"""``icadmin biller redate``: payments of a posting date that Caselle refuses get another one."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.billers.record import BillerId, change, known
from admin.confirm import Reason, Yes, confirm
from admin.errors import WrongUse
from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.stamp import Stamp

_DAY: Final = ["%Y-%m-%d"]


def redate(
    biller_id: BillerId,
    refused: Annotated[datetime, typer.Argument(metavar="REFUSED", formats=_DAY, help="The date that is refused.")],
    instead: Annotated[datetime, typer.Argument(metavar="INSTEAD", formats=_DAY, help="The open date to use.")],
    *,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Date payments anew whose posting date Caselle refuses, as in a closed period; what waits goes on by itself.

    What was held for it goes on with `payments retry BILLER --cause period_closed`.

    Example: icadmin --local biller redate 2493 2026-10-31 2026-11-02 --reason "October is closed, says the clerk"
    """
    at_stamp(lambda stamp: _redate(stamp, biller_id, refused.date(), instead.date(), reason, yes=yes))


async def _redate(stamp: "Stamp", biller_id: str, refused: date, instead: date, reason: str, *, yes: bool) -> None:
    if refused == instead:
        raise WrongUse("The two dates are the same.")
    biller = await known(stamp, biller_id)
    confirm(f"Post for {biller.name} with {instead} what would be dated {refused}?", yes=yes)
    dated = {**biller.redated, refused: instead}
    await change(stamp, "biller.redate", biller, biller.model_copy(update={"redated": dated}), why=reason)
    await stamp.gates.allow_date(biller_id, refused.isoformat())
    output.say(f"Payments of {refused} are dated {instead}. Every instance of the functions knows within a minute.")
