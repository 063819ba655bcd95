"""Amounts and dates as exports spell them."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from shared.vocabulary.money import MOST_CENTS

_NUMBER: Final = re.compile(r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.(?P<cents>[0-9]{1,2})0*)?", re.ASCII)
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2100
DATE_FORMATS: Final = (
    "%m/%d/%Y",
    "%Y-%m-%d",
    "%m/%d/%y",
    "%m-%d-%Y",
    "%Y%m%d",
    "%Y/%m/%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%m%d%Y",
    "%m%d%y",
    "%m.%d.%Y",
)
"""The likeliest first: a guess takes the first that fits best. A day before its month is never guessed."""


@lru_cache(maxsize=4096)
def read_cents(text: str, most: int = MOST_CENTS) -> int | None:
    """Cents of ``$1,250.40``, ``125.40-``, ``(125.40)`` or ``125.40CR`` (the last three negative); None: no amount."""
    bare = text.strip().replace("$", "").replace(" ", "").upper()
    bare, negative = _unsigned(bare)
    match = _NUMBER.fullmatch(bare)
    if match is None or not (match["whole"] or match["cents"]):
        return None
    cents = int(match["whole"].replace(",", "") or "0") * 100 + int((match["cents"] or "").ljust(2, "0"))
    if cents > most:
        return None
    return -cents if negative else cents


def _unsigned(bare: str) -> tuple[str, bool]:
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1], True
    for mark in ("-", "CR"):
        if bare.endswith(mark):
            return bare.removesuffix(mark), True
    if bare.startswith("-"):
        return bare[1:], True
    return bare.removesuffix("DR"), False


def read_day(text: str, date_format: str) -> date | None:
    """The day that a text means in this format, or in ISO's, which no other is mistaken for; None: no day."""
    return day_in(text, date_format) or day_in(text, "%Y-%m-%d")


@lru_cache(maxsize=8192)
def day_in(text: str, date_format: str) -> date | None:
    """The day that a text means in this format alone."""
    try:
        day = datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a calendar day has no time zone
    except ValueError:
        return None
    return day if _EARLIEST_YEAR <= day.year <= _LATEST_YEAR else None
