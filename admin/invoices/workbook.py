"""Excel workbooks: one sheet's rows, copied to a scratch file of text, so that a long one is read once."""

import csv
import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from admin import archives
from admin.archives import Limits
from admin.errors import WrongUse
from admin.invoices.rows import Row

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MIB: Final = 1024 * 1024
LIMITS: Final = Limits(entries=2000, entry=2048 * _MIB, whole=3072 * _MIB, directory=_MIB)
MOST_SHARED_TEXT: Final = 48 * _MIB
"""Texts that cells share are held in memory by any reader, at several times their size."""
_ZEROS: Final = re.compile(r"0{2,20}", re.ASCII)
_DECIMALS: Final = 6
_MOST_COLUMNS: Final = 200


def copy(path: Path, sheet: str | None, target: Path, progress: Callable[[], None]) -> str:
    """Write the sheet's rows to ``target``, each after its row number; answers with the sheet's name.

    Raises:
        WrongUse: no workbook, no such sheet, or one that memory cannot hold.
    """
    import openpyxl  # noqa: PLC0415 - only workbooks need it

    _refuse_what_memory_cannot_hold(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parsers raise
        raise WrongUse(f"{path.name} is no workbook that can be read ({type(error).__name__}).") from None
    try:
        chosen = _sheet(book.worksheets, sheet)
        chosen.reset_dimensions()
        _write(chosen, target, progress)
    finally:
        book.close()
    return str(chosen.title)


def rows(file: TextIO) -> Iterator[Row]:
    """What ``copy`` wrote."""
    for number, *cells in csv.reader(file):
        yield Row(int(number), cells, " ".join(filter(None, cells)))


def _refuse_what_memory_cannot_hold(path: Path) -> None:
    with archives.opened(path, LIMITS) as archive:
        for entry in archive.infolist():
            if archives.encrypted(entry):
                raise WrongUse(f"{path.name} needs a password: save it without one.")
            if _held_in_memory(entry) and entry.file_size > MOST_SHARED_TEXT:
                raise WrongUse(f"{path.name} is too large for a workbook: save the sheet as CSV and check that.")


def _held_in_memory(entry: zipfile.ZipInfo) -> bool:
    return "sharedstrings" in entry.filename.lower() or "styles" in entry.filename.lower()


def _sheet(sheets: list[Any], name: str | None) -> Any:  # noqa: ANN401 - openpyxl's sheets have no common type
    if not sheets:
        raise WrongUse("The workbook has no sheet.")
    for each in sheets:
        if name in {None, each.title}:
            return each
    raise WrongUse(f"The workbook has no sheet {name!r}; it has {', '.join(each.title for each in sheets)}.")


def _write(sheet: "Worksheet", target: Path, progress: Callable[[], None]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        try:
            for number, cells in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), start=1):
                texts = [_text(cell) for cell in cells]
                while texts and not texts[-1]:
                    texts.pop()
                writer.writerow([number, *texts])
                if number % 2000 == 0:
                    progress()
        except (ValueError, KeyError, IndexError, SyntaxError, zipfile.BadZipFile, TypeError):
            raise WrongUse(f"The workbook's sheet {sheet.title} is damaged.") from None


def _text(cell: Any) -> str:  # noqa: ANN401 - openpyxl has four kinds of cell
    """What the cell says; a number shown with leading zeros keeps them, a date is ISO's."""
    value = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(value, str(cell.number_format or ""))
        case dt.datetime() | dt.date():
            return value.strftime("%Y-%m-%d")
        case _:
            return str(value).strip(" \t\r\n\xa0")


def _number(value: float, number_format: str) -> str:
    if isinstance(value, int) or value.is_integer():
        return str(int(value)).zfill(len(number_format) if _ZEROS.fullmatch(number_format) else 0)
    # A spreadsheet keeps 0.3 as 0.30000000000000004; what a person typed has few decimals.
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
