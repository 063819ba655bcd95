"""What the receipts of a city say about a payment whose outcome is unknown."""

from collections.abc import Container, Sequence
from datetime import date, datetime, timedelta

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.entry import Entry
from shared.payments.gateway import Receipt


def date_range(entry: Entry, biller: Biller, now: datetime) -> tuple[date, date]:
    """The days in which its receipt must lie, with a day to spare on either side for clocks and time zones."""
    posting = date.fromisoformat(entry.posting_date)
    attempt = (entry.sent_at or entry.received_at).astimezone(biller.zone).date()
    today = now.astimezone(biller.zone).date()
    day = timedelta(days=1)
    return min(posting, attempt) - day, max(posting, today) + day


def judge(
    receipts: Sequence[Receipt], reference: str, entry: Entry, foreign: Container[str], margin: timedelta
) -> settle.Finding:
    """Match by reference and cents.

    Args:
        receipts: every receipt of the date range.
        reference: what was written into the receipt in doubt.
        entry: the payment.
        foreign: receipt numbers bound to other payments; they are no evidence.
        margin: how much later than the attempt a control must have been made.
    """
    mine = [each for each in receipts if same(each.reference, reference) and each.receipt_number not in foreign]
    if len(mine) > 1:
        return settle.Odd("several_receipts")
    if mine:
        return _compare(mine[0], entry)
    attempt = entry.sent_at or entry.received_at
    return settle.Absent(controlled=any(each.created_at > attempt + margin for each in receipts))


def _compare(receipt: Receipt, entry: Entry) -> settle.Finding:
    if not receipt.live:
        return settle.Odd("receipt_voided")
    if int(receipt.amount) != entry.cents:
        return settle.Odd("amount_differs")
    return settle.Found(receipt.receipt_number)


def same(one: str | None, other: str) -> bool:
    """Whether a receipt's reference is ours, in whatever letter case the city's server keeps it."""
    return one is not None and one.strip().casefold() == other.casefold()
