"""``payments export`` and ``erase``: what is kept of one customer."""

import hashlib
import json
from typing import TYPE_CHECKING, Annotated

import typer

from admin import output
from admin.confirm import Yes, confirm
from admin.errors import Declined
from admin.payments import lines
from admin.payments.options import BillerArg, Out, Why, reason_given
from admin.private_files import write_private
from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.stamp import Stamp

_CustomerOf = Annotated[str, typer.Option("--customer", metavar="NUMBER", help="As Caselle writes it; zeros count.")]


def export(biller: BillerArg, customer: _CustomerOf, out: Out) -> None:
    """Write all that the ledger keeps of one customer, as JSON.

    Example: icadmin --local payments export 2493 --customer 000412 --out ada.json
    """
    found = at_stamp(lambda stamp: stamp.repair.personal.export(biller, customer))
    write_private(out, json.dumps(found, default=str, ensure_ascii=False, indent=1).encode())
    output.show({"entries": len(found), "file": str(out)}, f"{len(found)} entries are in {out}.")


def erase(biller: BillerArg, customer: _CustomerOf, *, reason: Why = "", yes: Yes = False) -> None:
    """Erase who one customer is; ids, amounts and fingerprints stay, so that nothing is ever posted twice.

    Refused while anything of the customer, or of the biller in quarantine, is not settled.

    Example: icadmin --local payments erase 2493 --customer 000412 --reason "asked by letter of 20 November"
    """
    why = reason_given(reason)
    at_stamp(lambda stamp: _erase(stamp, biller, customer, why, yes=yes))


async def _erase(stamp: "Stamp", biller: str, customer: str, why: str, *, yes: bool) -> None:
    found = await stamp.repair.personal.obstacles(biller, customer)
    if found:
        entries = [lines.line(entry) for entry in found.entries]
        items = [lines.quarantined(item) for item in found.quarantined]
        tables = [output.table("Not settled yet", entries)] if entries else []
        tables += [output.table("In quarantine", items)] if items else []
        output.show({"entries": entries, "quarantine": items}, *tables)
        raise Declined("Nothing was erased: settle these first.")
    confirm(f"Erase customer {customer} of biller {biller}? This cannot be undone.", yes=yes)
    # The audit must not keep what is erased.
    subject = f"{biller}~customer {hashlib.sha256(customer.encode()).hexdigest()[:12]}"
    async with stamp.audit.change("payments.erase", subject, why=why):
        erased = await stamp.repair.personal.erase(biller, customer)
    output.show({"erased": erased}, f"{erased} entries no longer tell whose they were.")
