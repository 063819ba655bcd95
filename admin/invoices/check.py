"""Check one export: survey it, ask Caselle, then judge line by line. Each pass holds one row in memory."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from admin.invoices import balances
from admin.invoices.balances import Balances, Compared
from admin.invoices.faults import ADVICE, NOT_OPEN, Fault, Finding
from admin.invoices.index import Index
from admin.invoices.judge import Judge, Part, Stated
from admin.invoices.layout import Format, Layout, Name
from admin.invoices.rows import Row
from admin.invoices.source import Source, Table
from admin.output_folder import OutputFolder
from admin.spreadsheets import safe_row
from shared.vocabulary.money import Money

CLEANED: Final = "open-items.csv"
REJECTED: Final = "rejected-lines.csv"
_EXAMPLES: Final = 5

type Progress = Callable[[str, float], None]
"""Told what is being done, and the part of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Whom to ask about balances, and about how many customers; None: about all."""

    balances: Balances
    most: int | None


@dataclass(slots=True)
class Tally:
    """How often a fault was found, and on which lines first."""

    lines: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, detail: str) -> None:
        """One more; ``line`` 0 is the file itself."""
        self.lines += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append((line, detail))


@dataclass(slots=True)
class Checked:
    """What one check found. Amounts in cents."""

    layout: Layout
    lines: int = 0
    """Bills, good and bad; blank lines, headers and totals are none."""
    owed: int = 0
    """By all lines whose amount can be read."""
    without_amount: int = 0
    open_items: int = 0
    open_cents: int = 0
    stated: Stated = field(default_factory=Stated)
    compared: Compared | None = None
    faults: dict[Fault, Tally] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def open_items_only(self) -> bool:
        """Whether the form definition left out everything that is no open item."""
        return self.open_items > 0 and not NOT_OPEN & self.faults.keys()

    @property
    def in_order(self) -> bool:
        """Whether the file can be imported as it is."""
        return not self.faults

    def add(self, finding: Finding, line: int) -> None:
        """Count one fault."""
        self.faults.setdefault(finding.fault, Tally()).add(line, finding.detail)


@dataclass(slots=True)
class _Survey:
    """What only the whole file shows."""

    zeros: Counter[int] = field(default_factory=Counter)
    """Lengths of customer numbers that begin with zero."""
    lengths: Counter[int] = field(default_factory=Counter)
    """Lengths of customer numbers that are all digits."""
    stated: Stated = field(default_factory=Stated)

    def digits(self) -> int | None:
        """The length that the city's customer numbers are filled up to with zeros, where the file shows one."""
        if len(self.zeros) != 1:
            return None
        (length,) = self.zeros
        return length if length == max(self.lengths) else None


async def check(
    source: Source, layout: Layout, out: OutputFolder, progress: Progress, *, stated: Stated, ask: Ask | None
) -> Checked:
    """Check the file, write its open items and its rejected lines into ``out``.

    Args:
        source: the file.
        layout: where its fields stand.
        out: where ``open-items.csv`` and ``rejected-lines.csv`` go.
        progress: told how far it is.
        stated: the control total that came with the file, rather than in it.
        ask: where Caselle is asked for balances.

    Raises:
        WrongUse: the layout does not fit the file.
    """
    scratch = source.scratch / "index.sqlite"
    with Index(scratch) as index:
        survey = _surveyed(source, layout, index, ask, progress)
        digits = layout.customer_digits or survey.digits()
        checked = Checked(layout.model_copy(update={"customer_digits": digits}))
        checked.stated = Stated(
            survey.stated.cents if stated.cents is None else stated.cents,
            survey.stated.count if stated.count is None else stated.count,
        )
        if ask:
            told: Callable[[float], None] = lambda part: progress("Asking Caselle", part)  # noqa: E731
            checked.compared = await balances.ask(ask.balances, index, ask.most, told)
        _judged(source, checked, index, out, progress)
    _weigh_totals(checked)
    _remark_on_numbers(checked, survey)
    return checked


def _surveyed(source: Source, layout: Layout, index: Index, ask: Ask | None, progress: Progress) -> _Survey:
    survey = _Survey()
    with source.table(layout, lambda part: progress("Reading", part)) as table:
        judge = Judge(table, layout, index)
        for row in table.rows:
            match judge.part(row):
                case Part.TOTAL:
                    survey.stated = judge.stated(row)
                case Part.BILL if not judge.is_broken(row):
                    _survey_bill(row, judge, index, survey, asks=ask is not None)
    return survey


def _survey_bill(row: Row, judge: Judge, index: Index, survey: _Survey, *, asks: bool) -> None:
    number, customer = (judge.table.get(row, name) for name in (Name.INVOICE_NUMBER, Name.CUSTOMER_NUMBER))
    closed = judge.not_open(row)
    if number and not (closed and closed.fault is Fault.BALANCE_FORWARD):
        index.saw(number, row.line, row.cells)
    if customer.isdigit():
        survey.lengths[len(customer)] += 1
        if customer.startswith("0"):
            survey.zeros[len(customer)] += 1
    if asks and customer and not judge.by_itself(row):
        index.saw_customer(customer)


def _judged(source: Source, checked: Checked, index: Index, out: OutputFolder, progress: Progress) -> None:
    layout = checked.layout
    with (
        source.table(layout, lambda part: progress("Checking", part)) as table,
        _writers(out, table) as (cleaned, rejected),
    ):
        judge = Judge(table, layout, index, layout.customer_digits)
        for row in table.rows:
            if judge.part(row) is not Part.BILL:
                continue
            owed, findings = judge.owed(row), judge.findings(row)
            checked.lines += 1
            checked.owed += owed or 0
            checked.without_amount += owed is None
            if findings:
                for finding in findings:
                    checked.add(finding, row.line)
                rejected.writerow(safe_row(_rejected(row, findings, layout)))
            else:
                checked.open_items += 1
                checked.open_cents += owed or 0
                cleaned.writerow(safe_row(row.cells[: len(table.header)]))


@contextmanager
def _writers(out: OutputFolder, table: Table) -> Iterator[tuple[Any, Any]]:
    with out.text(CLEANED) as cleaned, out.text(REJECTED) as rejected:
        good, bad = csv.writer(cleaned), csv.writer(rejected)
        good.writerow(safe_row(table.header))
        bad.writerow(safe_row(["line", "what is wrong", "how to mend it", *table.header]))
        yield good, bad


def _rejected(row: Row, findings: list[Finding], layout: Layout) -> list[str]:
    wrong = "; ".join(str(finding) for finding in findings)
    mend = " ".join(dict.fromkeys(ADVICE[finding.fault].mend for finding in findings))
    cells = [row.text] if row.unclosed and layout.format is Format.DELIMITED else row.cells
    return [str(row.line), wrong, mend, *cells]


def _weigh_totals(checked: Checked) -> None:
    """Against the control total; where a line's amount cannot be read, a difference proves nothing."""
    stated = checked.stated
    if sum(checked.faults[each].lines for each in NOT_OPEN & checked.faults.keys()) == checked.lines:
        checked.add(Finding(Fault.NOTHING_OPEN), 0)
    if stated.count is not None and stated.count != checked.lines:
        checked.add(Finding(Fault.CONTROL_COUNT, f"{stated.count} stated, {checked.lines} in the file"), 0)
    if stated.cents is None:
        checked.remarks.append("The file has no control total to add its lines up to.")
    elif stated.cents != checked.owed:
        difference = f"{Money(stated.cents)} stated, {Money(checked.owed)} in the file"
        if checked.without_amount:
            unread = f"{checked.without_amount} lines have no amount that can be read"
            checked.remarks.append(f"The control total cannot be compared ({difference}): {unread}.")
        else:
            checked.add(Finding(Fault.CONTROL_AMOUNT, difference), 0)


def _remark_on_numbers(checked: Checked, survey: _Survey) -> None:
    if checked.layout.customer_digits is None and len(survey.lengths) > 1:
        checked.remarks.append(
            f"Customer numbers have {min(survey.lengths)} to {max(survey.lengths)} digits, and the file does not show "
            "whether they have leading zeros in Caselle. If they have, put customerDigits into the layout."
        )
    compared = checked.compared
    if compared and compared.answered < compared.asked:
        checked.remarks.append(
            f"Caselle answered about {compared.answered} of {compared.asked} customers ({compared.trouble})."
        )
