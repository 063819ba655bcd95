"""How a call to Caselle fails before its GraphQL errors are read; what those mean stands in ``catalogue``."""

from types import MappingProxyType
from typing import Final

from shared.ledger.answer import NotSent
from shared.vocabulary.errors import Unavailable


class NotSentError(Unavailable):
    """The call had certainly no effect. ``peer_failed``: it counts against the city's server."""

    def __init__(self, code: str, *, peer_failed: bool = True) -> None:
        """Name what went wrong, in our own words."""
        super().__init__(f"not sent: {code}")
        self.code = code
        self.peer_failed = peer_failed


class AmbiguousError(Unavailable):
    """Nobody can tell from this side whether the call had an effect."""

    def __init__(self, code: str) -> None:
        """Name what went wrong, in our own words."""
        super().__init__(f"ambiguous: {code}")
        self.code = code


TOKEN_REFUSED: Final = "token_refused"  # noqa: S105 - a reason code

CONTRACT_MISMATCH: Final = "contract_mismatch"
COWS_DOWN: Final = "COWS_UNREACHABLE"
"""The relay cannot reach the city's server. Of a write it says nothing: the server may have acted before."""

REFUSED_STATUSES: Final = MappingProxyType(
    {
        401: NotSent(TOKEN_REFUSED, peer_failed=False),
        403: NotSent("forbidden"),
        404: NotSent("endpoint_missing"),
        405: NotSent("method_refused"),
        413: NotSent("too_large"),
        415: NotSent("content_type_refused"),
        429: NotSent("throttled"),
    }
)
"""HTTP statuses that are given before a request is worked on, where the answer has no ``data``."""
