"""Numbers of an answer's JSON, exactly as they were written: ``5.00010`` is another receipt than ``5.0001``."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainValidator

from shared.vocabulary.money import MOST_CENTS, Money, SignedAmount

_CENTS: Final = 100


class Numeral(str):
    """A JSON number: its characters, which no float has touched."""

    __slots__ = ()


def same_number(shown: object, asked: str) -> bool:
    """Whether an answer shows the number that was asked for; one shown as a JSON number has lost leading zeros."""
    if isinstance(shown, Numeral):
        return shown == (asked.lstrip("0") or "0")
    return isinstance(shown, str) and shown == asked


def _name(value: object) -> str:
    # As it is: pydantic's own str would forget that it was a Numeral.
    if not isinstance(value, str):
        raise ValueError("a number is text, or a JSON number")  # noqa: TRY004 - what pydantic takes for a refusal
    return value


def _read(value: object) -> object:
    return _exact_cents(value) if isinstance(value, Numeral) else value


def _exact_cents(number: Numeral) -> Money:
    """Whole cents, however the number is written: 125.4, 125.4000 and 1.254E+2 are the same."""
    try:
        amount = Decimal(number)
        cents = int(amount * _CENTS) if abs(amount) * _CENTS <= MOST_CENTS else None
    except ArithmeticError:
        cents = None
    if cents is None or Decimal(cents) / _CENTS != amount:
        raise ValueError("an amount has whole cents and is at most 9999999.99")
    return Money(cents)


CaselleAmount = Annotated[SignedAmount, BeforeValidator(_read)]
"""An amount as Caselle shows it, below zero too: decimal text, or a JSON number of whole cents."""

CaselleNumber = Annotated[str, PlainValidator(_name)]
"""A number that names something, to be compared with ``same_number``."""
