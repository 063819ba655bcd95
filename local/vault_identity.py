"""The App Service identity endpoint (protocol 2019-08-01), so that ``ManagedIdentityCredential`` runs unmodified."""

import hashlib
import hmac
import secrets
import time
from pathlib import Path
from typing import Final

from aiohttp import web

from local.private_files import read_json, write_private_json

_PROTOCOL: Final = "2019-08-01"
_LIFETIME_SECONDS: Final = 24 * 3600


class Identity:
    """Issues random tokens and knows which it has issued; a restart forgets none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = read_json(file)
        self.header: str = kept.get("header") or secrets.token_hex(16)
        self._issued: dict[str, tuple[str, int]] = {
            digest: (resource, expiry) for digest, (resource, expiry) in kept.get("issued", {}).items()
        }

    def issue(self, resource: str) -> tuple[str, int]:
        """A new token for the resource, and when it expires (seconds since 1970)."""
        now = int(time.time())
        token, expiry = secrets.token_urlsafe(32), now + _LIFETIME_SECONDS
        self._issued = {digest: kept for digest, kept in self._issued.items() if kept[1] > now}
        self._issued[_digest(token)] = (resource.rstrip("/"), expiry)
        write_private_json(self._file, {"header": self.header, "issued": self._issued})
        return token, expiry

    def accepts(self, token: str, resource: str) -> bool:
        """Whether the token was issued here for the resource and has not expired."""
        issued_for, expiry = self._issued.get(_digest(token), ("", 0))
        return issued_for == resource and expiry > time.time()

    def knows_header(self, request: web.Request) -> bool:
        given = request.headers.get("X-IDENTITY-HEADER", "")
        return hmac.compare_digest(given.encode(), self.header.encode())


def identity_app(identity: Identity) -> web.Application:
    """``GET /msi/token?api-version=2019-08-01&resource=...`` with the header ``X-IDENTITY-HEADER``."""

    async def token(request: web.Request) -> web.Response:
        resource = request.query.get("resource")
        if not identity.knows_header(request):
            return web.json_response({"statusCode": 401, "message": "wrong X-IDENTITY-HEADER"}, status=401)
        if request.query.get("api-version") != _PROTOCOL or not resource:
            return web.json_response({"statusCode": 400, "message": "needs api-version and resource"}, status=400)
        access_token, expiry = identity.issue(resource)
        fields = {"access_token": access_token, "expires_on": str(expiry), "resource": resource, "token_type": "Bearer"}
        return web.json_response(fields)

    app = web.Application()
    app.router.add_get("/msi/token", token)
    return app


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
