"""Amounts of money: decimal text on the wire, integer cents inside."""

import re
from typing import Annotated, Self

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from shared.vocabulary.errors import Malformed

MOST_CENTS = 999_999_999
"""9,999,999.99: a payment above this is a typing error, not a bill."""

_DECIMAL = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,2}))?", re.ASCII)


class Money(int):
    """An amount in integer cents."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read decimal text such as ``125.40``.

        No sign, exponent or separator, at most two decimals, at most 9,999,999.99.

        Raises:
            Malformed: for anything else, numbers included: a float has already lost cents.
        """
        match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise Malformed("an amount is decimal text such as 125.40, at most 9999999.99")
        whole, fraction = match.groups()
        return cls(int(whole) * 100 + int((fraction or "").ljust(2, "0")))

    def __str__(self) -> str:
        """Decimal text with two places; balances may be negative."""
        sign = "-" if self < 0 else ""
        whole, cents = divmod(abs(int(self)), 100)
        return f"{sign}{whole}.{cents:02}"


def _read_signed(value: object) -> Money:
    negative = isinstance(value, str) and value.startswith("-")
    amount = _read(value[1:] if isinstance(value, str) and negative else value)
    return Money(-amount) if negative else amount


def _read(value: object) -> Money:
    if isinstance(value, Money):
        return value
    try:
        return Money.parse(value)
    except Malformed as error:
        raise ValueError(str(error)) from None


Amount = Annotated[
    Money,
    PlainValidator(_read),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,2})?$", "examples": ["125.40"]}),
]
"""A field that travels as decimal text and lives as cents."""

SignedAmount = Annotated[Money, PlainValidator(_read_signed), PlainSerializer(str, return_type=str)]
"""The same for balances and refunds, which may be below zero."""
