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


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Token(_Record):
    """A biller's token, and the generation of the row that named it; a higher one came later."""

    value: SecretStr
    generation: int


class Renewal(_Record):
    """Who is renewing a token, at most until when; without a ``holder``, nobody may begin before ``until``."""

    until: AwareDatetime
    holder: str | None = None


class TokenRow(_Record):
    """Which version of the vault's secret is a biller's token; holds nothing secret.

    ``due_at`` is when the token needs a look again; ``fingerprint`` the first 16 hex of the token's SHA-256.
    """

    biller_id: BillerId
    generation: int
    expires_at: AwareDatetime
    due_at: AwareDatetime
    version: str
    previous_version: str | None = None
    fingerprint: str
    renewal: Renewal | None = None


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


class _NotInVault(Unavailable):
    pass


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
            if row is not None and row.fingerprint == fingerprint(delivery.token):
                return False
            if version is None:
                version = await self._put_in_vault(biller_id, delivery)
            following = self._following(row, biller_id, delivery, version)
            if await self._rows.write(following, replaces=row):
                self._hold(biller_id, _token(following, delivery.token), self._cache_seconds)
                return True
        raise Unavailable("other deliveries for this biller are being stored")

    async def store_renewed(self, claimed: TokenRow, delivery: Delivery, pause_until: datetime) -> bool:
        """Keep what renewing brought, and end the claim; whether it is the current token now.

        Where another came since the claim, that one stays current and this one is kept as the other.

        Raises:
            Unavailable: vault or table do not answer; nothing was changed, and the claim runs out by itself.
        """
        biller_id = claimed.biller_id
        version = await self._add_version(biller_id, delivery)
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            if row is None or row.generation == claimed.generation:
                following = self._following(row, biller_id, delivery, version)
            else:
                following = row.model_copy(update={"previous_version": version})
            ended = following.model_copy(update={"renewal": Renewal(until=pause_until)})
            if await self._rows.write(ended, replaces=row):
                current = ended.version == version
                if current:
                    self._hold(biller_id, _token(ended, delivery.token), self._cache_seconds)
                return current
        raise Unavailable("other tokens for this biller are being stored")

    async def keep_client_secret(self, biller_id: str, secret: SecretStr) -> None:
        """Store the ClientSecret that a person entered."""
        await self._vault.set(_secret_name("client-secret", biller_id), secret)

    async def client_secret(self, biller_id: str) -> SecretStr | None:
        """The ClientSecret that a person entered, or None.

        Raises:
            Unavailable: the vault does not answer.
        """
        return await self._vault.get(_secret_name("client-secret", biller_id))

    async def current(self, biller_id: str, *, fresh: bool = False) -> Token | None:
        """The token to send with, or None where none was delivered.

        ``fresh`` reads row and vault again, for after a 401. While they do not answer, the token held in memory
        goes on serving; where none is held and the vault does not give the current one, the one before it does.

        Raises:
            Unavailable: they do not answer, and none is held.
        """
        held = self._held.get(biller_id)
        if held and not fresh and self._clock.monotonic() < held.until:
            return held.token
        seconds = self._cache_seconds
        try:
            token = await self._read(biller_id)
        except Unavailable as error:
            seconds = _RETRY_SECONDS
            token = held.token if held else await self.other(biller_id)
            if token is None and not isinstance(error, _NotInVault):
                raise
        if token is not None:
            self._hold(biller_id, token, seconds)
        return token

    async def other(self, biller_id: str) -> Token | None:
        """The token before the current one, or None where none is kept.

        Raises:
            Unavailable: table or vault do not answer, or the vault refuses to give it.
        """
        row = await self._rows.read(biller_id)
        if row is None or row.previous_version is None:
            return None
        value = await self._vault.get(_secret_name("oauth-token", biller_id), row.previous_version)
        return _token(row, value) if value else None

    async def _read(self, biller_id: str) -> Token | None:
        row = await self._rows.read(biller_id)
        if row is None:
            return None
        value = await self._vault.get(_secret_name("oauth-token", biller_id), row.version)
        if value is None:
            events.emit("token.not_in_vault", logging.ERROR, biller=biller_id, generation=row.generation)
            raise _NotInVault("the vault does not have this version")
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
        return await self._add_version(biller_id, delivery)

    async def _add_version(self, biller_id: str, delivery: Delivery) -> str:
        return await self._vault.set(_secret_name("oauth-token", biller_id), delivery.token, delivery.expires_at)

    def _following(self, row: TokenRow | None, biller_id: str, delivery: Delivery, version: str) -> TokenRow:
        return TokenRow(
            biller_id=biller_id,
            generation=row.generation + 1 if row else 1,
            expires_at=delivery.expires_at,
            due_at=next_due(delivery.expires_at, self._clock.now()),
            version=version,
            previous_version=row.version if row else None,
            fingerprint=fingerprint(delivery.token),
            # A renewal under way goes on, and finds by the generation that its token is not the newest.
            renewal=row.renewal if row else None,
        )


def next_due(expires_at: datetime, now: datetime) -> datetime:
    """When a token needs a look: the next warning, or its expiry when all warnings have passed."""
    return next((at for at in (expires_at - before for before in WARNINGS) if at > now), expires_at)


def _token(row: TokenRow, value: SecretStr) -> Token:
    return Token(value=value, generation=row.generation)


def _secret_name(kind: str, biller_id: str) -> str:
    # A hash, because vault names know neither letter case nor most characters.
    return f"{kind}-{hashlib.sha256(biller_id.encode()).hexdigest()[:40]}"


def fingerprint(token: SecretStr) -> str:
    """The first 16 hex of the token's SHA-256: tells tokens apart, and tells nothing of them."""
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:_FINGERPRINT_LENGTH]
