"""Finds card numbers in free text, so that none is ever stored here.

A digit run counts when length, issuer prefix and check digit all fit: the check digit alone would refuse a tenth of all
honest 16-digit references.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_LENGTHS = range(13, 20)
_RUN: Final = re.compile(r"[0-9](?:[ .\-]{0,2}[0-9])*")
_GUID: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # as it is mostly written
    r"|\b(?=[0-9]*[a-f])[0-9a-f]{32}\b",  # as tracing writes it
    re.IGNORECASE,
)
_ISSUERS: Final = re.compile(
    r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"  # Visa, Mastercard
    r"|3[47]|6011|64[4-9]|65|30[0-5]|36|3[89]"  # American Express, Discover, Diners Club
    r"|35(?:2[89]|[3-8])|62|5[06-9]|6[013789]"  # JCB, UnionPay, Maestro
)
_FORBIDDEN_NAMES: Final = frozenset({"pan", "cardnumber", "cvv", "cvv2", "cvc", "cvc2", "track", "track1", "track2"})
_REFERENCES: Final = frozenset(
    {"billerid", "paymentid", "confirmationnumber", "customernumber", "invoicenumber", "representspaymentid"}
    | {"rejectid", "reversalid", "changeid", "eventid", "paymentids"}
)
"""Declared references have formats of their own and may be long digit runs."""


def card_field(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """The first field of a decoded JSON value that holds a card number or is made for card data, or None."""
    return next((name for name, text in _texts("", value) if _is_card_field(name, text)), None)


def text_holds_card(text: str) -> bool:
    """Whether free text contains a card number, digits grouped by spaces, dots or dashes."""
    normal = unicodedata.normalize("NFKC", text)
    if len(normal) < _LENGTHS[0]:
        return False
    plain = _GUID.sub(" ", normal)
    return any(_run_holds_card(run.group()) for run in _RUN.finditer(plain))


def _is_card_field(name: str, text: str) -> bool:
    plain = name.casefold().replace("_", "")
    return plain in _FORBIDDEN_NAMES or (plain not in _REFERENCES and text_holds_card(text))


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key, inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(name, inner)
    else:
        yield name, str(value)


def _run_holds_card(run: str) -> bool:
    """Tries every chain of whole groups: a card number may stand beside other digits."""
    if len(run) < _LENGTHS[0]:
        return False
    groups = re.findall(r"[0-9]+", run)
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > _LENGTHS[-1]:
                break
            if len(digits) in _LENGTHS and _ISSUERS.match(digits) and _check_digit_fits(digits):
                return True
    return False


def _check_digit_fits(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(int(digit) for digit in digits[::-2]) + sum(each - 9 if each > 9 else each for each in doubled)  # noqa: PLR2004 - the digits of a number above 9
    return total % 10 == 0
