"""The layout of one biller's export: where each field stands, kept as YAML that a person can read and edit."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from admin.errors import WrongUse

_LONGEST_FILE: Final = 64 * 1024


class Format(StrEnum):
    """How cells are told apart."""

    DELIMITED = "delimited"
    FIXED_WIDTH = "fixedWidth"
    WORKBOOK = "workbook"


class Name(StrEnum):
    """The fields of an invoice that the checks know."""

    INVOICE_NUMBER = "invoiceNumber"
    CUSTOMER_NUMBER = "customerNumber"
    CUSTOMER_NAME = "customerName"
    DESCRIPTION = "description"
    INVOICE_DATE = "invoiceDate"
    DUE_DATE = "dueDate"
    AMOUNT = "amount"
    BALANCE = "balance"
    STATUS = "status"
    KIND = "kind"


type Span = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
"""First and last character of a field of fixed width, counted from 1."""

type Column = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)] | Span
"""A header's text, a column's number from 1, or the characters of a field of fixed width."""


class Layout(BaseModel):
    """One export's layout. ``header_line`` 0: none; ``customer_digits``: length of the city's numbers, with zeros."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    format: Format
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    sheet: str | None = None
    header_line: Annotated[int, Field(ge=0, le=200)] = 1
    columns: dict[Name, Column]
    others: dict[str, Span] = Field(default_factory=dict)
    date_format: Annotated[str, Field(pattern=r"^(%[mdyYbB]|[-/. ,])+$")] = "%m/%d/%Y"
    customer_digits: Annotated[int, Field(ge=1, le=20)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for needed in (Name.INVOICE_NUMBER, Name.CUSTOMER_NUMBER):
            if needed not in self.columns:
                raise ValueError(f"columns names no {needed}")
        if not {Name.AMOUNT, Name.BALANCE} & self.columns.keys():
            raise ValueError("columns names neither balance nor amount")
        fixed = self.format is Format.FIXED_WIDTH
        for name, column in self.columns.items():
            if fixed != isinstance(column, tuple):
                raise ValueError(
                    f"{name}: give {'its characters, such as [1, 8]' if fixed else 'a header or a number'}"
                )
            if isinstance(column, str) and not self.header_line:
                raise ValueError(f"{name}: without a header a column is given by its number")
        if any(span[1] < span[0] for span in self.spans().values()):
            raise ValueError("a field ends before it begins")
        return self

    @property
    def owed(self) -> Name:
        """The field that says what is still owed."""
        return Name.BALANCE if Name.BALANCE in self.columns else Name.AMOUNT

    def spans(self) -> dict[str, tuple[int, int]]:
        """The fields of fixed width, in the order in which they stand in a line."""
        named = {name.value: column for name, column in self.columns.items() if isinstance(column, tuple)}
        return dict(sorted((named | self.others).items(), key=lambda each: each[1]))

    def to_yaml(self) -> str:
        """The text to keep; ``from_yaml`` reads it."""
        return yaml.safe_dump(self.as_json(), sort_keys=False, allow_unicode=True)

    def as_json(self) -> dict[str, object]:
        """The same as plain values, without what is left at its default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"headerLine": self.header_line}


def from_yaml(path: Path) -> Layout:
    """Read a layout file.

    Raises:
        WrongUse: it cannot be read, or is no layout; the sentence names the place.
    """
    try:
        with path.open(encoding="utf-8") as file:
            found = yaml.safe_load(file.read(_LONGEST_FILE))
    except OSError as error:
        raise WrongUse(f"The layout {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise WrongUse(f"The layout {path} is not YAML.") from None
    return of_values(found, str(path))


def of_values(found: object, where: str) -> Layout:
    """A layout from plain values.

    Raises:
        WrongUse: they are none; ``where`` stands in the sentence.
    """
    try:
        return Layout.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "layout"
        raise WrongUse(f"{where}, {place}: {first['msg'].removeprefix('Value error, ')}.") from None
