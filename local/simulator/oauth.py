"""The token endpoint (RFC 6749). Caselle's own, its place and its grants included, is not public: all assumed."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.simulator.books import Biller, World
from local.simulator.wire import SIX_MONTHS

_NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM: Final = "application/x-www-form-urlencoded"


class OAuthError(Exception):
    """An error of RFC 6749 section 5.2, by its code."""


async def answer_oauth_error(_: Request, error: Exception) -> Response:
    """An OAuthError as its HTTP answer."""
    code = str(error)
    if code == "invalid_client":
        return JSONResponse({"error": code}, 401, _NOT_STORED | {"WWW-Authenticate": "Basic"})
    return JSONResponse({"error": code}, 400, _NOT_STORED)


class TokenEndpoint:
    """``POST /oauth/token``: client_credentials, refresh_token and authorization_code."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> Response:
        """A new access token for the biller whose client asks."""
        form = await _form(request)
        biller = self._authenticated(*_credentials(request, form))
        biller.calls["token"] += 1
        refresh = _redeem(biller, form)
        token = {"access_token": biller.tokens.mint(SIX_MONTHS), "token_type": "Bearer", "expires_in": SIX_MONTHS}
        return JSONResponse(token | refresh, headers=_NOT_STORED)

    def _authenticated(self, client_id: str, client_secret: str) -> Biller:
        for biller in self._world.billers.values():
            if biller.client_id == client_id:
                if hmac.compare_digest(biller.client_secret.encode(), client_secret.encode()):
                    return biller
                break
        raise OAuthError("invalid_client")


def _redeem(biller: Biller, form: Mapping[str, str]) -> dict[str, Any]:
    """What the grant adds to the answer: a refresh token, unless the client asked on its own behalf."""
    match form.get("grant_type"):
        case None:
            raise OAuthError("invalid_request")
        case "client_credentials":
            return {}
        case "refresh_token":
            good = biller.tokens.use_refresh(_needed(form, "refresh_token"))
        case "authorization_code":
            good = biller.tokens.use_code(_needed(form, "code"))
        case _:
            raise OAuthError("unsupported_grant_type")
    if not good:
        raise OAuthError("invalid_grant")
    return {"refresh_token": biller.tokens.mint_refresh()}


def _needed(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise OAuthError("invalid_request")
    return form[name]


async def _form(request: Request) -> dict[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    if media_type.lower() != _FORM or any(len(values) > 1 for values in fields.values()):
        raise OAuthError("invalid_request")
    return {name: values[0] for name, values in fields.items()}


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise OAuthError("invalid_request")  # one way to authenticate at a time
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client") from None
    return unquote_plus(client_id), unquote_plus(secret)
