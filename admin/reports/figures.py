"""The report's figures as rows of text and numbers."""

from dataclasses import dataclass, field
from typing import Any

from shared.reconciliation.day_report import DayTotal, Line
from shared.reconciliation.finding import Finding
from shared.vocabulary.money import Money


@dataclass
class Report:
    """What is reported: rows, the lines behind them, and what the latest nightly run found, by biller."""

    first: str
    last: str
    totals: list[DayTotal] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    findings: list[tuple[str, Finding]] = field(default_factory=list)


def total_row(row: DayTotal) -> dict[str, Any]:
    """One row of the report: number and amount under each heading."""
    parts = {
        "received": row.received,
        "posted": row.posted,
        "held": row.held,
        "notPosted": row.not_posted,
        "open": row.open,
        "reversed": row.reversed,
        "datedOtherwise": row.dated_otherwise,
    }
    shown: dict[str, Any] = {"day": row.day, "biller": row.biller, "tender": row.tender}
    for name, total in parts.items():
        shown |= {name: total.count, f"{name}Amount": str(Money(total.cents))}
    return shown | {"net": str(Money(row.net))}


def line_row(line: Line) -> dict[str, Any]:
    """One payment, or one reject or reversal."""
    return {
        "day": line.day,
        "biller": line.biller,
        "tender": line.tender,
        "kind": str(line.kind),
        "confirmation": line.confirmation_number,
        "receipt": line.receipt_number,
        "amount": str(Money(line.cents)),
        "state": str(line.state),
        "cause": line.reason,
        "customer": line.customer_number,
        "paidOn": line.paid_on,
        "postedOn": line.posting_date,
        "deposit": line.deposit_id,
        "id": line.id,
    }


def finding_row(biller: str, finding: Finding) -> dict[str, Any]:
    """One thing that does not fit."""
    return {
        "biller": biller,
        "day": finding.day,
        "what": str(finding.what),
        "subject": finding.subject,
        "words": finding.words,
    }
