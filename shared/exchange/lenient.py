"""Fields that are only shown, or only help to find: none of them makes a message invalid."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator

MOST_SHOWN: Final = 200
"""Characters of a field that is only shown."""


_HALF_A_PAIR: Final = re.compile("[\ud800-\udfff]")


class Mended(StrEnum):
    """What became of a field that could not be kept as it came."""

    CUT = "cut"
    REPLACED = "replaced"
    """Half a surrogate pair, which nothing can encode, became the replacement character."""
    DROPPED = "dropped"


def _shown(value: object) -> str | None:
    """Numbers as text; what is neither has nothing to show."""
    text = _text(value)
    return None if text is None else _encodable(text)[:MOST_SHOWN]


def _whole(value: object) -> str | None:
    """As it came or not at all: a part of it would name something else."""
    text = _text(value)
    return text if text is not None and len(text) <= MOST_SHOWN and text == _encodable(text) else None


def _text(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else None


def _encodable(text: str) -> str:
    return _HALF_A_PAIR.sub("\N{REPLACEMENT CHARACTER}", text)


_SHOWN: Final = BeforeValidator(_shown)
_WHOLE: Final = BeforeValidator(_whole)

Shown = Annotated[str | None, _SHOWN]
"""Text that people read: too long is cut, what cannot be encoded is replaced, what is no text is dropped."""

Whole = Annotated[str | None, _WHOLE]
"""The name of something else: too long, or not to be encoded, it is dropped."""


def mended(message: BaseModel, fields: Mapping[str, Any]) -> Iterator[tuple[str, Mended]]:
    """Which of the fields that were sent could not be kept as they came, by their wire names."""
    for name, field in type(message).model_fields.items():
        sent = fields.get(field.alias or name)
        if sent is None or not {_SHOWN, _WHOLE} & set(field.metadata):
            continue
        kept = getattr(message, name)
        if kept is None:
            yield field.alias or name, Mended.DROPPED
        elif kept != _text(sent):
            yield field.alias or name, Mended.CUT if len(_text(sent) or "") > MOST_SHOWN else Mended.REPLACED
