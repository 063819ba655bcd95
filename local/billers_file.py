"""Reads a billers file: a JSON list of billers in the fields of ``shared.billers.model.Biller``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from local.wrong_use import WrongUse
from shared.billers.model import Biller

_PYDANTIC_NOISE = "Value error, "


def read_billers(path: Path) -> list[Biller]:
    """Every biller of the file.

    Raises:
        WrongUse: naming the file and the place: line and column, or position, biller and field.
    """
    listed = _listed(path, read_text(path))
    billers = [_biller(path, position, fields) for position, fields in enumerate(listed, start=1)]
    _refuse_twins(path, "billerId", [biller.biller_id for biller in billers])
    _refuse_twins(path, "subdomain", [biller.subdomain for biller in billers])
    return billers


def read_text(path: Path) -> str:
    """The text of a file that a person named.

    Raises:
        WrongUse: there is no such file, or it cannot be read as UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise WrongUse(f"There is no file {path}.") from None
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise WrongUse(f"{path} is not UTF-8 text (byte {error.start + 1}).") from None


def _listed(path: Path, text: str) -> list[Any]:
    try:
        listed = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WrongUse(f"{path}, {place}: this is not JSON ({error.msg}).") from None
    if not isinstance(listed, list) or not listed:
        raise WrongUse(f"{path} must hold a JSON list of billers, with one at least.")
    return listed


def _biller(path: Path, position: int, fields: object) -> Biller:
    if not isinstance(fields, dict):
        raise WrongUse(f"{path}, position {position} of the list: a biller is a JSON object.")
    try:
        return Biller.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        named = f"biller {fields['billerId']}" if isinstance(fields.get("billerId"), str) else "a biller without an id"
        rule = first["msg"].removeprefix(_PYDANTIC_NOISE)
        raise WrongUse(f"{path}, position {position} of the list ({named}), field {field}: {rule}.") from None


def _refuse_twins(path: Path, field: str, values: Sequence[str | None]) -> None:
    for position, value in enumerate(values):
        if value is not None and value in values[:position]:
            raise WrongUse(f"{path}, position {position + 1} of the list, field {field}: {value} is there twice.")
