"""Made-up bills, and the faults that are put into some of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from admin.invoices.faults import Fault
from admin.invoices.layout import Name

NAMES = [
    "Ada Byron",
    "Smith, John",
    'Bar "The Anchor"',
    "Total Wine LLC",
    "Credit Union of Newport",
    "Paid Parking Inc",
    "Zoë Müller",
    "=HYPERLINK(A1)",
    "@handle",
    "Void & Sons",
]
"""None of these is a fault."""
DESCRIPTIONS = [
    "Hydrant rental",
    "Credit check fee",
    "Total station rental",
    "Previous owner transfer fee",
    "Balance bike course",
    "Weed abatement 12 ft",
    "+1 hour of inspection",
    "Forwarding charge",
]


@dataclass
class Line:
    """One line of an export: its cells as text, what is wrong with it, and how its text is broken."""

    cells: dict[Name, str]
    customer: str
    cents: int
    faults: set[Fault] = field(default_factory=set)
    broken: str = ""


@dataclass(frozen=True)
class Spelling:
    """How one layout writes amounts and dates."""

    date_format: str = "%m/%d/%Y"
    cents: Callable[[int], str] = lambda cents: f"{cents / 100:.2f}"
    negative: Callable[[str], str] = lambda text: f"-{text}"


def bills(rng: random.Random, count: int, spelling: Spelling) -> list[Line]:
    """Open items in order; the city's customer numbers have six digits."""
    return [_bill(rng, 10_000 + at, spelling, first=at == 0) for at in range(count)]


def _bill(rng: random.Random, number: int, spelling: Spelling, *, first: bool) -> Line:
    customer = "000412" if first else f"{rng.choice([rng.randrange(1, 9999), rng.randrange(1, 999_999)]):06}"
    cents = rng.choice([1, 100, rng.randrange(1, 50_000), rng.randrange(1, 20_000_000)])
    paid = rng.choice([0, rng.randrange(cents)])
    billed = date(2026, 10, 1) + timedelta(days=rng.randrange(60))
    cells = {
        Name.INVOICE_NUMBER: str(number),
        Name.CUSTOMER_NUMBER: customer,
        Name.CUSTOMER_NAME: rng.choice(NAMES),
        Name.DESCRIPTION: rng.choice(DESCRIPTIONS),
        Name.INVOICE_DATE: billed.strftime(spelling.date_format),
        Name.DUE_DATE: (billed + timedelta(days=rng.choice([0, 30]))).strftime(spelling.date_format),
        Name.AMOUNT: spelling.cents(cents),
        Name.BALANCE: spelling.cents(cents - paid),
        Name.STATUS: rng.choice(["Open", "Unpaid", "Partly paid"]),
        Name.KIND: rng.choice(["Invoice", "Charge", "Finance charge"]),
    }
    return Line(cells, customer, cents - paid)


def _paid(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[owed], line.cents = spelling.cents(0), 0
    line.cells[Name.STATUS] = "PAID"


def _credit(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[owed], line.cents = spelling.negative(line.cells[owed]), -line.cents


def _carried(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[Name.DESCRIPTION] = "Balance Forward as of last bill"


def _blank(name: Name) -> Callable[[Line, Name, Spelling], None]:
    def change(line: Line, owed: Name, spelling: Spelling) -> None:
        line.cells[name] = ""

    return change


def _set(name: Name, text: str) -> Callable[[Line, Name, Spelling], None]:
    def change(line: Line, owed: Name, spelling: Spelling) -> None:
        line.cells[name] = text

    return change


def _owed(text: str) -> Callable[[Line, Name, Spelling], None]:
    def change(line: Line, owed: Name, spelling: Spelling) -> None:
        line.cells[owed] = text

    return change


def _zeros(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[Name.CUSTOMER_NUMBER] = str(int("000" + line.customer[3:]) or 7)


def _february(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[Name.DUE_DATE] = date(2026, 2, 28).strftime(spelling.date_format).replace("28", "30")


def _early(line: Line, owed: Name, spelling: Spelling) -> None:
    line.cells[Name.DUE_DATE] = date(2026, 9, 30).strftime(spelling.date_format)


def _break(how: str) -> Callable[[Line, Name, Spelling], None]:
    def change(line: Line, owed: Name, spelling: Spelling) -> None:
        line.broken = how

    return change


FAULTS: list[tuple[Fault, Callable[[Line, Name, Spelling], None]]] = [
    (Fault.PAID, _paid),
    (Fault.CREDIT, _credit),
    (Fault.BALANCE_FORWARD, _carried),
    (Fault.NO_INVOICE_NUMBER, _blank(Name.INVOICE_NUMBER)),
    (Fault.BAD_INVOICE_NUMBER, _set(Name.INVOICE_NUMBER, "1.0E+05")),
    (Fault.NO_CUSTOMER_NUMBER, _blank(Name.CUSTOMER_NUMBER)),
    (Fault.BAD_CUSTOMER_NUMBER, _set(Name.CUSTOMER_NUMBER, "4E+02")),
    (Fault.LOST_ZEROS, _zeros),
    (Fault.BAD_AMOUNT, _owed("12.345")),
    (Fault.BAD_AMOUNT, _owed("n/a")),
    (Fault.BAD_AMOUNT, _owed("")),
    (Fault.BAD_AMOUNT, _owed("99999999")),
    (Fault.BAD_DATE, _february),
    (Fault.BAD_DATE, _blank(Name.DUE_DATE)),
    (Fault.DUE_BEFORE_INVOICE, _early),
    (Fault.UNREADABLE_TEXT, _set(Name.CUSTOMER_NAME, "Zo\N{REPLACEMENT CHARACTER} M")),
]
"""Faults that every layout can have."""

VOIDED = [(Fault.VOIDED, _set(Name.STATUS, "Void"))]
CREDIT_BY_KIND = [(Fault.CREDIT, _set(Name.KIND, "Credit Memo"))]
EXTRA_FIELD = [(Fault.BROKEN_LINE, _break("extra"))]
MISSING_FIELDS = [(Fault.BROKEN_LINE, _break("short"))]
OPEN_QUOTE = [(Fault.BROKEN_LINE, _break("unclosed"))]


def with_faults(
    rng: random.Random, lines: list[Line], faults: list[tuple[Fault, Callable]], owed: Name, spelling: Spelling
) -> list[Line]:
    """Each fault in one line, each in another; repeated lines besides."""
    targets = rng.sample(lines[1:], len(faults) + 2)
    for (fault, change), line in zip(faults, targets, strict=False):
        change(line, owed, spelling)
        line.faults.add(fault)
    return _repeated(rng, lines, targets[-2], targets[-1])


def _repeated(rng: random.Random, lines: list[Line], equal: Line, other: Line) -> list[Line]:
    """One line twice, and one invoice number on two lines that differ."""
    again = Line(dict(equal.cells), equal.customer, equal.cents, {Fault.DUPLICATE_INVOICE})
    differs = Line(dict(other.cells), other.customer, other.cents, {Fault.DUPLICATE_INVOICE})
    differs.cells[Name.CUSTOMER_NAME] = "Somebody Else"
    other.faults.add(Fault.DUPLICATE_INVOICE)
    made = list(lines)
    for original, copy in ((equal, again), (other, differs)):
        made.insert(rng.randrange(made.index(original) + 1, len(made) + 1), copy)
    return made
