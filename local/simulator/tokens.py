"""The tokens of one biller: Caselle's grid of expiration dates and Active boxes."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_CODE_LIFE = timedelta(minutes=10)


@dataclass(slots=True)
class _Token:
    expires_at: datetime
    active: bool = True

    def valid(self) -> bool:
        return self.active and self.expires_at > datetime.now(UTC)


@dataclass(slots=True)
class TokenGrid:
    """Access tokens, refresh tokens and authorisation codes; a new token leaves the earlier ones active."""

    _access: dict[str, _Token] = field(default_factory=dict, repr=False)
    _refresh: set[str] = field(default_factory=set, repr=False)
    _codes: dict[str, _Token] = field(default_factory=dict, repr=False)

    def mint(self, seconds: int) -> str:
        """A new access token that lives so many seconds."""
        token = secrets.token_urlsafe(32)
        self._access[token] = _Token(datetime.now(UTC) + timedelta(seconds=seconds))
        return token

    def mint_refresh(self) -> str:
        """A new refresh token, good for one use."""
        token = secrets.token_urlsafe(32)
        self._refresh.add(token)
        return token

    def mint_code(self) -> str:
        """A new authorisation code, good for one use within ten minutes."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Token(datetime.now(UTC) + _CODE_LIFE)
        return code

    def admits(self, token: str) -> bool:
        """Whether the access token is of this biller, active and not expired."""
        known = self._access.get(token)
        return known is not None and known.valid()

    def use_refresh(self, token: str) -> bool:
        """Whether the refresh token was good; it is not any more."""
        good = token in self._refresh
        self._refresh.discard(token)
        return good

    def use_code(self, code: str) -> bool:
        """Whether the authorisation code was good; it is not any more."""
        known = self._codes.pop(code, None)
        return known is not None and known.valid()

    def revoke(self) -> None:
        """Clear the Active box of every access token."""
        for token in self._access.values():
            token.active = False
