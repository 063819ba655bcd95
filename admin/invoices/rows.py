"""Rows of a text file, one after another: memory holds a few lines, whatever the file's size."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from admin.errors import WrongUse

MOST_CHARACTERS: Final = 64 * 1024
"""Of one line; a longer one means that the file is something else."""
MOST_LINES: Final = 50
"""Of one row: a longer run of lines is a quotation mark that is never closed."""
_BLANK: Final = " \t\r\n\xa0\ufeff"


@dataclass(slots=True)
class Row:
    """One row: where it begins (lines count from 1), its cells, and its text as it stands in the file."""

    line: int
    cells: list[str]
    text: str
    unclosed: bool = False
    """Whether it holds a quotation mark that is never closed."""


class Lines:
    """Lines of an open file, with their numbers; a line can be put back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._back: deque[str] = deque()
        self.number = 0

    def next(self) -> str | None:
        """The next line with its end, or None at the end of the file.

        Raises:
            WrongUse: a line is far too long.
        """
        line = self._back.popleft() if self._back else self._file.readline(MOST_CHARACTERS + 1)
        if not line:
            return None
        self.number += 1
        if len(line) > MOST_CHARACTERS:
            raise WrongUse(f"Line {self.number} is longer than {MOST_CHARACTERS} characters: this is no list of bills.")
        return line

    def put_back(self, lines: Iterable[str]) -> None:
        """Have these lines come again, in their order."""
        again = list(lines)
        self._back.extendleft(reversed(again))
        self.number -= len(again)


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text; bytes that are no letters become U+FFFD, which the checks report."""
    return path.open(encoding=encoding, errors="replace", newline="")


def delimited(file: TextIO, delimiter: str, width: int = 0) -> Iterator[Row]:
    """Rows of separated cells; a quoted cell may run over several lines.

    Where a quotation mark is never closed, its line alone is broken, and the lines after it are read by themselves.
    ``width``: how many cells a row has, 0 where that is not known yet; it tells such a mark from a long cell.
    """
    lines = Lines(file)
    while (first := lines.next()) is not None:
        start, taken = lines.number, [first]
        try:
            cells = next(csv.reader(_more(lines, taken), delimiter=delimiter, strict=True), [])
        except csv.Error:
            cells = None
        if cells is None or (len(taken) > 1 and width and len(cells) != width):
            lines.put_back(taken[1:])
            yield Row(start, [], _plain(first), unclosed=True)
        else:
            yield Row(start, [cell.strip(_BLANK) for cell in cells], _plain("".join(taken)))


def _more(lines: Lines, taken: list[str]) -> Iterator[str]:
    """What has been taken, then as many lines as an open quotation mark asks for; running out is csv's error."""
    yield taken[0].replace("\f", "")
    while len(taken) < MOST_LINES and (line := lines.next()) is not None:
        taken.append(line)
        yield line


def _plain(text: str) -> str:
    return text.rstrip("\r\n").replace("\f", "")


def fixed_width(file: TextIO, spans: Iterable[tuple[int, int]]) -> Iterator[Row]:
    """Rows whose cells stand at the same characters in each line, counted from 1."""
    slices = [slice(first - 1, last) for first, last in spans]
    lines = Lines(file)
    while (line := lines.next()) is not None:
        text = _plain(line)
        yield Row(lines.number, [text[each].strip(_BLANK) for each in slices], text)


def watched(rows: Iterator[Row], progress: Callable[[], None], every: int = 2000) -> Iterator[Row]:
    """The same rows; every so many of them ``progress`` is called."""
    for count, row in enumerate(rows):
        if count % every == 0:
            progress()
        yield row
