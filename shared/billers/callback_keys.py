"""The keys in the callback URLs (``BK``): kept as digests only, and checked without asking the store."""

import asyncio
import hashlib
import hmac
import logging
import math
import re
import secrets
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.billers.registry import Home
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import CaselleError, Malformed, Misconfigured, Unavailable
from shared.vocabulary.identity import BillerId

PEPPER_SECRET: Final = "callback-key-pepper"  # noqa: S105 - the name of a vault secret, not its value
"""The vault secret whose bytes the digests are made with."""

REFRESH_SECONDS: Final = 30.0
OLDEST_SECONDS: Final = 60.0
"""What was read longer ago opens nothing: a revoked key is refused by then, also while the store hangs."""
STAMP_SECONDS: Final = 60.0
"""How exactly the last use of a key is known."""

_MOST_ACTIVE = 2
_RETRY_SECONDS = 1
# Keys come from Invoice Cloud's portal and are base64-like, hexadecimal in the worst case.
_KEY = re.compile(r"[A-Za-z0-9+/=_.~-]{22,512}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]*|[0-9A-F]*", re.ASCII)
_LEAST_BITS = 128
_LEAST_CHARACTERS = 8  # different ones; that a random key has fewer is next to impossible


class CallbackKey(BaseModel):
    """One key of one biller, by its digest; valid until ``not_after`` where that is set."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    biller_id: BillerId
    digest: str
    not_after: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    """To the minute."""

    def active(self, now: datetime) -> bool:
        """Whether the key still opens the callback."""
        return self.not_after is None or now < self.not_after

    def ends_by(self, instant: datetime) -> datetime:
        """When a key ends that is revoked at that instant: what has ended does not begin again."""
        return min(instant, self.not_after or instant)


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
        """End a key at that instant, or earlier where it ends earlier, if there is such a key."""
        ...

    async def stamp(self, digest: str, used_at: datetime) -> None:
        """Note when a key was used, if there is such a key; nothing else of it changes."""
        ...


class HomeList(Protocol):
    """Where every biller is at home."""

    async def homes(self) -> Mapping[str, Home]:
        """By biller id; raises ``Unavailable`` where the store does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read at ``at``, in monotonic seconds."""

    pepper: bytes
    keys: dict[str, CallbackKey]
    homes: Mapping[str, Home]
    at: float


def digest(pepper: bytes, key: str) -> str:
    """HMAC-SHA-256 of a key, as hex; one that was decoded once too often or too seldom on its way is the same key."""
    # No key holds a percent sign or a space: the one was encoded twice, the other was a bare plus sign.
    spelled = unquote(key).replace(" ", "+")
    # A stray surrogate must take the same path as any other wrong key, hence surrogatepass.
    return hmac.new(pepper, spelled.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def generate() -> SecretStr:
    """A new key of 256 random bits."""
    return SecretStr(secrets.token_urlsafe(32))


def check_strength(key: str) -> None:
    """Whether nobody can guess the key.

    Raises:
        Malformed: it may hold less than 128 bits, or holds characters that a URL would spoil.
    """
    alphabet = 16 if _HEX.fullmatch(key) else 64
    weak = len(key) * math.log2(alphabet) < _LEAST_BITS or len(set(key)) < _LEAST_CHARACTERS
    if weak or not _KEY.fullmatch(key):
        raise Malformed("a callback key is 22 to 512 random characters of base64 or base64url, or 32 and more of hex")


class CallbackKeys:
    """Finds the biller of a key in memory, so that a guess costs no storage read and every refusal one HMAC."""

    def __init__(
        self,
        store: CallbackKeyStore,
        homes: HomeList,
        pepper_source: Callable[[], Awaitable[bytes]],
        clock: Clock,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._store = store
        self._homes = homes
        self._pepper_source = pepper_source
        self._clock = clock
        self._refresh_seconds = min(refresh_seconds, REFRESH_SECONDS)
        self._known: _Known | None = None
        self._due = clock.monotonic()
        self._refreshing = asyncio.Lock()
        self._stamped: dict[str, float] = {}

    async def home_of(self, key: str | None) -> Home | None:
        """Whose active key this is, and where that biller is at home.

        None for unknown, malformed, missing, revoked and expired keys and for retired billers, all found out alike.

        Raises:
            Unavailable: keys or billers have not been read within ``OLDEST_SECONDS``, and now cannot be.
        """
        known = await self._fresh_enough()
        wanted = digest(known.pepper, key or "")
        # Finding it by its digest tells a guesser nothing: without the pepper no digest can be aimed at.
        found = known.keys.get(wanted)
        same = hmac.compare_digest(found.digest if found else "0" * len(wanted), wanted)
        home = known.homes.get(found.biller_id) if found and same and found.active(self._clock.now()) else None
        if home is None or home.retired:
            return None
        await self._stamp(wanted)
        return home

    async def at_home(self, billers: Iterable[str], regions: Container[str]) -> list[str]:
        """Which of these billers are at home in these regions, and not retired; from memory, as ``home_of``.

        Raises:
            Unavailable: as ``home_of`` says.
        """
        homes = (await self._fresh_enough()).homes
        found = (homes.get(biller_id) for biller_id in billers)
        return [each.biller_id for each in found if each and not each.retired and each.is_in(regions)]

    async def add(self, biller_id: str, key: SecretStr, not_after: datetime | None = None) -> None:
        """Let a key open the callback of a biller; other processes know it after their next refresh.

        Raises:
            Malformed: the key is too weak to be safe, or holds characters that a URL would spoil.
            KeyInUse: the key is known already, for this biller or another.
            Misconfigured: the biller has two active keys; revoke one first.
            Unavailable: the store or the vault does not answer.
        """
        plain = key.get_secret_value()
        check_strength(plain)
        known = await self._refresh()
        if len(self._active(known.keys.values(), biller_id)) >= _MOST_ACTIVE:
            raise Misconfigured(f"biller {biller_id} has two active callback keys already")
        await self._store.add(CallbackKey(biller_id=biller_id, digest=digest(known.pepper, plain), not_after=not_after))
        await self._refresh()

    async def revoke(self, key_digest: str, not_after: datetime | None = None) -> None:
        """End a key now, or at a later instant while its successor is being set up."""
        await self._store.revoke(key_digest, not_after or self._clock.now())
        await self._refresh()

    def _active(self, keys: Iterable[CallbackKey], biller_id: str) -> list[CallbackKey]:
        now = self._clock.now()
        return [key for key in keys if key.biller_id == biller_id and key.active(now)]

    async def _stamp(self, key_digest: str) -> None:
        now = self._clock.monotonic()
        if now - self._stamped.get(key_digest, -math.inf) < STAMP_SECONDS:
            return
        self._stamped[key_digest] = now
        try:
            await self._store.stamp(key_digest, self._clock.now())
        except Unavailable:
            # The delivery matters more; whether the store takes that is found out next.
            events.emit("callback_keys.stamp_failed", logging.WARNING)

    async def _fresh_enough(self) -> _Known:
        # While one request refreshes, the others go on with what is held.
        if self._known is None or not self._refreshing.locked():
            async with self._refreshing:
                await self._refresh_when_due()
        if self._known is None or self._clock.monotonic() - self._known.at >= OLDEST_SECONDS:
            raise Unavailable("the callback keys cannot be read")
        return self._known

    async def _refresh_when_due(self) -> None:
        if self._clock.monotonic() < self._due:
            return
        try:
            await self._refresh()
        except CaselleError:
            self._due = self._clock.monotonic() + _RETRY_SECONDS
            events.emit("callback_keys.refresh_failed", logging.WARNING)

    async def _refresh(self) -> _Known:
        began = self._clock.monotonic()
        pepper = self._known.pepper if self._known else await self._pepper_source()
        keys = {key.digest: key for key in await self._store.all()}
        self._known = _Known(pepper, keys, await self._homes.homes(), began)
        self._due = began + self._refresh_seconds
        return self._known
