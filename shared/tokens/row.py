"""A biller's token row: which versions of the vault's secret count, and when somebody looks at them again."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.billers.model import TokenStrategy
from shared.tokens.delivery import Delivery
from shared.vocabulary.identity import BillerId

WARNINGS: Final = (timedelta(days=30), timedelta(days=14), timedelta(days=7), timedelta(days=1))
"""How long before a token expires somebody is told, first to last."""

RENEW_BEFORE: Final = timedelta(days=35)
"""A renewal has failed for days before the first warning is given; short-lived tokens wait for their last third."""

MOST_CANDIDATES: Final = 8
LOOKS_AFTER_REFUSAL: Final = (timedelta(minutes=5), timedelta(hours=1))
"""When a refused candidate is tried again: Caselle may switch a token on only after it was delivered."""

SOONEST_LOOK: Final = timedelta(minutes=5)
LATEST_LOOK: Final = timedelta(hours=6)

_FINGERPRINT_LENGTH = 16


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Renewal(_Record):
    """Who is renewing a token, at most until when; without a ``holder``, nobody may begin before ``until``."""

    until: AwareDatetime
    holder: str | None = None


class Candidate(_Record):
    """A delivered token that no read with it has shown to be good; ``version`` is its version in the vault.

    ``dated``: whether its end was delivered with it, not taken from what is usual.
    """

    version: str
    fingerprint: str
    expires_at: AwareDatetime
    dated: bool = True
    delivered_at: AwareDatetime
    look_at: AwareDatetime
    refusals: int = 0


class TokenRow(_Record):
    """Which version of the vault's secret is a biller's token; holds nothing secret.

    ``due_at`` is when the token needs a look again, None for never; ``fingerprint`` the first 16 hex of the token's
    SHA-256; ``candidates`` are ordered by when they came; ``warned_days`` is the latest warning given, 0 for expired;
    ``supervised`` the strategy under which a person has seen a renewal go well; ``dated`` as a candidate's.
    """

    biller_id: BillerId
    generation: int
    since: AwareDatetime
    expires_at: AwareDatetime
    dated: bool = True
    due_at: AwareDatetime | None = None
    version: str
    previous_version: str | None = None
    fingerprint: str
    renewal: Renewal | None = None
    candidates: tuple[Candidate, ...] = ()
    warned_days: int | None = None
    supervised: TokenStrategy | None = None

    @property
    def renew_at(self) -> datetime:
        """When a renewal is due, where the biller's strategy renews."""
        return self.expires_at - min(RENEW_BEFORE, (self.expires_at - self.since) / 3)

    def knows(self, print_: str) -> bool:
        """Whether the token of this fingerprint is the current one or a candidate."""
        return print_ in {self.fingerprint, *(each.fingerprint for each in self.candidates)}


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

    async def due(self, now: datetime, most: int) -> list[str]:
        """Ids of the billers whose ``due_at`` has come, longest due first; reads no other rows."""
        ...

    async def all(self) -> list[TokenRow]:
        """Every biller's row, ordered by id as text."""
        ...


def candidate(delivery: Delivery, version: str, now: datetime) -> Candidate:
    """A token just stored, to be looked at when the callback's own look has brought nothing."""
    return Candidate(
        version=version,
        fingerprint=fingerprint(delivery.token),
        expires_at=delivery.expires_at,
        dated=delivery.dated,
        delivered_at=now,
        look_at=now + SOONEST_LOOK,
    )


def serving(row: TokenRow | None, biller_id: str, token: Candidate, now: datetime) -> TokenRow:
    """The row with this token as the current one, and the one before it kept beside."""
    following = TokenRow(
        biller_id=biller_id,
        generation=row.generation + 1 if row else 1,
        since=now,
        expires_at=token.expires_at,
        dated=token.dated,
        version=token.version,
        previous_version=row.version if row else None,
        fingerprint=token.fingerprint,
        # A renewal under way goes on, and finds by the generation that its token is not the newest.
        renewal=row.renewal if row else None,
        candidates=_since(row.candidates, token) if row else (),
        warned_days=_warning_reached(token.expires_at, now),
        supervised=row.supervised if row else None,
    )
    return looked_at(following, now)


def waiting(row: TokenRow, token: Candidate, now: datetime) -> tuple[TokenRow, Candidate | None]:
    """The row with one candidate more, and the one that had to go for it."""
    if len(row.candidates) < MOST_CANDIDATES:
        return _with(row, (*row.candidates, token), now), None
    # Whoever has the callback's key can bring any number; what was refused once goes first.
    gone = min(row.candidates, key=lambda each: (each.refusals == 0, each.delivered_at))
    return _with(row, (*(each for each in row.candidates if each is not gone), token), now), gone


def refused(row: TokenRow, version: str, now: datetime) -> TokenRow | None:
    """The row after Caselle refused a candidate, which is dropped at its last refusal; None where it is gone."""
    if all(each.version != version for each in row.candidates):
        return None
    return _with(row, tuple(_after_refusal(row.candidates, version, now)), now)


def postponed(row: TokenRow, now: datetime) -> TokenRow:
    """The row after a look that settled nothing: the longer a candidate waits, the longer until the next."""

    def later(each: Candidate) -> Candidate:
        pause = _between(SOONEST_LOOK, (now - each.delivered_at) / 10, LATEST_LOOK)
        return each.model_copy(update={"look_at": max(each.look_at, now + pause)})

    return _with(row, tuple(later(each) for each in row.candidates), now)


def without(row: TokenRow, version: str, now: datetime) -> TokenRow:
    """The row without a candidate."""
    return _with(row, tuple(each for each in row.candidates if each.version != version), now)


def warned(row: TokenRow, now: datetime) -> TokenRow | None:
    """The row after the warning that is due, or None where none is."""
    reached = _warning_reached(row.expires_at, now)
    if reached is None or (row.warned_days is not None and row.warned_days <= reached):
        return None
    return row.model_copy(update={"warned_days": reached})


def looked_at(row: TokenRow, now: datetime, again_at: datetime | None = None) -> TokenRow:
    """The row with its next look: renewal, next warning, expiry, a candidate, or ``again_at``; the first to come."""
    own = (row.renew_at, *(row.expires_at - before for before in WARNINGS), row.expires_at)
    looks = [at for at in own if at > now] + [each.look_at for each in row.candidates]
    return row.model_copy(update={"due_at": min([*looks, again_at] if again_at else looks, default=None)})


def fingerprint(token: SecretStr) -> str:
    """The first 16 hex of the token's SHA-256: tells tokens apart, and tells nothing of them."""
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()[:_FINGERPRINT_LENGTH]


def _with(row: TokenRow, candidates: tuple[Candidate, ...], now: datetime) -> TokenRow:
    return looked_at(row.model_copy(update={"candidates": candidates}), now)


def _since(candidates: tuple[Candidate, ...], token: Candidate) -> tuple[Candidate, ...]:
    """Those that came after this one; all of them where it is no candidate."""
    versions = [each.version for each in candidates]
    return candidates[versions.index(token.version) + 1 :] if token.version in versions else candidates


def _after_refusal(candidates: tuple[Candidate, ...], version: str, now: datetime) -> Iterator[Candidate]:
    for each in candidates:
        if each.version != version:
            yield each
        elif each.refusals < len(LOOKS_AFTER_REFUSAL):
            look_at = now + LOOKS_AFTER_REFUSAL[each.refusals]
            yield each.model_copy(update={"refusals": each.refusals + 1, "look_at": look_at})


def _warning_reached(expires_at: datetime, now: datetime) -> int | None:
    """Days of the last warning whose time has come, 0 for expired, None for none yet."""
    if expires_at <= now:
        return 0
    return min((before.days for before in WARNINGS if expires_at - before <= now), default=None)


def _between(least: timedelta, wanted: timedelta, most: timedelta) -> timedelta:
    return max(least, min(wanted, most))
