"""Cells for files that people open in a spreadsheet, where a text such as ``=HYPERLINK(...)`` would be run."""

import re
from collections.abc import Iterable
from typing import Final

_STARTS_A_FORMULA: Final = frozenset(
    "=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
_NUMBER: Final = re.compile(r"-?\$?[0-9][0-9,]*(\.[0-9]+)?", re.ASCII)


def safe(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a formula; plain numbers stay."""
    if cell and cell.lstrip(" ")[:1] in _STARTS_A_FORMULA and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def safe_row(cells: Iterable[object]) -> list[str]:
    """A row of such cells."""
    return [safe(str(cell)) for cell in cells]
