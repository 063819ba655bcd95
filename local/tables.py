"""The demo's findings as tables for a terminal."""

from collections.abc import Iterable, Iterator

from rich.markup import escape
from rich.table import Table

from local.report import OUTCOMES, Findings, money
from shared.exchange.result import result_of


def tables(findings: Findings) -> Iterator[Table]:
    """The tables that have something to show, in the order they are read."""
    yield _outcomes(findings)
    yield _posted(findings)
    yield _peer(findings)
    if findings.held:
        yield _held(findings)
    if findings.receipts_of_held:
        yield _receipts_of_held(findings)


def _outcomes(findings: Findings) -> Table:
    table = new_table("What became of the messages", "outcome", "#messages")
    counts = dict.fromkeys(OUTCOMES, 0) | dict(findings.counts)
    for outcome, count in counts.items():
        table.add_row(outcome, str(count))
    return table


def _posted(findings: Findings) -> Table:
    table = new_table("Posted, by the ledger", "biller", "tender", "#payments", "#total")
    for biller, tenders in findings.posted.items():
        for tender, total in tenders.items():
            table.add_row(biller, tender, str(total["count"]), money(total["cents"]))
    return table


def _peer(findings: Findings) -> Table:
    table = new_table("What the simulator itself holds", "biller", "#receipts", "#total", "#doubled")
    for biller, summary in sorted(findings.summary.items()):
        table.add_row(biller, str(summary["receipts"]), money(summary["cents"]), str(summary["doubled"]))
    return table


def _held(findings: Findings) -> Table:
    table = new_table("Held: each waits for a person", "biller", "payment", "#amount", "reason", "what to do")
    for entry in findings.held:
        reason = result_of(entry, entry.received_at).reason
        why, action = (f"{reason.code}: {reason.message}", reason.action) if reason else ("", "")
        table.add_row(entry.key.biller, entry.key.id, money(entry.cents), escape(why), action)
    return table


def _receipts_of_held(findings: Findings) -> Table:
    title = "Receipts of held payments: the person who looks will find them"
    table = new_table(title, "biller", "receipt", "reference", "#amount")
    for biller, receipt in findings.receipts_of_held:
        table.add_row(biller, receipt["receiptNumber"], receipt["reference"], money(receipt["cents"]))
    return table


def new_table(title: str, *columns: str) -> Table:
    """A table; columns that begin with # hold numbers."""
    table = Table(title=title, title_justify="left", min_width=len(title))
    for column in columns:
        table.add_column(column.removeprefix("#"), justify="right" if column.startswith("#") else "left")
    return table


def sentences(lines: Iterable[str], most: int = 20) -> Iterator[str]:
    """The first of many, and how many more there are."""
    listed = list(lines)
    yield from listed[:most]
    if len(listed) > most:
        yield f"... and {len(listed) - most} more."
