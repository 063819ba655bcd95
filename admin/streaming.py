"""Lists of any length: written row by row as they come, so that memory does not grow with their length."""

import csv
import json
import sys
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

from admin import output
from admin.options import options
from shared.exchange.spreadsheet import plain

_GAP: Final = "  "
_EVERY: Final = 100
"""Rows between two moves of the progress bar."""

type Row = Mapping[str, Any]
type Widths = Mapping[str, int]
"""Columns by field name, in order, with their widths in a terminal; text that is longer moves the rest of its line."""


class Form(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class _Writer(Protocol):
    def begin(self) -> None: ...
    def row(self, row: Row) -> None: ...
    def end(self) -> None: ...


async def stream(found: AsyncIterator[Row], columns: Widths, form: Form = Form.TABLE) -> int:
    """Write every row to standard output; how many it were.

    Where the list goes into a file or a pipe, a bar on standard error shows that it goes on.
    """
    writer = _writer(columns, Form.JSON if options().as_json else form)
    count = 0
    with output.progress() as progress:
        progress.disable = progress.disable or sys.stdout.isatty()
        task = progress.add_task("reading", total=None)
        writer.begin()
        async for row in found:
            writer.row(row)
            count += 1
            if count % _EVERY == 0:
                progress.update(task, description=f"{count} read")
        writer.end()
    return count


def _writer(columns: Widths, form: Form) -> _Writer:
    match form:
        case Form.TABLE:
            return _Lines(columns)
        case Form.CSV:
            return _Csv(columns)
        case Form.JSON:
            return _Json()


class _Lines:
    def __init__(self, columns: Widths) -> None:
        self._columns = columns

    def begin(self) -> None:
        self._write({name: output.heading(name) for name in self._columns})

    def row(self, row: Row) -> None:
        self._write({name: output.cell(row[name]).replace("\n", " ") for name in self._columns})

    def end(self) -> None:
        """Nothing follows the last line."""

    def _write(self, texts: Mapping[str, str]) -> None:
        cells = (texts[name].ljust(width) for name, width in self._columns.items())
        sys.stdout.write(_GAP.join(cells).rstrip() + "\n")


class _Csv:
    def __init__(self, columns: Widths) -> None:
        self._columns = list(columns)
        self._csv = csv.writer(sys.stdout, lineterminator="\n")

    def begin(self) -> None:
        self._csv.writerow(self._columns)

    def row(self, row: Row) -> None:
        self._csv.writerow([plain(output.cell(row[name])) for name in self._columns])

    def end(self) -> None:
        """Nothing follows the last line."""


class _Json:
    def __init__(self) -> None:
        self._first = True

    def begin(self) -> None:
        sys.stdout.write("[")

    def row(self, row: Row) -> None:
        sys.stdout.write("\n " if self._first else ",\n ")
        self._first = False
        sys.stdout.write(json.dumps(dict(row), default=str, ensure_ascii=False))

    def end(self) -> None:
        sys.stdout.write("\n]\n")
