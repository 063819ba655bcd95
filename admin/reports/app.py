"""``icadmin report``: per deposit day, biller and tender, as table, CSV, JSON, or a sheet for the clerk."""

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from admin import output
from admin.errors import WrongUse
from admin.options import options, use
from admin.payments.options import MaybeBiller, day
from admin.private_files import write_private
from admin.reports import clerk_sheet
from admin.reports.figures import Report, finding_row, line_row, total_row
from admin.session import at_stamp
from shared.exchange.spreadsheet import plain

if TYPE_CHECKING:
    from admin.stamp import Stamp

_DAYS: Final = ["%Y-%m-%d"]
_LONGEST: Final = timedelta(days=366)


class Form(StrEnum):
    """How the report is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


class Order(StrEnum):
    """How payments are listed, if at all."""

    NONE = "none"
    CONFIRMATION = "confirmation"
    RECEIPT = "receipt"


def report(
    biller: MaybeBiller = None,
    *,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAYS, metavar="DAY", help="First deposit day; else yesterday.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAYS, metavar="DAY", help="Last deposit day; else the first.")
    ] = None,
    listed: Annotated[
        Order, typer.Option("--lines", help="List payments as well, by confirmation or by receipt number.")
    ] = Order.NONE,
    form: Annotated[Form, typer.Option("--format", help="html is the sheet for the city's clerk.")] = Form.TABLE,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write here, readable by you only; not to the terminal."),
    ] = None,
) -> None:
    """Report what came, what is at Caselle, what is held, and what went back.

    A payment stands under the day of its deposit; what went back, under the day of its return. Under the figures stands
    what the latest nightly run found that does not fit.

    Example: icadmin --local report 2493 --from 2026-11-23 --format html --out monday.html
    """

    async def work(stamp: "Stamp") -> Report:
        from admin.reports.reading import read  # noqa: PLC0415 - Azure's stores on first use

        begin = day(first) or stamp.ledger.now().date() - timedelta(days=1)
        return await read(stamp, biller, *_span(begin, day(last) or begin))

    found = at_stamp(work)
    chosen = Form.JSON if options().as_json else form
    if listed is Order.RECEIPT:
        found.lines.sort(key=lambda line: (line.biller, line.receipt_number, line.id))
    text = _text(found, chosen, with_lines=listed is not Order.NONE)
    if text is None:
        _show(found, chosen, with_lines=listed is not Order.NONE)
    elif out is not None:
        write_private(out, text.encode())
        output.say(f"The report is in {out}.")
    else:
        sys.stdout.write(text)


def _span(first: date, last: date) -> tuple[date, date]:
    if not timedelta() <= last - first <= _LONGEST:
        raise WrongUse("--to is not before --from, and at most a year later.")
    return first, last


def _text(found: Report, form: Form, *, with_lines: bool) -> str | None:
    """The report as one text, or None where it is shown instead."""
    match form:
        case Form.HTML:
            return clerk_sheet.html(found)
        case Form.CSV:
            return _csv(
                [line_row(line) for line in found.lines] if with_lines else [total_row(row) for row in found.totals]
            )
        case _:
            return None


def _show(found: Report, form: Form, *, with_lines: bool) -> None:
    totals = [total_row(row) for row in found.totals]
    lines = [line_row(line) for line in found.lines] if with_lines else []
    findings = [finding_row(biller, finding) for biller, finding in found.findings]
    tables: list[Any] = [output.table("Per deposit day", totals)] if totals else ["Nothing came on these days."]
    tables += [output.table("Payments and what went back", lines)] if lines else []
    tables += [output.table("What does not fit, by the latest nightly run", findings)] if findings else []
    data: dict[str, Any] = {"totals": totals, "findings": findings} | ({"lines": lines} if with_lines else {})
    if form is Form.JSON:
        use(replace(options(), as_json=True))
    output.show(data, *tables)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: plain(output.cell(value)) for name, value in row.items()} for row in rows)
    return text.getvalue()
