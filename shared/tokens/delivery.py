"""What Caselle delivers, read tolerantly: its field names and date formats are not public."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr

from shared.tokens.body import DeliveryRefused, Fields
from shared.vocabulary.clock import from_ms

USUAL_LIFETIME: Final = timedelta(days=182)
"""Six months, the period Caselle offers by default: taken where no date is given."""

LONGEST_LIFETIME: Final = timedelta(days=365)
"""Later dates are cut to this, so that a mistyped year still brings the warnings before expiry."""

_TOKEN = ("access_token", "token", "oauth_token")
_LIFETIME = ("expires_in",)
_EXPIRY = (
    "expires_at",
    "expires_on",
    "expires",
    "expiration_date",
    "expiration",
    "expiry_date",
    "expiry",
    "token_expiration",
    "token_expiration_date",
)
_US_DATES = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p")
_OAUTH_ERRORS = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    },
)
# What may stand in an Authorization header: anything else would be refused there, or split it.
_SCHEME = re.compile(r"^bearer +", re.IGNORECASE)
_SENDABLE = re.compile(r"[!-~]+", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,12}(?:\.[0-9]*)?", re.ASCII)
_EPOCH = re.compile(r"([0-9]{9,14})(?:\.[0-9]*)?", re.ASCII)
_BARE_OFFSET = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")  # +00:00 after a bare plus sign became a space
_FIRST_MS = 10**11  # as seconds this lies in the year 5138, as milliseconds in 1973


class Delivery(BaseModel):
    """One delivered token, and the credentials that came with it; ``dated``: whether its end came with it, too."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    token: SecretStr
    expires_at: AwareDatetime
    dated: bool = True
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None

    def credentials(self) -> SecretStr | None:
        """What came beside the token, as JSON (``clientId``, ``clientSecret``, ``refreshToken``), or None."""
        given = {
            "clientId": self.client_id,
            "clientSecret": self.client_secret and self.client_secret.get_secret_value(),
            "refreshToken": self.refresh_token and self.refresh_token.get_secret_value(),
        }
        return SecretStr(json.dumps(given)) if any(given.values()) else None


class Code(BaseModel):
    """An authorization code, and the state of the authorization it belongs to."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: SecretStr
    state: SecretStr


def read_code(fields: Fields) -> Code | None:
    """The code in these fields, or None where there is none, or a token or an OAuth error to read instead.

    Raises:
        DeliveryRefused: it came without a state, so nobody here asked for it.
    """
    if fields.first(*_TOKEN) or fields.first("error"):
        return None
    code, state = _credential(fields, "code"), _credential(fields, "state")
    if code is None:
        return None
    if state is None:
        raise DeliveryRefused("state", "missing: a code is taken for an authorization that was begun here")
    return Code(code=code, state=state)


def read_delivery(fields: Fields, now: datetime) -> Delivery:
    """The token in these fields.

    Raises:
        DeliveryRefused: there is no token in them, or one that cannot be sent, or a date that cannot be
            read or has passed.
    """
    token = _credential(fields, *_TOKEN)
    if token is None:
        raise _why_no_token(fields)
    client_id = _credential(fields, "client_id")
    return Delivery(
        token=token,
        expires_at=_expires_at(fields, now),
        dated=fields.first(*_LIFETIME, *_EXPIRY) is not None,
        client_id=client_id.get_secret_value() if client_id else None,
        client_secret=_credential(fields, "client_secret"),
        refresh_token=_credential(fields, "refresh_token"),
    )


def _credential(fields: Fields, *spellings: str) -> SecretStr | None:
    found = fields.first(*spellings)
    if found is None:
        return None
    name, text = found
    text = _SCHEME.sub("", text, count=1)
    if fields.url_encoded:
        text = text.replace(" ", "+")  # what was sent as a bare plus sign; no credential holds a space
    if fields.repeats_joined and "," in text:
        raise DeliveryRefused(name, "given more than once, or holds a comma: deliver it in the body")
    if not _SENDABLE.fullmatch(text):
        raise DeliveryRefused(name, "holds characters that cannot be sent in a header")
    return SecretStr(text)


def _why_no_token(fields: Fields) -> DeliveryRefused:
    if (error := fields.first("error")) is not None:
        known = error[1] if error[1] in _OAUTH_ERRORS else "an unlisted error"
        return DeliveryRefused("error", f"the authorization was refused: {known}")
    return DeliveryRefused("access_token", "missing")


def _expires_at(fields: Fields, now: datetime) -> datetime:
    latest = now + LONGEST_LIFETIME
    lifetime, expiry = fields.first(*_LIFETIME), fields.first(*_EXPIRY)
    if lifetime is not None:
        name, text = lifetime
        at = _after(text, now)
    elif expiry is not None:
        name, text = expiry
        at = _epoch(text) or _iso(text) or _us(text)
    else:
        return now + USUAL_LIFETIME
    if at is None:
        raise DeliveryRefused(name, "not a date or a number of seconds that can be read")
    if at <= now:
        raise DeliveryRefused(name, "has passed already")
    return min(at, latest).astimezone(UTC)


def _after(text: str, now: datetime) -> datetime | None:
    if not _DIGITS.fullmatch(text):
        return None
    return now + min(timedelta(seconds=float(text)), LONGEST_LIFETIME)


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    if match is None:
        return None
    number = int(match[1])
    return from_ms(number if number >= _FIRST_MS else number * 1000)


def _iso(text: str) -> datetime | None:
    if "T" in text:
        text = _BARE_OFFSET.sub("+", text)
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _us(text: str) -> datetime | None:
    for form in _US_DATES:
        try:
            return _aware(datetime.strptime(text, form))  # noqa: DTZ007 - _aware adds the zone
        except ValueError:
            continue
    return None


def _aware(at: datetime) -> datetime:
    # Caselle's cities lie west of Greenwich: taken as UTC a local time is early, never late.
    return at if at.tzinfo else at.replace(tzinfo=UTC)
