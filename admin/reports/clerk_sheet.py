"""The report as one page of HTML for a city's clerk: to be printed, ticked off and filed."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from admin import output
from admin.reports.figures import Report, finding_row, line_row, total_row

_STYLE: Final = (
    "body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}"
    "th,td{border:1px solid #999;padding:.2em .5em;text-align:left}td.n{text-align:right;white-space:nowrap}"
    "@media print{body{margin:0}tr{break-inside:avoid}}"
)
_NUMBERS: Final = frozenset({"amount", "net", "received", "posted", "held", "open", "reversed"})
_COLUMNS: Final = ("confirmation", "receipt", "amount", "tender", "state", "customer", "paidOn", "postedOn", "deposit")


def html(report: Report) -> str:
    """The whole page; every text of the messages is escaped."""
    title = f"Online payments {report.first}" + (f" to {report.last}" if report.last != report.first else "")
    lines = [line_row(line) for line in report.lines]
    by_receipt = sorted((line for line in lines if line["receipt"]), key=lambda line: (line["biller"], line["receipt"]))
    parts = [
        _table("Totals", [total_row(row) for row in report.totals]),
        _table("By confirmation number", _of(lines, _COLUMNS)),
        _table("By receipt number", _of(by_receipt, ("receipt", "confirmation", "amount", "state", "postedOn"))),
        _table("To be looked at", [finding_row(biller, finding) for biller, finding in report.findings]),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = f"<h1>{escape(title)}</h1>{''.join(parts)}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in columns} for row in rows]


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(output.heading(name))}</th>" for name in rows[0])
    lines = "".join(f"<tr>{''.join(_cell(name, value) for name, value in row.items())}</tr>\n" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>\n{lines}</table>"


def _cell(name: str, value: object) -> str:
    number = ' class="n"' if name in _NUMBERS or name.endswith("Amount") else ""
    return f"<td{number}>{escape(output.cell(value))}</td>"
