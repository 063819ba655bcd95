"""``icadmin biller shadow-report``: what would have been sent, beside the receipts that the old data pump made."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from admin import output
from admin.billers.record import BillerId, known
from admin.errors import FOUND_WRONG, WrongUse
from admin.session import at_stamp
from shared.billers import capabilities
from shared.billers.model import Biller
from shared.ledger.entry import Entry, Kind, State
from shared.payments.gateway import Receipt
from shared.payments.message import stored
from shared.payments.peer import order_of
from shared.repair.find import Filter

if TYPE_CHECKING:
    from admin.stamp import Stamp

SAME: Final = "same"
_DEADLINE: Final = 30.0
_DAY: Final = timedelta(days=1)


def shadow_report(
    biller_id: BillerId,
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="How far back.")] = 7,
) -> None:
    """Compare the payments that shadow mode checked with the receipts in Caselle. Exit code 1 where one differs.

    `missing` may be on its way with the old data pump; look again the next day.

    Example: icadmin --local biller shadow-report 2493 --days 3
    """
    rows = at_stamp(lambda stamp: _compared(stamp, biller_id, days))
    output.rows(f"Biller {biller_id} in shadow", rows, empty="Shadow mode has checked no payment in these days.")
    if any(row["verdict"] != SAME for row in rows):
        raise typer.Exit(FOUND_WRONG)


async def _compared(stamp: "Stamp", biller_id: str, days: int) -> list[dict[str, Any]]:
    biller = await known(stamp, biller_id)
    if not capabilities.can_query_receipts(biller):
        raise WrongUse("Nothing to compare with: the receipt query comes with Caselle Connect 2025.11.")
    since = stamp.clock.now() - timedelta(days=days)
    skipped = Filter(biller=biller_id, kind=Kind.PAYMENT, state=State.SKIPPED)
    entries = [entry async for entry in stamp.repair.find(skipped) if entry.received_at >= since]
    if not entries:
        return []
    by_reference = {str(each.reference).casefold(): each for each in await _receipts(stamp, biller, entries)}
    return [_line(biller, entry, by_reference) for entry in entries]


async def _receipts(stamp: "Stamp", biller: Biller, entries: Iterable[Entry]) -> list[Receipt]:
    """Of every day in question; the old data pump may date a receipt a day off."""
    dated = [date.fromisoformat(entry.posting_date) for entry in entries]
    receipting = stamp.caselle.receipting_within(_DEADLINE)
    found = await receipting.receipts(biller, min(dated) - _DAY, max(dated) + _DAY)
    return [receipt for receipt in found if receipt.reference]


def _line(biller: Biller, entry: Entry, receipts: Mapping[str, Receipt]) -> dict[str, Any]:
    """One payment: the very order that would have been sent, and what is there instead."""
    order = order_of(stored(entry.message), biller, date.fromisoformat(entry.posting_date))
    receipt = receipts.get(order.reference.casefold())
    return {
        "payment": entry.key.id,
        "confirmation": order.reference,
        "amount": str(order.amount),
        "date": order.receipt_date.isoformat(),
        "receipt": receipt.receipt_number if receipt else None,
        "verdict": _verdict(order.amount, receipt),
    }


def _verdict(amount: int, receipt: Receipt | None) -> str:
    if receipt is None:
        return "missing"
    if not receipt.live:
        return "void"
    return SAME if receipt.amount == amount else f"other amount: {receipt.amount}"
