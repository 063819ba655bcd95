"""Keeping tokens: values in the vault, and beside them one row that says which version counts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from pydantic import BaseModel, ConfigDict, SecretStr

from shared.tokens.delivery import Delivery
from shared.tokens.row import Candidate, Renewal, TokenRow, TokenRows, candidate, fingerprint, serving, waiting
from shared.tokens.vault import TOKEN, SecretVault, secret_name
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

_ATTEMPTS = 5
_RETRY_SECONDS = 15


class Token(BaseModel):
    """A biller's token, and the generation of the row that named it; a higher one came later.

    ``ends``: when it does, as Caselle said; None where it did not say, and of any but the current token.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    value: SecretStr
    generation: int
    ends: datetime | None = None


class Stored(Enum):
    """What became of a delivered token."""

    SERVES = auto()
    """It is the biller's first."""
    WAITS = auto()
    """It is a candidate until a read with it succeeds."""
    KNOWN = auto()
    """It was there already, and nothing was stored."""


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

    async def store(self, biller_id: str, delivery: Delivery) -> Stored:
        """Keep a delivered token: as the current one where the biller has none, as a candidate otherwise.

        Raises:
            Unavailable: vault or table do not answer, or others keep storing; deliver again.
        """
        token = None
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            if row is not None and row.knows(fingerprint(delivery.token)):
                return Stored.KNOWN
            token = token or await self._put_in_vault(biller_id, delivery)
            if row is None:
                if await self._serve(None, biller_id, token, delivery.token):
                    return Stored.SERVES
            elif await self._wait(row, token):
                return Stored.WAITS
        raise Unavailable("other deliveries for this biller are being stored")

    async def promote(self, biller_id: str, token: Candidate, value: SecretStr) -> bool:
        """Make a candidate the current token, as a read with it has succeeded; False where it is none any more.

        Raises:
            Unavailable: the table does not answer, or others keep changing the row.
        """
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            if row is None or all(each.version != token.version for each in row.candidates):
                return False
            if await self._serve(row, biller_id, token, value):
                return True
        raise Unavailable("others keep changing this biller's token")

    async def store_renewed(self, claimed: TokenRow, delivery: Delivery, pause_until: datetime) -> bool:
        """Keep what renewing brought, and end the claim; whether it is the current token now.

        Where another became current since the claim, that one stays and this one is kept as the other.

        Raises:
            Unavailable: vault or table do not answer; nothing was changed, and the claim runs out by itself.
        """
        biller_id = claimed.biller_id
        token = await self._put_in_vault(biller_id, delivery)
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            if row is None or row.generation == claimed.generation:
                following = serving(row, biller_id, token, self._clock.now())
            else:
                following = row.model_copy(update={"previous_version": token.version})
            ended = following.model_copy(update={"renewal": Renewal(until=pause_until)})
            if await self._rows.write(ended, replaces=row):
                current = ended.version == token.version
                if current:
                    self._hold(biller_id, _token(ended, delivery.token), self._cache_seconds)
                return current
        raise Unavailable("other tokens for this biller are being stored")

    async def change(self, biller_id: str, change: Callable[[TokenRow], TokenRow | None]) -> TokenRow | None:
        """Put another row in the place of the biller's, and return it; None where ``change`` wants none.

        Raises:
            Unavailable: the table does not answer, or others keep changing the row.
        """
        for _ in range(_ATTEMPTS):
            row = await self._rows.read(biller_id)
            following = change(row) if row else None
            if following is None or await self._rows.write(following, replaces=row):
                return following
        raise Unavailable("others keep changing this biller's token")

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
        value = await self.value(biller_id, row.previous_version)
        return Token(value=value, generation=row.generation) if value else None

    async def value(self, biller_id: str, version: str) -> SecretStr | None:
        """A token by its version, or None where the vault does not have it.

        Raises:
            Unavailable: the vault does not answer, or refuses to give it.
        """
        return await self._vault.get(secret_name(TOKEN, biller_id), version)

    async def _read(self, biller_id: str) -> Token | None:
        row = await self._rows.read(biller_id)
        if row is None:
            return None
        value = await self.value(biller_id, row.version)
        if value is None:
            events.emit("token.not_in_vault", logging.ERROR, biller=biller_id, generation=row.generation)
            raise _NotInVault("the vault does not have this version")
        return _token(row, value)

    async def _put_in_vault(self, biller_id: str, delivery: Delivery) -> Candidate:
        version = await self._vault.set(secret_name(TOKEN, biller_id), delivery.token, delivery.expires_at)
        return candidate(delivery, version, self._clock.now())

    async def _serve(self, row: TokenRow | None, biller_id: str, token: Candidate, value: SecretStr) -> bool:
        following = serving(row, biller_id, token, self._clock.now())
        if not await self._rows.write(following, replaces=row):
            return False
        self._hold(biller_id, _token(following, value), self._cache_seconds)
        return True

    async def _wait(self, row: TokenRow, token: Candidate) -> bool:
        following, gone = waiting(row, token, self._clock.now())
        if not await self._rows.write(following, replaces=row):
            return False
        if gone:
            events.emit("token.candidate_displaced", events.WARNING, biller=row.biller_id, refusals=gone.refusals)
        return True

    def _hold(self, biller_id: str, token: Token, seconds: float) -> None:
        held = self._held.get(biller_id)
        # A read that began before a delivery may end after it.
        if held is None or held.token.generation <= token.generation:
            self._held[biller_id] = _Held(token, self._clock.monotonic() + seconds)


def _token(row: TokenRow, value: SecretStr) -> Token:
    return Token(value=value, generation=row.generation, ends=row.expires_at if row.dated else None)
