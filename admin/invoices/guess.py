"""Guess the layout of an export from its first lines; a person confirms it before it is kept."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from admin.invoices.layout import Column, Format, Layout, Name
from admin.invoices.source import Progress, Source, plain
from admin.invoices.values import DATE_FORMATS, day_in

SAMPLE: Final = 400
_DELIMITERS: Final = (",", ";", "\t", "|")
_DATED: Final = (Name.INVOICE_DATE, Name.DUE_DATE)
_HEADERS: Final = {
    Name.INVOICE_NUMBER: (
        "invoice number|invoice no|invoice num|invoice id|invoice|inv number|inv no|inv num|inv|bill number|bill no|"
        "bill id|document number|document no|doc no|reference number"
    ),
    Name.CUSTOMER_NUMBER: (
        "customer number|customer no|customer num|customer id|cust number|cust no|cust num|cust id|account number|"
        "account no|account num|account id|account|acct number|acct no|acct|customer acct|customer account|cust"
    ),
    Name.CUSTOMER_NAME: "customer name|cust name|name|bill to|bill to name|account name|payer name|customer",
    Name.DESCRIPTION: "description|desc|invoice description|memo|comment|details|detail|item",
    Name.INVOICE_DATE: "invoice date|inv date|bill date|billing date|date|document date|doc date|issue date",
    Name.DUE_DATE: "due date|date due|payment due date|payment due|due on|due by|pay by",
    Name.AMOUNT: (
        "amount|invoice amount|inv amount|inv amt|original amount|orig amount|amount billed|billed amount|"
        "bill amount|total amount|invoice total|total|charge|charges|amt"
    ),
    Name.BALANCE: (
        "balance|balance due|bal due|amount due|open balance|open amount|invoice balance|current balance|"
        "outstanding|outstanding balance|remaining balance|unpaid|unpaid balance|amount owed|net due|bal"
    ),
    Name.STATUS: "status|invoice status|state|open closed|paid status",
    Name.KIND: "type|invoice type|transaction type|trans type|tran type|document type|doc type|kind|record type",
}
_FIELD_OF: Final = {text: name for name, texts in _HEADERS.items() for text in texts.split("|")}
_ORDER: Final = {text: at for texts in _HEADERS.values() for at, text in enumerate(texts.split("|"))}
_REQUIRED: Final = frozenset({Name.INVOICE_NUMBER, Name.CUSTOMER_NUMBER})
_GAP: Final = re.compile(r" {2,}")


@dataclass(slots=True)
class Guess:
    """What was found: ``columns`` may lack what a layout needs, so that a person can complete it."""

    format: Format
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None
    header_line: int = 0
    columns: dict[Name, Column] = field(default_factory=dict)
    positions: list[int] = field(default_factory=list)
    """In which cell of the sample each of the columns stands."""
    others: dict[str, tuple[int, int]] = field(default_factory=dict)
    date_format: str = DATE_FORMATS[0]
    sample: list[list[str]] = field(default_factory=list)
    """The cells of some rows below the header."""

    @property
    def complete(self) -> bool:
        """Whether it is a layout already."""
        return self.columns.keys() >= _REQUIRED and bool({Name.AMOUNT, Name.BALANCE} & self.columns.keys())

    def values(self) -> dict[str, object]:
        """As a layout's values."""
        found: dict[str, object] = {"format": self.format.value}
        if self.format is not Format.WORKBOOK:
            found["encoding"] = self.encoding
        if self.format is Format.DELIMITED:
            found["delimiter"] = self.delimiter
        if self.sheet is not None:
            found["sheet"] = self.sheet
        columns = {name.value: _plain_value(column) for name, column in self.columns.items()}
        others = {name: list(span) for name, span in self.others.items()}
        found |= {"headerLine": self.header_line, "columns": columns, "dateFormat": self.date_format}
        return found | ({"others": others} if others else {})

    def layout(self) -> Layout:
        """The layout, where the guess is complete."""
        return Layout.model_validate(self.values())


def _plain_value(column: Column) -> object:
    return list(column) if isinstance(column, tuple) else column


def guess(source: Source, sheet: str | None, progress: Progress) -> Guess:
    """The likeliest layout of a file."""
    if source.is_workbook:
        cells = source.first_of_sheet(SAMPLE, sheet, progress)
        return _of_cells(cells, Guess(Format.WORKBOOK, sheet=sheet))
    lines = source.first_lines(SAMPLE)
    delimited = [
        _of_cells(source.first_cells(SAMPLE, each), Guess(Format.DELIMITED, source.encoding, each))
        for each in _DELIMITERS
        if sum(each in line for line in lines) * 2 >= len(lines)
    ]
    fixed = _of_fixed(lines, Guess(Format.FIXED_WIDTH, source.encoding))
    # Of two that know as many fields the first wins, so separated cells come before characters.
    return max([*delimited, fixed], key=lambda each: len(each.columns), default=fixed)


def _of_cells(cells: list[list[str]], found: Guess) -> Guess:
    found.header_line = _header_line(cells)
    header = cells[found.header_line - 1] if found.header_line else []
    width = len(header) or Counter(len(row) for row in cells).most_common(1)[0][0] if cells else 0
    found.sample = [row for row in cells[found.header_line :] if len(row) in {width, len(header)} and any(row)]
    named = fields_of(header)
    found.positions = list(named.values())
    spelled = [plain(cell) for cell in header]
    for name, at in named.items():
        # A header's text survives a new column before it; a number is for texts that occur twice.
        found.columns[name] = header[at] if spelled.count(spelled[at]) == 1 else at + 1
    found.date_format = date_format([[row[at] for at in _dated(named) if at < len(row)] for row in found.sample])
    return found


def _of_fixed(lines: list[str], found: Guess) -> Guess:
    found.header_line = _header_line([_GAP.split(line.strip()) for line in lines])
    if not found.header_line:
        found.sample = [[line] for line in lines]
        return found
    below = [line for line in lines[found.header_line :] if any(letter.isdigit() for letter in line)]
    spans = _spans(lines[found.header_line - 1], below)
    header = [lines[found.header_line - 1][first - 1 : last].strip() for first, last in spans]
    named = fields_of(header)
    found.positions = list(named.values())
    found.columns = {name: spans[at] for name, at in named.items()}
    rest = [at for at in range(len(spans)) if at not in named.values()]
    found.others = {header[at] or f"characters {spans[at][0]}-{spans[at][1]}": spans[at] for at in rest}
    found.sample = [[line[first - 1 : last].strip() for first, last in spans] for line in below]
    found.date_format = date_format([[row[at] for at in _dated(named)] for row in found.sample])
    return found


def _spans(header: str, below: Sequence[str]) -> list[tuple[int, int]]:
    """Fields lie between columns of characters that are blank in the header and in most lines below it.

    A line that does not keep to the columns, such as a total, must not hide them: one in twenty is passed over.
    """
    width = max([len(header), *(len(line) for line in below)])
    blank = [_is_blank(at, header, below) for at in range(width)]
    starts = [at for at in range(width) if not blank[at] and (at == 0 or blank[at - 1])]
    return [(first + 1, following) for first, following in zip(starts, [*starts[1:], width], strict=True)]


def _is_blank(at: int, header: str, below: Sequence[str]) -> bool:
    if header[at : at + 1].strip():
        return False
    written = sum(1 for line in below if line[at : at + 1].strip())
    return written * 20 <= len(below)


def _header_line(rows: Sequence[Sequence[str]]) -> int:
    """Of the first rows the one that names the most fields, counted from 1; 0 where none names three."""
    best, most = 0, 2
    for number, row in enumerate(rows[:60], start=1):
        named = len(fields_of(row))
        if named > most:
            best, most = number, named
    return best


def fields_of(header: Sequence[str]) -> dict[Name, int]:
    """Which cell of a header names which field; of two names for one field the more usual counts."""
    best: dict[Name, tuple[int, int]] = {}
    for at, cell in enumerate(header):
        text = _words(cell)
        name = _FIELD_OF.get(text)
        if name is not None and (name not in best or _ORDER[text] < best[name][0]):
            best[name] = (_ORDER[text], at)
    named = {name: at for name, (_, at) in best.items()}
    return dict(sorted(named.items(), key=lambda each: each[1]))


def _words(header: str) -> str:
    """``Cust_No.`` and ``CustNo`` as ``cust no``."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).replace("#", " no ")
    return " ".join(re.findall(r"[a-z0-9]+", apart.casefold()))


def _dated(named: dict[Name, int]) -> list[int]:
    return [named[name] for name in _DATED if name in named]


def date_format(cells: Sequence[Sequence[str]]) -> str:
    """The format that most of these dates are in."""
    texts = [text for row in cells for text in row if text]
    read = {each: sum(day_in(text, each) is not None for text in texts) for each in DATE_FORMATS}
    return max(read, key=lambda each: read[each])
