"""Compares entries, receipts and control totals. Decides only; reads nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.ledger.entry import Entry, State
from shared.payments.evidence.shown import Form
from shared.payments.gateway import Receipt
from shared.reconciliation.control_totals import ControlTotal
from shared.reconciliation.day_report import AT_CASELLE, Line
from shared.reconciliation.finding import Finding, What
from shared.vocabulary.money import Money

_IN_DOUBT = frozenset({State.SENDING, State.UNKNOWN})


def tie_receipts(payments: Iterable[Entry], receipts: Sequence[Receipt]) -> Iterator[tuple[Entry, Finding]]:
    """Payments whose receipts are not what the ledger says."""
    by_number = {receipt.receipt_number: receipt for receipt in receipts}
    for entry in payments:
        receipt = by_number.get(entry.receipt_number or "")
        what = _posted(entry, receipt) if entry.state is State.POSTED else _reversed(receipt)
        if what is not None:
            shown = f"{receipt.amount} under {receipt.reference}" if receipt else "nothing"
            words = f"receipt {entry.receipt_number} of {Money(entry.cents)} under {entry.reference}; Caselle: {shown}"
            yield entry, Finding(entry.booked_on, what, entry.key.id, words)


def tie_stranger(receipt: Receipt, owner: Entry | None) -> Finding | None:
    """A live receipt that is none of the payments read; ``owner`` has its confirmation number, or nobody has."""
    day, number = receipt.created_at.date().isoformat(), receipt.receipt_number
    shown = f"receipt {number} of {receipt.amount} under {receipt.reference}"
    if owner is None:
        return Finding(day, What.RECEIPT_UNKNOWN, number, shown)
    if owner.state in _IN_DOUBT or (owner.state in AT_CASELLE and owner.receipt_number == number):
        return None
    if owner.state in AT_CASELLE:
        words = f"{shown}; payment {owner.key.id} has receipt {owner.receipt_number}"
        return Finding(day, What.RECEIPT_SECOND, number, words)
    return Finding(day, What.RECEIPT_UNPOSTED, number, f"{shown}; payment {owner.key.id} is {owner.state}")


def tie_total(total: ControlTotal, lines: Sequence[Line], elsewhere: Mapping[str, str]) -> Iterator[Finding]:
    """Invoice Cloud's total beside what came for the same deposit.

    Args:
        total: Invoice Cloud's.
        lines: payments that name the same day, application, tender and deposit.
        elsewhere: of the ids that are not among the lines, those that are known: id to where they stand.
    """
    day = total.day.isoformat()
    here = f"here {len(lines)} of {Money(sum(line.cents for line in lines))}"
    words = f"deposit {total.deposit_id}, {total.tender}: Invoice Cloud {total.count} of {total.amount}, {here}"
    if total.payment_ids is not None:
        came = {line.id for line in lines}
        for id_ in sorted(set(total.payment_ids) - came):
            known = elsewhere.get(id_)
            yield Finding(
                day, What.NOT_COUNTED if known else What.NOT_ENQUEUED, id_, f"{words}; {known or 'never came'}"
            )
        for id_ in sorted(came - set(total.payment_ids)):
            yield Finding(day, What.NOT_COUNTED, id_, f"{words}; not among Invoice Cloud's")
    if (total.count, int(total.amount)) != (len(lines), sum(line.cents for line in lines)):
        yield Finding(day, What.TOTAL_DIFFERS, f"{total.deposit_id}~{total.application}~{total.tender}", words)


@dataclass(slots=True)
class Deposit:
    """One deposit: cents by Invoice Cloud's totals, and cents at Caselle by the ledger."""

    invoice_cloud: int = 0
    at_caselle: int = 0


def tie_deposits(totals: Iterable[ControlTotal], lines: Iterable[Line]) -> Iterator[Finding]:
    """The bank has what Invoice Cloud deposited: is all of it at Caselle? Only deposits that have a total."""
    deposits: defaultdict[tuple[str, str], Deposit] = defaultdict(Deposit)
    for total in totals:
        deposits[total.day.isoformat(), total.deposit_id].invoice_cloud += total.amount
    for line in lines:
        place = (line.day, line.deposit_id)
        if line.is_payment and line.state in AT_CASELLE and place in deposits:
            deposits[place].at_caselle += line.cents
    for (day, deposit_id), found in sorted(deposits.items()):
        if found.invoice_cloud != found.at_caselle:
            difference = Money(found.invoice_cloud - found.at_caselle)
            words = f"deposited {Money(found.invoice_cloud)}, at Caselle {Money(found.at_caselle)}: {difference}"
            yield Finding(day, What.DEPOSIT_DIFFERS, deposit_id, words)


def same_deposit(total: ControlTotal, line: Line) -> bool:
    """Whether a payment belongs to a total."""
    mine = (line.day, line.application, line.tender, line.deposit_id)
    return line.is_payment and mine == (total.day.isoformat(), total.application, total.tender, total.deposit_id)


def _posted(entry: Entry, receipt: Receipt | None) -> What | None:
    if receipt is None:
        return What.RECEIPT_MISSING
    if not receipt.live:
        return What.RECEIPT_VOID
    # One that a clerk typed in by hand has no confirmation number.
    mine = (
        receipt.reference is None
        or not entry.reference
        or Form.spelled(receipt.reference) == Form.spelled(entry.reference)
    )
    return None if mine and int(receipt.amount) == entry.cents else What.RECEIPT_DIFFERS


def _reversed(receipt: Receipt | None) -> What | None:
    return What.RECEIPT_LIVE if receipt is not None and receipt.live else None
