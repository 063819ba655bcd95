"""The port to Caselle's token endpoint (RFC 6749), and what its refusals ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from pydantic import SecretStr

from shared.tokens.delivery import Delivery
from shared.vocabulary.errors import CaselleError

ANSWER_WITHIN: Final = 20.0
"""Seconds the token endpoint is given: the lease outlives the request and the storing of what it brought."""

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "invalid_request": "The request was not understood: report it to us, renewing needs another release.",
        "invalid_client": "ClientID or ClientSecret is wrong: ask the CSM for both, and enter them.",
        "invalid_grant": "The refresh token is used up or withdrawn: have the city authorise the third party again.",
        "unauthorized_client": "The third party may not renew this way: set the biller's token strategy to callback.",
        "unsupported_grant_type": "Caselle does not renew this way: set the biller's token strategy to callback.",
        "invalid_scope": "The third party lacks a right it had: ask the CSM what changed.",
        "unlisted": "No code of RFC 6749: ask the CSM whether the third party is enabled.",
        "same_token": "The refused token came back: ask the CSM whether it is active.",
    }
)
"""What a person does about each code of RFC 6749, section 5.2, and about two of our own."""

OUR_OWN: Final = frozenset({"unlisted", "same_token"})


@dataclass(frozen=True, slots=True)
class Client:
    """The biller as the token endpoint knows it."""

    client_id: str
    client_secret: SecretStr


class RenewalRefused(CaselleError):
    """The token endpoint says no; ``code`` is one of ``REFUSALS``."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the token endpoint refuses: {code}")
        self.code = code


class TokenEndpoint(Protocol):
    """Caselle's token endpoint; every method ends within ``ANSWER_WITHIN`` seconds.

    Raises:
        RenewalRefused: the endpoint says no.
        Unavailable: no answer, or none of use; a token may have been made all the same.
    """

    async def client_credentials(self, client: Client) -> Delivery:
        """A new token for the client."""
        ...

    async def refresh(self, client: Client, refresh_token: SecretStr) -> Delivery:
        """A new token for a refresh token, which may be good for one use: the answer may bring the next one."""
        ...
