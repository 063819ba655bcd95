"""Authorizations that a person began: each has a one-time ``state``, and the code that comes with it is exchanged once.

That Caselle answers with a code at all is assumed, and so is its grant: RFC 6749, section 4.1. Neither a redirect URI
nor a verifier (RFC 7636) goes along, since the first would hold the biller's key and the second nobody asked for.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.billers.model import Biller
from shared.tokens.body import DeliveryRefused
from shared.tokens.delivery import Code, Delivery
from shared.tokens.endpoint import Client, RenewalRefused
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.identity import BillerId

STATE_LIFETIME: Final = timedelta(minutes=10)


class Authorization(BaseModel):
    """One state, by its digest; ``used_by`` is a nonce of the callback that took it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    biller_id: BillerId
    digest: str
    expires_at: AwareDatetime
    used_by: str | None = None

    def open(self, now: datetime) -> bool:
        """Whether a code may still be exchanged for it."""
        return self.used_by is None and now < self.expires_at


class Authorizations(Protocol):
    """Authorizations by biller and digest. Every method raises ``Unavailable`` where the store does not answer."""

    async def add(self, authorization: Authorization, now: datetime) -> None:
        """Insert one, and drop the biller's expired ones."""
        ...

    async def use(self, biller_id: str, digest: str, now: datetime) -> bool:
        """Mark it used; False where that biller has no such open one, or another callback was first."""
        ...


class ClientSecrets(Protocol):
    """The billers' ClientSecrets."""

    async def client_secret(self, biller_id: str) -> SecretStr | None:
        """The ClientSecret that a person entered, or None; raises ``Unavailable``."""
        ...


class CodeEndpoint(Protocol):
    """Caselle's token endpoint (RFC 6749)."""

    async def authorization_code(self, client: Client, code: SecretStr) -> Delivery:
        """The token for a code (section 4.1.3).

        Raises:
            RenewalRefused: the endpoint says no.
            Unavailable: no answer, or none of use; the code may be used up all the same.
        """
        ...


class ExchangeCode:
    """Begins authorizations, and turns the code of each into a token."""

    def __init__(
        self, authorizations: Authorizations, client_secrets: ClientSecrets, endpoint: CodeEndpoint | None, clock: Clock
    ) -> None:
        self._authorizations = authorizations
        self._client_secrets = client_secrets
        self._endpoint = endpoint
        self._clock = clock

    async def begin(self, biller_id: str) -> SecretStr:
        """A new state for the authorization page, good for one code within ``STATE_LIFETIME``.

        Raises:
            Unavailable: the store does not answer.
        """
        state, now = secrets.token_urlsafe(32), self._clock.now()
        expires_at = now + STATE_LIFETIME
        await self._authorizations.add(
            Authorization(biller_id=biller_id, digest=_digest(state), expires_at=expires_at), now
        )
        return SecretStr(state)

    async def __call__(self, biller: Biller, code: Code) -> Delivery:
        """The token for a code that came with a state of this biller's.

        Raises:
            DeliveryRefused: exchanging is not set up, the state is not open, or the endpoint gives no token.
            Unavailable: store or vault do not answer; the state is good for another try.
        """
        secret = await self._client_secrets.client_secret(biller.biller_id)
        if self._endpoint is None or biller.client_id is None or secret is None:
            raise DeliveryRefused("code", "exchanging a code is not set up; deliver the token itself")
        digest = _digest(code.state.get_secret_value())
        if not await self._authorizations.use(biller.biller_id, digest, self._clock.now()):
            raise DeliveryRefused("state", "unknown, expired or used before; begin the authorization again")
        try:
            return await self._endpoint.authorization_code(Client(biller.client_id, secret), code.code)
        except RenewalRefused as refusal:
            raise DeliveryRefused("code", f"the token endpoint refuses it: {refusal.code}") from None
        except Unavailable as error:
            events.emit("callback.code_lost", events.ERROR, biller=biller.biller_id, error=str(error))
            raise DeliveryRefused("code", "no answer of the token endpoint; begin the authorization again") from None


def _digest(state: str) -> str:
    # 256 random bits: nothing to guess, so no pepper.
    return hashlib.sha256(state.encode()).hexdigest()
