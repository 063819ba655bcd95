"""What one stamp asks another at its callback, the one door between them: which of these billers are at home there?"""

import json
import re
from collections.abc import Collection
from typing import Final

from shared.vocabulary.errors import Malformed

HEADER: Final = "X-Homes-Asked"
"""Of a request to the callback that is no delivery but this question."""

MOST: Final = 1000
"""Billers in one question: the body stays below what a callback may bring."""

_MOST_BYTES: Final = 16 * 1024
_BILLER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


def question(billers: Collection[str]) -> bytes:
    """The body of the request."""
    return json.dumps({"billers": sorted(billers)}).encode()


def asked(body: bytes) -> tuple[str, ...]:
    """The billers that a question names.

    Raises:
        Malformed: it is no such question.
    """
    return _ids(body, "billers")


def answer(billers: Collection[str]) -> str:
    """The body of the answer: those that are at home here, and nothing of any other."""
    return json.dumps({"atHome": sorted(billers)})


def answered(body: bytes) -> frozenset[str]:
    """The billers that an answer claims.

    Raises:
        Malformed: it is no such answer.
    """
    return frozenset(_ids(body, "atHome"))


def _ids(body: bytes, name: str) -> tuple[str, ...]:
    try:
        found = json.loads(body)[name] if len(body) <= _MOST_BYTES else None
    except (ValueError, RecursionError, LookupError, TypeError):
        found = None
    if not isinstance(found, list) or len(found) > MOST:
        raise Malformed(f"{name} is a list of at most {MOST} biller ids")
    if not all(isinstance(each, str) and _BILLER.fullmatch(each) for each in found):
        raise Malformed("a biller id is 1 to 9 digits")
    return tuple(found)
