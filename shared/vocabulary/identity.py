"""Names of billers and messages, each in one spelling."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from shared.vocabulary.errors import Malformed

_BILLER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ID = re.compile(r"[a-z0-9._-]{1,64}", re.ASCII)
_BRACED_GUID = re.compile(r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}", re.ASCII)


def canonical_id(text: str) -> str:
    """One spelling of a message's id: trimmed, lower case, a GUID without its braces.

    Raises:
        Malformed: anything but 1 to 64 of letters, digits, dot, underscore and hyphen.
    """
    spelled = text.strip().lower()
    if _BRACED_GUID.fullmatch(spelled):
        spelled = spelled[1:-1]
    if not _ID.fullmatch(spelled):
        raise Malformed("an id is 1 to 64 letters, digits, dots, underscores or hyphens")
    return spelled


def biller_id(text: str) -> str:
    """A biller's BID: 1 to 9 digits.

    Raises:
        Malformed: anything else.
    """
    if not _BILLER.fullmatch(text):
        raise Malformed("a biller id is 1 to 9 digits")
    return text


def _as_value_error(rule: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            return rule(text)
        except Malformed as error:
            raise ValueError(str(error)) from None

    return AfterValidator(check)


BillerId = Annotated[str, _as_value_error(biller_id)]
PaymentId = Annotated[str, _as_value_error(canonical_id)]
