"""Keeping tokens: values in the vault, and beside them one row that says which version counts."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.tokens.delivery import Delivery
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.identity import BillerId

WARNINGS: Final = (timedelta(days=30), timedelta(days=14), timedelta(days=7), timedelta(days=1))
"""How long before a token expires somebody is told, first to last."""

_ATTEMPTS = 3
_RETRY_SECONDS = 15
_FINGERPRINT_LENGTH = 16


class Token(BaseModel):
    """A biller's token; a higher ``generation`` came later."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    value: SecretStr
    generation: int
    expires_at: AwareDatetime


class TokenRow(BaseModel):
    """Which version of the vault's secret is a biller's token; holds nothing secret.

    ``due_at`` is when the token needs a look again; ``fingerprint`` the first 16 hex of the token's SHA-256.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    biller_id: BillerId
    generation: int
    expires_at: AwareDatetime
    due_at: AwareDatetime
    version: str
    previous_version: str | None = None
    fingerprint: str


class SecretVault(Protocol):
    """Versioned secrets by name. Every method raises ``Unavailable`` where the vault does not answer."""

    async def get(self, name: str, version: str | None = None) -> SecretStr | None:
        """That version of a secret, or its newest; None where there is none."""
        ...

    async def set(self, name: str, value: SecretStr, expires_on: datetime | None = None) -> str:
        """Store a new version, also of a name that was soft-deleted, and return the version's id."""
        ...


class TokenRows(Protocol):
    """Token rows by biller. Every method raises ``Unavailable`` where the store does not answer."""

    async def read(self, biller_id: str) -> TokenRow | None:
        """The biller's row, or None."""
        ...

    async def write(self, row: TokenRow, replaces: TokenRow | None) -> bool:
        """Write the row and its due entry at once, if ``replaces`` is still what is there (None: nothing).

        Returns False, and writes nothing, where another row is there; True where it is this very row already.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    token: Token
    until: float


class TokenKeeper:
    """Stores what was delivered and serves the current token, from memory for ``cache_seconds``."""

    def __init__(self, vault: SecretVault, rows: TokenRows, clock: Clock, cache_seconds: float = 300) -> None:
        self._vault = vault
        self._rows = rows
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._held: dict[str, _Held] = {}

    async def store(self, biller_id: str, delivery: Delivery) -> bool:
        """Make a delivered token the biller's current one; False where it already is, and nothing was stored.

        Raises:
            Unavailable: vault or table do not answer, or others keep storing; deliver again.
        """
        version = None
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            if row is not None and row.fingerprint == _fingerprint(delivery.token):
                return False
            if version is None:
                version = await self._put_in_vault(biller_id, delivery)
            following = self._following(row, biller_id, delivery, version)
            if await self._rows.write(following, replaces=row):
                self._hold(biller_id, _token(following, delivery.token), self._cache_seconds)
                return True
        raise Unavailable("other deliveries for this biller are being stored")

    async def keep_client_secret(self, biller_id: str, secret: SecretStr) -> None:
        """Store the ClientSecret that a person entered."""
        await self._vault.set(_secret_name("client-secret", biller_id), secret)

    async def current(self, biller_id: str, *, fresh: bool = False) -> Token | None:
        """The token to send with, or None where none was delivered.

        ``fresh`` reads row and vault again, for after a 401; the generation tells whether the token is another.
        While they do not answer, the token held in memory goes on serving.

        Raises:
            Unavailable: they do not answer, and none is held.
        """
        held = self._held.get(biller_id)
        if held and not fresh and self._clock.monotonic() < held.until:
            return held.token
        try:
            token = await self._read(biller_id)
        except Unavailable:
            if held is None:
                raise
            self._hold(biller_id, held.token, _RETRY_SECONDS)
            return held.token
        if token is not None:
            self._hold(biller_id, token, self._cache_seconds)
        return token

    async def _read(self, biller_id: str) -> Token | None:
        row = await self._rows.read(biller_id)
        if row is None:
            return None
        value = await self._vault.get(_secret_name("oauth-token", biller_id), row.version)
        if value is None:
            events.emit("token.not_in_vault", logging.ERROR, biller=biller_id, generation=row.generation)
            return None
        return _token(row, value)

    def _hold(self, biller_id: str, token: Token, seconds: float) -> None:
        held = self._held.get(biller_id)
        # A read that began before a delivery may end after it.
        if held is None or held.token.generation <= token.generation:
            self._held[biller_id] = _Held(token, self._clock.monotonic() + seconds)

    async def _put_in_vault(self, biller_id: str, delivery: Delivery) -> str:
        credentials = delivery.credentials()
        if credentials is not None:
            # Not in force until a person or the token endpoint accepts them, hence a name of their own.
            await self._vault.set(_secret_name("pending-credentials", biller_id), credentials)
        return await self._vault.set(_secret_name("oauth-token", biller_id), delivery.token, delivery.expires_at)

    def _following(self, row: TokenRow | None, biller_id: str, delivery: Delivery, version: str) -> TokenRow:
        return TokenRow(
            biller_id=biller_id,
            generation=row.generation + 1 if row else 1,
            expires_at=delivery.expires_at,
            due_at=next_due(delivery.expires_at, self._clock.now()),
            version=version,
            previous_version=row.version if row else None,
            fingerprint=_fingerprint(delivery.token),
        )


def next_due(expires_at: datetime, now: datetime) -> datetime:
    """When a token needs a look: the next warning, or its expiry when all warnings have passed."""
    return next((at for at in (expires_at - before for before in WARNINGS) if at > now), expires_at)


def _token(row: TokenRow, value: SecretStr) -> Token:
    return Token(value=value, generation=row.generation, expires_at=row.expires_at)


def _secret_name(kind: str, biller_id: str) -> str:
    # A hash, because vault names know neither letter case nor most characters.
    return f"{kind}-{hashlib.sha256(biller_id.encode()).hexdigest()[:40]}"


def _fingerprint(token: SecretStr) -> str:
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:_FINGERPRINT_LENGTH]
