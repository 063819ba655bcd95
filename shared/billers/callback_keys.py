"""The keys in the callback URLs (``BK``): kept as digests only, and checked without asking the store."""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import CaselleError, Malformed, Misconfigured, Unavailable
from shared.vocabulary.identity import BillerId

PEPPER_SECRET: Final = "callback-key-pepper"  # noqa: S105 - the name of a vault secret, not its value
"""The vault secret whose bytes the digests are made with."""

_MOST_ACTIVE = 2
_RETRY_SECONDS = 1
# Keys come from Invoice Cloud's portal and are base64-like; below 22 characters they hold less than 128 bits.
_STRONG_KEY = re.compile(r"[A-Za-z0-9+/=_.~-]{22,512}", re.ASCII)


class CallbackKey(BaseModel):
    """One key of one biller, by its digest; valid until ``not_after`` where that is set."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    biller_id: BillerId
    digest: str
    not_after: AwareDatetime | None = None

    def active(self, now: datetime) -> bool:
        """Whether the key still opens the callback."""
        return self.not_after is None or now < self.not_after


class KeyInUse(Misconfigured):
    """The key is known already, active or not; Invoice Cloud's portal makes another."""


class CallbackKeyStore(Protocol):
    """Callback keys by digest. Every method raises ``Unavailable`` where the store does not answer."""

    async def all(self) -> list[CallbackKey]:
        """Every key, revoked ones included."""
        ...

    async def add(self, key: CallbackKey) -> None:
        """Insert a key; ``KeyInUse`` where its digest is there already."""
        ...

    async def revoke(self, digest: str, not_after: datetime) -> None:
        """End a key at that instant, if there is such a key."""
        ...


def digest(pepper: bytes, key: str) -> str:
    """HMAC-SHA-256 of a key, as hex; a ``+`` that was decoded to a space on its way is the same key."""
    # A stray surrogate must take the same path as any other wrong key, hence surrogatepass.
    return hmac.new(pepper, key.replace(" ", "+").encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def generate() -> SecretStr:
    """A new key of 256 random bits."""
    return SecretStr(secrets.token_urlsafe(32))


class CallbackKeys:
    """Finds the biller of a key in memory, so that a guess costs no storage read and every refusal one HMAC."""

    def __init__(
        self,
        store: CallbackKeyStore,
        pepper_source: Callable[[], Awaitable[bytes]],
        clock: Clock,
        refresh_seconds: float = 30,
    ) -> None:
        self._store = store
        self._pepper_source = pepper_source
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._pepper: bytes | None = None
        self._keys: dict[str, CallbackKey] | None = None
        self._due = clock.monotonic()
        self._refreshing = asyncio.Lock()

    async def biller_of(self, key: str | None) -> str | None:
        """The biller whose active key this is, or None: unknown, malformed, missing, revoked and expired alike.

        Raises:
            Unavailable: the keys have not been read yet, and now cannot be.
        """
        pepper, keys = await self._known()
        wanted = digest(pepper, key or "")
        # Finding it by its digest tells a guesser nothing: without the pepper no digest can be aimed at.
        found = keys.get(wanted)
        same = hmac.compare_digest(found.digest if found else "0" * len(wanted), wanted)
        return found.biller_id if found and same and found.active(self._clock.now()) else None

    async def add(self, biller_id: str, key: SecretStr, not_after: datetime | None = None) -> None:
        """Let a key open the callback of a biller; other processes know it after their next refresh.

        Raises:
            Malformed: the key is too short to be safe, or holds characters that a URL would spoil.
            KeyInUse: the key is known already, for this biller or another.
            Misconfigured: the biller has two active keys; revoke one first.
            Unavailable: the store or the vault does not answer.
        """
        plain = key.get_secret_value()
        if not _STRONG_KEY.fullmatch(plain):
            raise Malformed("a callback key is 22 to 512 characters of base64 or base64url")
        await self._refresh()
        pepper, keys = await self._known()
        if len(self._active(keys.values(), biller_id)) >= _MOST_ACTIVE:
            raise Misconfigured(f"biller {biller_id} has two active callback keys already")
        await self._store.add(CallbackKey(biller_id=biller_id, digest=digest(pepper, plain), not_after=not_after))
        await self._refresh()

    async def revoke(self, key_digest: str, not_after: datetime | None = None) -> None:
        """End a key now, or at a later instant while its successor is being set up."""
        await self._store.revoke(key_digest, not_after or self._clock.now())
        await self._refresh()

    def _active(self, keys: Iterable[CallbackKey], biller_id: str) -> list[CallbackKey]:
        now = self._clock.now()
        return [key for key in keys if key.biller_id == biller_id and key.active(now)]

    async def _known(self) -> tuple[bytes, dict[str, CallbackKey]]:
        # While one request refreshes, the others go on with what is held.
        if self._keys is None or not self._refreshing.locked():
            async with self._refreshing:
                await self._refresh_when_due()
        if self._keys is None or self._pepper is None:
            raise Unavailable("the callback keys cannot be read")
        return self._pepper, self._keys

    async def _refresh_when_due(self) -> None:
        if self._clock.monotonic() < self._due:
            return
        try:
            await self._refresh()
        except CaselleError:
            self._due = self._clock.monotonic() + _RETRY_SECONDS
            events.emit("callback_keys.refresh_failed", logging.WARNING)

    async def _refresh(self) -> None:
        if self._pepper is None:
            self._pepper = await self._pepper_source()
        self._keys = {key.digest: key for key in await self._store.all()}
        self._due = self._clock.monotonic() + self._refresh_seconds
