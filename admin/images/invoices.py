"""Which invoices a delivery of images is for: the biller's export, or the open items that a check of it wrote."""

from collections.abc import Iterator
from typing import Final

from admin.errors import WrongUse
from admin.invoices import layout as layouts
from admin.invoices.guess import guess
from admin.invoices.judge import Judge, Part
from admin.invoices.layout import Format, Layout, Name
from admin.invoices.source import Progress, Source

MOST: Final = 500_000


def expected(source: Source, layout: Layout, progress: Progress) -> dict[str, str]:
    """Customer numbers by invoice number, in lower case, of the open items.

    Raises:
        WrongUse: there are none, or more than can be compared at once.
    """
    found: dict[str, str] = {}
    with source.table(layout, progress) as table:
        judge = Judge(table, layout)
        for row in table.rows:
            number = table.get(row, Name.INVOICE_NUMBER)
            closed = judge.not_open(row)
            if number and judge.part(row) is Part.BILL and not judge.is_broken(row) and not closed:
                found[number.casefold()] = table.get(row, Name.CUSTOMER_NUMBER)
            if len(found) > MOST:
                raise WrongUse(f"{source.path.name} has more than {MOST} invoices: compare them in several parts.")
    if not found:
        raise WrongUse(f"{source.path.name} has no open items to compare the images with.")
    return found


def layout_of(source: Source, kept: object, progress: Progress) -> Layout:
    """As kept with the biller, for its export or for what a check wrote of it; otherwise as the header says.

    Raises:
        WrongUse: neither fits.
    """
    for candidate in _candidates(kept):
        try:
            with source.table(candidate, progress):
                return candidate
        except WrongUse:
            continue
    guessed = guess(source, None, progress)
    if not guessed.complete:
        raise WrongUse(f"The columns of {source.path.name} cannot be told by a header: give its layout with --layout.")
    return guessed.layout()


def _candidates(kept: object) -> Iterator[Layout]:
    if kept:
        layout = layouts.of_values(kept, "The layout kept with the biller")
        yield layout
        yield _as_written(layout)


def _as_written(layout: Layout) -> Layout:
    """The layout of the open items that a check writes: the export's columns, as CSV."""
    named = {name: column if isinstance(column, str) else name.value for name, column in layout.columns.items()}
    if layout.header_line and layout.format is not Format.FIXED_WIDTH:
        named = dict(layout.columns)  # type: ignore[arg-type]  # no column of these is a span of characters
    return Layout(format=Format.DELIMITED, columns=named, date_format=layout.date_format)
