"""One export, opened: which kind of file it is, its first rows for a guess, and all its rows by a layout."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final, TextIO

from admin.errors import WrongUse
from admin.invoices import encoding, rows, workbook
from admin.invoices.layout import Format, Layout, Name
from admin.invoices.rows import Row

_REFUSED: Final = (
    (b"\xd0\xcf\x11\xe0", "is an old or password-protected Excel file: save it as .xlsx without a password, or as CSV"),
    (b"%PDF", "is a PDF: export the list as CSV, text or Excel"),
    (b"\x1f\x8b", "is compressed: unpack it first"),
)
_WORKBOOK: Final = b"PK\x03\x04"
_FIGURES: Final = re.compile(r"[0-9]+")

type Progress = Callable[[float], None]
"""Told the part that is done, 0 to 1."""


@dataclass(slots=True)
class Source:
    """A file of bills; what must be kept for a while goes into ``scratch``."""

    path: Path
    scratch: Path
    is_workbook: bool = False
    encoding: str = "utf-8"
    sheet: str | None = None
    _copied: dict[str | None, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, scratch: Path) -> "Source":
        """Look at a file's first bytes.

        Raises:
            WrongUse: it cannot be read, or is no list of bills in a form that is known.
        """
        try:
            with path.open("rb") as file:
                head = file.read(8)
        except OSError as error:
            raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
        if not head:
            raise WrongUse(f"{path.name} is empty.")
        for mark, reason in _REFUSED:
            if head.startswith(mark):
                raise WrongUse(f"{path.name} {reason}.")
        if head.startswith(_WORKBOOK):
            return cls(path, scratch, is_workbook=True)
        return cls(path, scratch, encoding=encoding.detect(path))

    def first_lines(self, count: int) -> list[str]:
        """The first lines of a text file."""
        with rows.open_text(self.path, self.encoding) as file:
            lines = rows.Lines(file)
            found = [line for _ in range(count) if (line := lines.next()) is not None]
        return [line.rstrip("\r\n").replace("\f", "").replace("\ufeff", "") for line in found]

    def first_cells(self, count: int, delimiter: str) -> list[list[str]]:
        """The first rows of separated cells."""
        with rows.open_text(self.path, self.encoding) as file:
            return [row.cells for row in islice(rows.delimited(file, delimiter), count)]

    def first_of_sheet(self, count: int, sheet: str | None, progress: Progress) -> list[list[str]]:
        """The first rows of a workbook's sheet."""
        with self._copy(sheet, progress).open(encoding="utf-8", newline="") as file:
            return [row.cells for row in islice(workbook.rows(file), count)]

    @contextmanager
    def table(self, layout: Layout, progress: Progress) -> Iterator["Table"]:
        """The file by a layout.

        Raises:
            WrongUse: the layout does not fit it.
        """
        if (layout.format is Format.WORKBOOK) != self.is_workbook:
            raise WrongUse(f"{self.path.name} does not fit the layout, which is for {layout.format.value} files.")
        with self._open(layout, progress) as file:
            size = (
                self.path.stat().st_size if not self.is_workbook else self._copy(layout.sheet, progress).stat().st_size
            )
            found = self._rows(file, layout)
            yield _table(rows.watched(found, lambda: progress(file.buffer.tell() / max(size, 1))), layout)

    def _open(self, layout: Layout, progress: Progress) -> TextIO:
        if self.is_workbook:
            return self._copy(layout.sheet, progress).open(encoding="utf-8", newline="")
        return rows.open_text(self.path, layout.encoding)

    def _rows(self, file: TextIO, layout: Layout) -> Iterator[Row]:
        match layout.format:
            case Format.WORKBOOK:
                return workbook.rows(file)
            case Format.FIXED_WIDTH:
                return rows.fixed_width(file, layout.spans().values())
            case Format.DELIMITED:
                return rows.delimited(file, layout.delimiter, self._width(layout))

    def _width(self, layout: Layout) -> int:
        first = self.first_cells(layout.header_line or 1, layout.delimiter)
        return len(first[-1]) if first else 0

    def _copy(self, sheet: str | None, progress: Progress) -> Path:
        if sheet not in self._copied:
            target = self.scratch / f"sheet-{len(self._copied)}.csv"
            self.sheet = workbook.copy(self.path, sheet, target, lambda: progress(0))
            self._copied[sheet] = self._copied[self.sheet] = target
        return self._copied[sheet]


@dataclass(slots=True)
class Table:
    """Rows below the header. ``positions`` says in which cell a field stands."""

    header: list[str]
    """The names of the cells, for what is written."""
    positions: dict[Name, int]
    rows: Iterator[Row]
    above: frozenset[str] = frozenset()
    """The lines down to the header, without figures: reports print them again on each page."""

    def get(self, row: Row, name: Name) -> str:
        """A field of a row; empty where the layout or the row has none."""
        position = self.positions.get(name)
        return row.cells[position] if position is not None and position < len(row.cells) else ""


def _table(found: Iterator[Row], layout: Layout) -> Table:
    above = list(_down_to(found, layout.header_line))
    if layout.header_line and (not above or above[-1].line < layout.header_line):
        raise WrongUse("The file ends before the line that the layout says is its header.")
    titles = frozenset(without_figures(row.text) for row in above if row.text.strip())
    if layout.format is Format.FIXED_WIDTH:
        header = list(layout.spans())
        return Table(header, {name: header.index(name) for name in layout.columns}, found, titles)
    if layout.header_line:
        return Table(above[-1].cells, _positions(layout, above[-1].cells), found, titles)
    first = next(found)
    positions = _positions(layout, first.cells)
    names = {position: name.value for name, position in positions.items()}
    header = [names.get(at, f"column {at + 1}") for at in range(len(first.cells))]
    return Table(header, positions, chain([first], found), titles)


def _down_to(found: Iterator[Row], line: int) -> Iterator[Row]:
    """The rows down to a line, and no row below it."""
    if line:
        for row in found:
            yield row
            if row.line >= line:
                return


def without_figures(text: str) -> str:
    """A title's text whatever its page number or date."""
    return _FIGURES.sub("0", " ".join(text.split()))


def _positions(layout: Layout, header: list[str]) -> dict[Name, int]:
    spelled = [plain(cell) for cell in header]
    positions = {}
    for name, column in layout.columns.items():
        if isinstance(column, str):
            if spelled.count(plain(column)) != 1:
                raise WrongUse(f"The header has not one column {column!r} for {name}; it has: {', '.join(header)}.")
            positions[name] = spelled.index(plain(column))
        elif isinstance(column, int) and column <= len(header):
            positions[name] = column - 1
        else:
            raise WrongUse(f"The file has {len(header)} columns; {name} would be column {column}.")
    return positions


def plain(header: str) -> str:
    """A header's text, whatever its spaces and letter case."""
    return " ".join(header.split()).casefold()
