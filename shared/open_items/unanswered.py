"""Why a question about open items stays without an answer, in words for a portal's developers."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.exchange.reasons import REASONS, Reason
from shared.vocabulary.errors import CaselleError


class Trouble(StrEnum):
    """What the asker can conclude."""

    MALFORMED = "malformed"
    """A number that cannot exist."""
    NOT_FOUND = "not_found"
    """No such biller or customer."""
    NOT_READY = "not_ready"
    """The biller's set-up here is not complete; Caselle was not asked."""
    ERROR = "error"
    """Caselle answered, with an error."""
    DOWN = "down"
    """Caselle's relay, the city's server or our own storage does not answer now."""
    SLOW = "slow"
    """No answer in time."""


_AGAIN: Final = "Ask again in half a minute"

OWN: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "number_malformed": Reason(
            "A number in the address cannot exist.", "Correct it; asking again changes nothing."
        ),
        "caselle_unreachable": Reason(
            "The city's server or Caselle's relay does not answer.",
            f"{_AGAIN}; if it lasts, the city's COWS admin starts Connect Online Web Service.",
        ),
        "caselle_slow": Reason("Caselle did not answer in time.", f"{_AGAIN}."),
        "caselle_error": Reason(
            "Caselle answered with an error that is on no list here.",
            "Read the biller's log; ask the city's CSM at Caselle what it means.",
        ),
        "storage_unavailable": Reason("The storage of this service does not answer.", f"{_AGAIN}."),
    }
)
"""Codes that only such a question can end with; the others are those of the results."""

CODES: Final[Mapping[str, Reason]] = MappingProxyType({**REASONS, **OWN})


class Unanswered(CaselleError):
    """There is no answer; ``code`` is one of ``CODES``."""

    def __init__(self, code: str, trouble: Trouble, detail: str | None = None) -> None:
        """``detail`` adds to the code's words; it is told, and never logged."""
        super().__init__(f"{trouble}: {code}")
        self.code = code
        self.trouble = trouble
        self.detail = detail

    @property
    def reason(self) -> Reason:
        """The code's words."""
        return CODES[self.code]
