"""Stands for Entra: gives tokens to one app registration for what its federated credential asserts."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.azure.cloud.wire import Request, Response, told

TENANT: Final = "11111111-1111-1111-1111-111111111111"
CLIENT: Final = "44444444-4444-4444-4444-444444444444"
OBJECT: Final = "33333333-3333-3333-3333-333333333333"
HOST: Final = "login.microsoftonline.com"
MANAGEMENT: Final = (
    "https://management.core.windows.net/",
    "https://management.azure.com/",
    "https://management.azure.com",
)
_RESOURCES: Final = (*MANAGEMENT, "https://storage.azure.com", "https://storage.azure.com/", "https://vault.azure.net")
_SUBJECT: Final = re.compile(r"repo:[\w.-]+/[\w.-]+:environment:[\w.-]+")
_TOKEN_SECONDS: Final = 3900


class Entra:
    """One tenant.

    Args:
        now: seconds since 1970; a test may move it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def answer(self, request: Request) -> Response:
        tenant = request.path.split("/")[1]
        if tenant not in {TENANT, "common", "organizations"}:
            return _error(400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        rest = request.path.split("/", 2)[2]
        if (request.method, rest) == ("GET", "v2.0/.well-known/openid-configuration"):
            return told(200, _configuration(tenant))
        if (request.method, rest) == ("GET", "discovery/instance"):
            return told(200, _instance(tenant))
        if (request.method, rest) == ("POST", "oauth2/v2.0/token"):
            return self._token(_form(request))
        return told(404)

    def assertion(self, subject: str, *, seconds: float = 300) -> str:
        """What GitHub gives a job of that environment: it lives five minutes."""
        now = int(self._now())
        issuer = "https://token.actions.githubusercontent.com"
        return _jwt(
            {"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "iat": now, "exp": now + int(seconds)}
        )

    def _token(self, form: dict[str, str]) -> Response:
        if form.get("client_id") != CLIENT:
            return _error(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        refusal = self._refusal(claims(form.get("client_assertion", "")))
        if refusal is not None:
            return refusal
        resource = form.get("scope", "").removesuffix("/.default")
        if resource not in _RESOURCES:
            return _error(
                400, "invalid_resource", 500011, f"The resource principal named {resource} was not found in the tenant."
            )
        now = int(self._now())
        who = {"oid": OBJECT, "appid": CLIENT, "tid": TENANT, "idtyp": "app", "app_displayname": "deployer"}
        token = _jwt(
            who
            | {"aud": resource, "iss": f"https://sts.windows.net/{TENANT}/", "iat": now, "exp": now + _TOKEN_SECONDS}
        )
        return told(200, {"token_type": "Bearer", "expires_in": _TOKEN_SECONDS - 1, "access_token": token})

    def _refusal(self, asserted: dict[str, Any]) -> Response | None:
        if asserted.get("aud") != "api://AzureADTokenExchange" or not _SUBJECT.fullmatch(str(asserted.get("sub"))):
            return _error(
                401, "invalid_client", 70021, "No matching federated identity record found for presented assertion."
            )
        if not asserted["iat"] <= self._now() <= asserted["exp"]:
            return _error(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
        return None


def claims(token: str) -> dict[str, Any]:
    """What a token says; empty where it is none. Nobody checks signatures here."""
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _jwt(body: dict[str, Any]) -> str:
    parts = ({"alg": "RS256", "typ": "JWT"}, body)
    encoded = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts]
    return ".".join([*encoded, "c2ln"])


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode()))


def _configuration(tenant: str) -> dict[str, object]:
    base = f"https://{HOST}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "tenant_region_scope": "NA",
    }


def _instance(tenant: str) -> dict[str, object]:
    names = {"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": [HOST, "login.windows.net"]}
    found = f"https://{HOST}/{tenant}/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": [names]}


def _error(status: int, error: str, number: int, text: str) -> Response:
    said = f"AADSTS{number}: {text} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-30 00:00:00Z"
    return told(status, {"error": error, "error_description": said, "error_codes": [number]})
