"""The layouts that exports come in. Each writes the same bills to a file, and says on which line each came to stand."""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

from admin.invoices.faults import Fault
from admin.invoices.layout import Layout, Name
from tests.invoices import bills as made
from tests.invoices.bills import Line, Spelling

type Faults = list[tuple[Fault, Callable]]

EVERY = list(Name)
HEADERS = {
    Name.INVOICE_NUMBER: "Invoice Number",
    Name.CUSTOMER_NUMBER: "Customer Number",
    Name.CUSTOMER_NAME: "Customer Name",
    Name.DESCRIPTION: "Description",
    Name.INVOICE_DATE: "Invoice Date",
    Name.DUE_DATE: "Due Date",
    Name.AMOUNT: "Amount",
    Name.BALANCE: "Balance",
    Name.STATUS: "Status",
    Name.KIND: "Type",
}
OTHER_HEADERS = HEADERS | {
    Name.INVOICE_NUMBER: "Inv #",
    Name.CUSTOMER_NUMBER: "Acct_No.",
    Name.CUSTOMER_NAME: "BILL TO",
    Name.BALANCE: "Amount Due",
    Name.AMOUNT: "OrigAmount",
}


@dataclass
class Export:
    """A file, what is wrong on which of its lines, and what it says about itself."""

    path: Path
    expected: dict[int, set[Fault]] = field(default_factory=dict)
    bills: list[Line] = field(default_factory=list)
    layout: Layout | None = None


@dataclass(frozen=True)
class Kind:
    """One layout: its fields, how it spells, how it is written, and which faults it can have besides the usual."""

    name: str
    write: Callable[[Path, "Kind", list[Line], int], dict[int, set[Fault]]]
    fields: list[Name] = field(default_factory=lambda: EVERY)
    headers: dict[Name, str] = field(default_factory=lambda: HEADERS)
    spelling: Spelling = field(default_factory=Spelling)
    faults: Faults = field(default_factory=list)
    suffix: str = ".csv"
    layout: dict[str, Any] | None = None
    """Where no header tells it."""

    @property
    def owed(self) -> Name:
        return Name.BALANCE if Name.BALANCE in self.fields else Name.AMOUNT

    def export(self, folder: Path, seed: int, *, faulty: bool, count: int = 90, total_off_by: int = 0) -> Export:
        """A file of this layout; the same seed makes the same file."""
        rng = random.Random(seed)
        lines = made.bills(rng, count, self.spelling)
        if self.owed is Name.AMOUNT:
            for line in lines:
                line.cells[Name.AMOUNT] = line.cells[Name.BALANCE]
        if faulty:
            dated = Name.INVOICE_DATE in self.fields
            usual = [each for each in made.FAULTS if dated or each[0] is not Fault.DUE_BEFORE_INVOICE]
            lines = made.with_faults(rng, lines, usual + self.faults, self.owed, self.spelling)
        path = folder / f"{self.name}{self.suffix}"
        total = sum(line.cents for line in lines) + total_off_by
        expected = self.write(path, self, lines, total)
        layout = Layout.model_validate(self.layout) if self.layout else None
        return Export(path, {at: faults for at, faults in expected.items() if faults}, lines, layout)


@dataclass
class _Text:
    """A text file that is being written, and its number of lines."""

    text: io.StringIO = field(default_factory=io.StringIO)
    number: int = 0
    expected: dict[int, set[Fault]] = field(default_factory=dict)

    def add(self, line: str, faults: set[Fault] | None = None) -> None:
        if faults:
            self.expected[self.number + 1] = faults
        self.text.write(line + "\r\n")
        self.number += line.count("\n") + 1

    def save(self, path: Path, encoding: str) -> dict[int, set[Fault]]:
        # What cp1252 has no letter for stands for a byte that it has no letter for either.
        text = self.text.getvalue().encode(encoding, "backslashreplace").replace(b"\\ufffd", b"\x81")
        path.write_bytes(text)
        return self.expected


def _row(line: Line, kind: Kind, delimiter: str) -> str:
    cells = [line.cells[name] for name in kind.fields]
    if line.broken == "extra":
        cells.insert(3, "and more")
    if line.broken == "short":
        del cells[-2:]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    if line.broken == "unclosed":
        at = kind.fields.index(Name.CUSTOMER_NAME)
        cells = [cell.replace('"', "").replace(delimiter, "").replace("\n", " ") for cell in cells]
        cells[at] = f'"{cells[at]}'
        return delimiter.join(cells)
    return text.getvalue()


def _header(kind: Kind, delimiter: str) -> str:
    return delimiter.join(kind.headers[name] for name in kind.fields)


def delimited(delimiter: str, encoding: str, *, header: bool = True, total: str = "") -> Callable:
    def write(path: Path, kind: Kind, lines: list[Line], cents: int) -> dict[int, set[Fault]]:
        text = _Text()
        if header:
            text.add(_header(kind, delimiter))
        for line in lines:
            text.add(_row(line, kind, delimiter), line.faults)
        if total:
            text.add(total.format(count=len(lines), total=f"{cents / 100:,.2f}"))
        return text.save(path, encoding)

    return write


def printed(path: Path, kind: Kind, lines: list[Line], cents: int) -> dict[int, set[Fault]]:
    """A report saved as CSV: titles and header on every page, subtotals, blank lines, names on two lines."""
    text = _Text()
    for page, start in enumerate(range(0, len(lines), 40), start=1):
        for title in ("\fCity of Newport", f"Accounts receivable,,,11/20/2026,Page {page}", "", _header(kind, ",")):
            text.add(title)
        for line in lines[start : start + 40]:
            if line.cells[Name.DESCRIPTION] == "Hydrant rental" and not line.broken:
                line.cells[Name.DESCRIPTION] = "Hydrant\nrental, monthly"
            text.add(_row(line, kind, ","), line.faults)
        text.add(f'Page total,,,,,,,"{sum(line.cents for line in lines[start : start + 40]) / 100:,.2f}",,')
        text.add("")
    text.add("----------,,,,,,,----------,,")
    text.add(f'Grand Total,{len(lines)},,,,,,"${cents / 100:,.2f}",,')
    return text.save(path, "utf-8")


WIDTHS = {
    Name.INVOICE_NUMBER: 12,
    Name.CUSTOMER_NUMBER: 14,
    Name.CUSTOMER_NAME: 30,
    Name.DESCRIPTION: 34,
    Name.INVOICE_DATE: 14,
    Name.DUE_DATE: 14,
    Name.AMOUNT: 14,
    Name.BALANCE: 14,
}


def fixed(*, header: bool) -> Callable:
    def cells(kind: Kind, texts: list[str]) -> str:
        return "".join(
            text[: WIDTHS[name] - 2].ljust(WIDTHS[name]) for name, text in zip(kind.fields, texts, strict=True)
        )

    def write(path: Path, kind: Kind, lines: list[Line], cents: int) -> dict[int, set[Fault]]:
        text = _Text()
        if header:
            text.add("City of Newport   Open items")
            text.add("")
            text.add(
                cells(
                    kind,
                    [
                        {Name.INVOICE_NUMBER: "Inv No", Name.CUSTOMER_NUMBER: "Cust No"}.get(name, kind.headers[name])
                        for name in kind.fields
                    ],
                )
            )
            text.add("=" * 60)
        for line in lines:
            whole = cells(kind, [line.cells[name] for name in kind.fields]).rstrip()
            text.add(whole[:60] if line.broken else whole, line.faults)
        if header:
            text.add(f"REPORT TOTAL   {len(lines)} invoices {cents / 100:>20,.2f}")
        return text.save(path, "cp1252")

    return write


def _spans(fields: list[Name]) -> dict[str, list[int]]:
    start, spans = 1, {}
    for name in fields:
        spans[name.value] = [start, start + WIDTHS[name] - 1]
        start += WIDTHS[name]
    return spans


def workbook(*, typed: bool) -> Callable:
    def write(path: Path, kind: Kind, lines: list[Line], cents: int) -> dict[int, set[Fault]]:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["Open items"])
        sheet.append([])
        sheet.append([kind.headers[name] for name in kind.fields])
        expected = {}
        for line in lines:
            cells = [_typed(name, line) if typed else line.cells[name] for name in kind.fields]
            sheet.append([*cells, "and more"] if line.broken else cells)
            if typed:
                number = sheet.cell(sheet.max_row, kind.fields.index(Name.CUSTOMER_NUMBER) + 1)
                number.number_format = "000000" if Fault.LOST_ZEROS not in line.faults else "General"
            if line.faults:
                expected[sheet.max_row] = line.faults
        sheet.append(["Total", len(lines), None, None, None, None, None, cents / 100])
        book.create_sheet("Notes").append(["nothing"])
        book.save(path)
        return expected

    return write


def _typed(name: Name, line: Line) -> object:
    """As a person would find it typed: numbers as numbers, dates as dates."""
    text = line.cells[name]
    try:
        match name:
            case Name.INVOICE_NUMBER | Name.CUSTOMER_NUMBER:
                return int(text) if text.isdigit() else text
            case Name.INVOICE_DATE | Name.DUE_DATE:
                return datetime.strptime(text, "%m/%d/%Y")  # noqa: DTZ007
            case Name.AMOUNT | Name.BALANCE:
                return float(text)
    except ValueError:
        pass
    return text or None


_IN_COLUMNS = [name for name in EVERY if name in WIDTHS]
_NARROW = [Name.CUSTOMER_NUMBER, Name.INVOICE_NUMBER, Name.CUSTOMER_NAME, Name.DESCRIPTION, Name.DUE_DATE, Name.AMOUNT]
_BROKEN = made.EXTRA_FIELD + made.MISSING_FIELDS + made.OPEN_QUOTE
_STATUS = made.VOIDED + made.CREDIT_BY_KIND

KINDS = [
    Kind("plain", delimited(",", "utf-8"), faults=_STATUS + _BROKEN),
    Kind(
        "semicolons",
        delimited(";", "cp1252", total="Total;{count};;;;;;{total};;"),
        headers=OTHER_HEADERS,
        spelling=Spelling("%m-%d-%Y", lambda cents: f"$ {cents / 100:,.2f}", lambda text: f"({text})"),
        faults=_STATUS + _BROKEN,
    ),
    Kind("pipes", delimited("|", "utf-8-sig"), headers=OTHER_HEADERS, spelling=Spelling("%Y%m%d"), faults=_STATUS),
    Kind(
        "tabs",
        delimited("\t", "utf-16"),
        spelling=Spelling("%b %d, %Y", negative=lambda text: f"{text}CR"),
        faults=_STATUS + _BROKEN,
        suffix=".txt",
    ),
    Kind("wide", delimited(",", "utf-16-le"), spelling=Spelling("%Y-%m-%d"), faults=_STATUS + _BROKEN),
    Kind("printed", printed, faults=_STATUS + _BROKEN),
    Kind(
        "headerless",
        delimited(",", "utf-8", header=False),
        fields=_NARROW,
        spelling=Spelling("%d-%b-%Y", negative=lambda text: f"{text}-"),
        faults=_BROKEN,
        layout={
            "format": "delimited",
            "headerLine": 0,
            "columns": {name.value: at for at, name in enumerate(_NARROW, start=1)},
            "dateFormat": "%d-%b-%Y",
        },
    ),
    Kind("columns", fixed(header=True), fields=_IN_COLUMNS, faults=made.MISSING_FIELDS, suffix=".txt"),
    Kind(
        "bare-columns",
        fixed(header=False),
        fields=_IN_COLUMNS,
        faults=made.MISSING_FIELDS,
        suffix=".prn",
        layout={"format": "fixedWidth", "encoding": "cp1252", "headerLine": 0, "columns": _spans(_IN_COLUMNS)},
    ),
    Kind("workbook", workbook(typed=False), faults=_STATUS + made.EXTRA_FIELD, suffix=".xlsx"),
    Kind("typed-workbook", workbook(typed=True), faults=_STATUS + made.EXTRA_FIELD, suffix=".xlsx"),
]
"""Eleven layouts."""
