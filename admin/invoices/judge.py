"""The rules for one line of an export: what it is, and what is wrong with it."""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Final

from admin.invoices.faults import NOT_OPEN, Fault, Finding
from admin.invoices.index import Answer, Index
from admin.invoices.layout import Format, Layout, Name
from admin.invoices.rows import Row
from admin.invoices.source import Table, without_figures
from admin.invoices.values import read_cents, read_day
from shared.vocabulary.money import Money

_TOTAL: Final = re.compile(r"(?:grand |report |file |control )?totals?\b", re.IGNORECASE)
_SUBTOTAL: Final = re.compile(
    r"(?:sub-?\s?total|totals? for|(?:customer|account|page|department) total)", re.IGNORECASE
)
_RULE: Final = re.compile(r"[-=_*\s]*")
_PAID: Final = frozenset({"paid", "paid in full", "closed", "settled"})
_VOIDED: Final = frozenset(
    {"void", "voided", "cancelled", "canceled", "deleted", "reversed", "written off", "write off"}
)
_CREDIT: Final = frozenset(
    {"credit", "credit memo", "cm", "payment", "pmt", "unapplied payment", "unapplied credit", "refund"}
)
_CARRIED: Final = re.compile(
    r"(?:bal(?:ance)?\.?\s*(?:fwd|forward)|(?:previous|prev\.?|prior)\s+bal(?:ance)?|(?:carried|brought)\s+forward)\b",
    re.IGNORECASE,
)
_BY_A_SPREADSHEET: Final = re.compile(
    r"[0-9](?:\.[0-9]+)?E\+[0-9]+|[0-9]+\.0|#.*|[0-9]{1,3}(?:,[0-9]{3})+", re.IGNORECASE
)
_LONGEST_NUMBER: Final = 64
_MOST_TOTAL: Final = 10**15
_AMOUNTS: Final = re.compile(r"\(?-?\$?[0-9][0-9,]*\.[0-9]{2}\)?(?:CR|-)?", re.IGNORECASE)
_COUNT: Final = re.compile(r"(?<![0-9.,/-])[0-9]{1,9}(?![0-9.,/-])")
_DAYS: Final = (Name.INVOICE_DATE, Name.DUE_DATE)
_SHOWN: Final = 40
_ENDS: Final = NOT_OPEN | {Fault.BROKEN_LINE}
"""Faults that leave nothing else to say about a line."""
_LABELS: Final = {
    Name.INVOICE_DATE: "invoice date",
    Name.DUE_DATE: "due date",
    Name.AMOUNT: "amount",
    Name.BALANCE: "balance",
}


class Part(Enum):
    """What a line of an export is."""

    BILL = auto()
    TOTAL = auto()
    OTHER = auto()
    """Blank, a rule, a subtotal, or a title or header printed again."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A control total: cents and number of lines, each where it is given."""

    cents: int | None = None
    count: int | None = None


@dataclass(slots=True)
class Judge:
    """Judges the lines of one table."""

    table: Table
    layout: Layout
    index: Index | None = None
    """What all lines say together; without it a line is judged by itself."""
    customer_digits: int | None = None

    def part(self, row: Row) -> Part:
        """What the line is."""
        if row.unclosed or not self._has_no_day(row):
            return Part.BILL
        text = _words(row, self.layout)
        if _RULE.fullmatch(text) or (self.table.above and without_figures(row.text) in self.table.above):
            return Part.OTHER
        if _SUBTOTAL.match(text):
            return Part.OTHER
        return Part.TOTAL if _TOTAL.match(text) else Part.BILL

    def owed(self, row: Row) -> int | None:
        """Cents that the line says are owed."""
        return None if self.is_broken(row) else read_cents(self.table.get(row, self.layout.owed))

    def stated(self, row: Row) -> Stated:
        """What a line with a total says."""
        text = _words(row, self.layout)
        owed = "" if self.layout.format is Format.FIXED_WIDTH else self.table.get(row, self.layout.owed)
        amounts = [owed] if read_cents(owed, _MOST_TOTAL) is not None else _AMOUNTS.findall(text)
        rest = _AMOUNTS.sub(" ", text.replace(owed, " ", 1) if owed else text)
        count = _COUNT.search(rest)
        return Stated(read_cents(amounts[-1], _MOST_TOTAL) if amounts else None, int(count[0]) if count else None)

    def findings(self, row: Row) -> list[Finding]:
        """Everything that is wrong with a bill; where it is no open item, only that."""
        alone = self.by_itself(row)
        if alone and alone[0].fault in _ENDS:
            return alone
        found = alone + self._lost_zeros(row) + self._repeated(row)
        return found or self._compared(row)

    def by_itself(self, row: Row) -> list[Finding]:
        """The same, as far as the line alone shows it."""
        if self.is_broken(row):
            return [Finding(Fault.BROKEN_LINE, self._cells_found(row))]
        closed = self.not_open(row)
        if closed:
            return [closed]
        found = [Finding(Fault.UNREADABLE_TEXT)] if "\N{REPLACEMENT CHARACTER}" in row.text else []
        return found + self._numbers(row) + self._amounts(row) + self._dates(row)

    def is_broken(self, row: Row) -> bool:
        """Whether its cells are not those of the header."""
        if row.unclosed:
            return True
        width = len(self.table.header)
        match self.layout.format:
            case Format.FIXED_WIDTH:
                end = max(last for _, last in self.layout.spans().values())
                return len(row.text.rstrip()) < self._shortest() or bool(row.text[end:].strip())
            case Format.WORKBOOK:
                return len(row.cells) > width
            case Format.DELIMITED:
                return len(row.cells) < width or any(row.cells[width:])

    def not_open(self, row: Row) -> Finding | None:
        """Why the line is no open item, if it is none."""
        get, owed = self.table.get, self.owed(row)
        status, kind = get(row, Name.STATUS).casefold(), get(row, Name.KIND).casefold()
        if any(_CARRIED.match(get(row, name)) for name in (Name.DESCRIPTION, Name.KIND, Name.INVOICE_NUMBER)):
            return Finding(Fault.BALANCE_FORWARD)
        if status in _VOIDED or kind in _VOIDED:
            return Finding(Fault.VOIDED, f"{status or kind}")
        if kind in _CREDIT or status in _CREDIT:
            return Finding(Fault.CREDIT, kind if kind in _CREDIT else status)
        if (owed or 0) < 0 or (read_cents(get(row, Name.AMOUNT)) or 0) < 0:
            return Finding(Fault.CREDIT, f"{Money(owed)} is owed" if owed is not None else "")
        if status in _PAID or owed == 0:
            return Finding(Fault.PAID, status if status in _PAID else "0.00 is owed")
        return None

    def _has_no_day(self, row: Row) -> bool:
        dated = [name for name in _DAYS if name in self.layout.columns]
        if not dated:
            # Without dates a total is told by what it lacks besides.
            return self.layout.format is Format.FIXED_WIDTH or not self.table.get(row, Name.CUSTOMER_NUMBER)
        return all(self._day(row, name) is None for name in dated)

    def _day(self, row: Row, name: Name) -> date | None:
        return read_day(self.table.get(row, name), self.layout.date_format)

    def _shortest(self) -> int:
        """Characters that a line has at least: blanks at its end may be cut off, so the amount may be missing."""
        starts = [first for first, _ in self.layout.spans().values()]
        owed = self.layout.spans()[self.layout.owed][0]
        return max((start for start in starts if start < owed), default=owed)

    def _cells_found(self, row: Row) -> str:
        if row.unclosed:
            return "a quotation mark is never closed"
        if self.layout.format is Format.FIXED_WIDTH:
            return f"{len(row.text.rstrip())} characters"
        return f"{len(row.cells)} fields, not {len(self.table.header)}"

    def _numbers(self, row: Row) -> list[Finding]:
        found = []
        for name, missing, bad in (
            (Name.INVOICE_NUMBER, Fault.NO_INVOICE_NUMBER, Fault.BAD_INVOICE_NUMBER),
            (Name.CUSTOMER_NUMBER, Fault.NO_CUSTOMER_NUMBER, Fault.BAD_CUSTOMER_NUMBER),
        ):
            text = self.table.get(row, name)
            if not text:
                found.append(Finding(missing))
            elif (
                _BY_A_SPREADSHEET.fullmatch(text)
                or len(text) > _LONGEST_NUMBER
                or not (text.isascii() and text.isprintable())
            ):
                found.append(Finding(bad, shown(text)))
        return found

    def _amounts(self, row: Row) -> list[Finding]:
        found = []
        for name in (Name.AMOUNT, Name.BALANCE):
            text = self.table.get(row, name)
            if (text or name is self.layout.owed) and read_cents(text) is None:
                found.append(Finding(Fault.BAD_AMOUNT, f"{_LABELS[name]} {shown(text)}"))
        return found

    def _dates(self, row: Row) -> list[Finding]:
        days = {name: self._day(row, name) for name in _DAYS if name in self.layout.columns}
        wrong = [name for name, day in days.items() if day is None]
        if wrong:
            return [Finding(Fault.BAD_DATE, f"{_LABELS[name]} {shown(self.table.get(row, name))}") for name in wrong]
        billed, due = days.get(Name.INVOICE_DATE), days.get(Name.DUE_DATE)
        if billed and due and due < billed:
            return [Finding(Fault.DUE_BEFORE_INVOICE, f"billed {billed}, due {due}")]
        return []

    def _lost_zeros(self, row: Row) -> list[Finding]:
        text = self.table.get(row, Name.CUSTOMER_NUMBER)
        if not (self.customer_digits and text.isdigit() and len(text) < self.customer_digits):
            return []
        return [Finding(Fault.LOST_ZEROS, f"{text}, was {text.zfill(self.customer_digits)}")]

    def _repeated(self, row: Row) -> list[Finding]:
        number = self.table.get(row, Name.INVOICE_NUMBER)
        again = self.index.repeated(number) if number and self.index else None
        if again is None or (again.all_equal and again.first_line == row.line):
            return []
        if again.first_line == row.line:
            return [Finding(Fault.DUPLICATE_INVOICE, "another line has the number too")]
        where = "like" if again.all_equal else "the number is first on"
        return [Finding(Fault.DUPLICATE_INVOICE, f"{where} line {again.first_line}")]

    def _compared(self, row: Row) -> list[Finding]:
        """Against what Caselle answered about the customer, where it was asked."""
        customer = self.table.get(row, Name.CUSTOMER_NUMBER)
        match self.index.asked(customer) if self.index else None:
            case Answer.KNOWN:
                return self._weighed(row, customer)
            case Answer.CARRIES_FORWARD:
                return [Finding(Fault.BALANCE_FORWARD, "Caselle carries this customer's balance forward")]
            case Answer.UNKNOWN:
                return [Finding(Fault.CUSTOMER_UNKNOWN, shown(customer))]
            case None:
                return []

    def _weighed(self, row: Row, customer: str) -> list[Finding]:
        invoice = self.table.get(row, Name.INVOICE_NUMBER)
        balance = self.index.balance(customer, invoice) if self.index else None
        if balance is None:
            return [Finding(Fault.INVOICE_UNKNOWN, shown(invoice))]
        return [] if balance == self.owed(row) else [Finding(Fault.OTHER_BALANCE, f"Caselle shows {Money(balance)}")]


def shown(text: str) -> str:
    """A cell's text, fit for a sentence."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{clean[:_SHOWN]}...'" if len(clean) > _SHOWN else f"'{clean}'"


def _words(row: Row, layout: Layout) -> str:
    if layout.format is Format.FIXED_WIDTH:
        return row.text.strip()
    return " ".join(cell for cell in row.cells if cell)
