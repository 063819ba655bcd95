"""How a call to Caselle fails before its GraphQL errors are read; what those mean stands in ``catalogue``."""

from types import MappingProxyType
from typing import Final

from shared.vocabulary.errors import Unavailable


class NotSentError(Unavailable):
    """The call had certainly no effect. ``peer_failed``: it counts against the city's server."""

    def __init__(
        self, code: str, *, peer_failed: bool = True, retry_after: float | None = None, throttled: bool = False
    ) -> None:
        """Name what went wrong, in our own words; the rest as ``Unavailable`` has it."""
        super().__init__(f"not sent: {code}")
        self.code = code
        self.peer_failed = peer_failed
        self.retry_after = retry_after
        self.throttled = throttled


class AmbiguousError(Unavailable):
    """Nobody can tell from this side whether the call had an effect."""

    def __init__(self, code: str, *, retry_after: float | None = None, throttled: bool = False) -> None:
        """Name what went wrong, in our own words; the rest as ``Unavailable`` has it."""
        super().__init__(f"ambiguous: {code}")
        self.code = code
        self.retry_after = retry_after
        self.throttled = throttled


TOKEN_REFUSED: Final = "token_refused"  # noqa: S105 - a reason code

CONTRACT_MISMATCH: Final = "contract_mismatch"
COWS_DOWN: Final = "COWS_UNREACHABLE"
"""The relay cannot reach the city's server. Of a write it says nothing: the server may have acted before."""

THROTTLED: Final = "throttled"
"""The peer gets too much: too many requests, or too many at once."""

BARE_STATUSES: Final = MappingProxyType(
    {
        401: TOKEN_REFUSED,
        403: "forbidden",
        404: "endpoint_missing",
        405: "method_refused",
        413: "request_too_large",
        415: "content_type_refused",
        429: THROTTLED,
    }
)
"""Reason codes of HTTP statuses that name a cause by themselves. Something on the way may give each after the work."""
