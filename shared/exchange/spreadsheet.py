"""Text that people open in a spreadsheet."""

from typing import Final

_FORMULA: Final = frozenset("=+-@\t\r")


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula; an amount below zero is none."""
    formula = text[:1] in _FORMULA and not (text[0] == "-" and text[1:2].isdigit())
    return f"'{text}" if formula else text
