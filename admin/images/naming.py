"""The rule by which a biller names its bill images, such as ``bill_{invoiceNumber}_*``."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from admin.errors import WrongUse

_INVOICE: Final = "{invoiceNumber}"
_CUSTOMER: Final = "{customerNumber}"
_PAGE: Final = "{page}"
_PARTS: Final = {
    _INVOICE: r"(?P<invoice>[A-Za-z0-9.-]+)",
    _CUSTOMER: r"(?P<customer>[A-Za-z0-9.-]+)",
    _PAGE: r"(?P<page>[0-9]{1,4})",
    "*": r".*",
}
_SPLIT: Final = re.compile(r"(\{[A-Za-z]*\}|\*)")
_FIGURES: Final = re.compile(r"[0-9]{3,}")
_TOKENS: Final = (re.compile(r"[A-Za-z0-9]+"), re.compile(r"(?<=[A-Za-z])[0-9]+|[0-9]+(?=[A-Za-z])"))
"""Words, and the figures inside a word such as INV10023."""
_MOST_STARS: Final = 3
_SAMPLE: Final = 2000


class Naming(BaseModel):
    """``template``: the name without its ending. ``without_zeros``: leading zeros of the number do not count."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    template: Annotated[str, Field(min_length=1, max_length=200)]
    without_zeros: bool = False

    @model_validator(mode="after")
    def _usable(self) -> Self:
        parts = _SPLIT.findall(self.template)
        if parts.count(_INVOICE) != 1:
            raise ValueError("the rule needs {invoiceNumber} once")
        unknown = [part for part in parts if part not in _PARTS]
        if unknown:
            raise ValueError(f"{unknown[0]} is not one of {{invoiceNumber}}, {{customerNumber}}, {{page}}, *")
        if parts.count("*") > _MOST_STARS or parts.count(_PAGE) > 1 or parts.count(_CUSTOMER) > 1:
            raise ValueError("at most three *, one {page}, one {customerNumber}")
        return self

    def reader(self) -> "Callable[[str], Named | None]":
        """What a file's name says, or None where it does not follow the rule."""
        pattern = "".join(_PARTS.get(part, re.escape(part)) for part in _SPLIT.split(self.template))
        compiled = re.compile(pattern, re.IGNORECASE)

        def read(name: str) -> Named | None:
            match = compiled.fullmatch(PurePosixPath(name).stem)
            if match is None:
                return None
            groups = match.groupdict()
            return Named(self.key(groups["invoice"]), groups.get("customer") or "", groups.get("page") or "")

        return read

    def key(self, invoice: str) -> str:
        """An invoice number as it is compared."""
        plain = invoice.casefold()
        return plain.lstrip("0") if self.without_zeros else plain


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says."""

    invoice: str
    customer: str = ""
    page: str = ""


def of_values(found: object, where: str) -> Naming:
    """A rule from plain values.

    Raises:
        WrongUse: they are none; ``where`` stands in the sentence.
    """
    try:
        return Naming.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise WrongUse(f"{where}: {first['msg'].removeprefix('Value error, ')}.") from None


def guess(names: Iterable[str], customers: Mapping[str, str]) -> Naming | None:
    """The rule that most of these names follow; ``customers`` by invoice number, in lower case."""
    by_figures = {number.lstrip("0"): number for number in customers}
    votes: Counter[tuple[str, bool]] = Counter()
    for _, name in zip(range(_SAMPLE), names, strict=False):
        votes.update(set(_templates(PurePosixPath(name).stem, customers, by_figures)))
    if not votes:
        return None
    most = max(votes.values())
    # Of rules that fit as many names, exact numbers come first, then the one that leaves the least open.
    template, zeros = min(
        (each for each, count in votes.items() if count == most),
        key=lambda each: (each[1], each[0].count("*"), each[0]),
    )
    return Naming(template=template, without_zeros=zeros)


def _templates(stem: str, customers: Mapping[str, str], by_figures: Mapping[str, str]) -> Iterable[tuple[str, bool]]:
    for match in chain.from_iterable(each.finditer(stem) for each in _TOKENS):
        token = match[0].casefold()
        exact = token in customers
        number = token if exact else by_figures.get(token.lstrip("0"))
        if number is not None:
            before, after = stem[: match.start()], stem[match.end() :]
            customer = customers[number]
            template = f"{_open(before, customer)}{_INVOICE}{_open(after, customer)}"
            if template.count("*") <= _MOST_STARS and template.count(_CUSTOMER) <= 1:
                yield template, not exact


def _open(text: str, customer: str) -> str:
    """The text beside the number: the customer's number, long figures as *, the rest as it is."""
    parts = [part.replace("*", "").replace("{", "").replace("}", "") for part in re.split(r"([A-Za-z0-9]+)", text)]
    named = [_CUSTOMER if customer and part == customer else _FIGURES.sub("*", part) for part in parts]
    return "".join(named)


def values(naming: Naming) -> dict[str, Any]:
    """What is kept of it."""
    return naming.model_dump(mode="json", by_alias=True)
