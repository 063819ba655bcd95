"""Key Vault's secrets REST API over the kept secrets, and a control route that makes it fail on demand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiohttp import web

from local.vault_identity import Identity
from local.vault_secrets import Json, Refusal, Secrets

RESOURCE: Final = "https://vault.azure.net"
_CHALLENGE: Final = f'Bearer authorization="https://login.microsoftonline.com/local", resource="{RESOURCE}"'
_FAULTS: Final = {403: ("Forbidden", "ForbiddenByRbac"), 429: ("Throttled", None), 503: ("ServiceUnavailable", None)}

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Call(NamedTuple):
    """What a request asks for; an empty version means the latest."""

    name: str
    version: str
    body: Json


type Operation = Callable[[Call], Json | list[Json] | None]


@dataclass
class Faults:
    """The next ``times`` authorised requests are answered with ``status``."""

    status: int = 503
    times: int = 0

    def take(self) -> None:
        """Use up one fault.

        Raises:
            Refusal: while there are any.
        """
        if self.times > 0:
            self.times -= 1
            raise Refusal(self.status, *_FAULTS[self.status])


def vault_app(secrets: Secrets, identity: Identity) -> web.Application:
    """The vault's own listener: the API for tokens that ``identity`` issued, and ``POST /_control/faults``."""
    faults = Faults()
    app = web.Application(middlewares=[_answer_refusals])
    app.router.add_post("/_control/faults", _fault_control(faults, identity))
    for method, path, operation in _operations(secrets):
        app.router.add_route(method, path, _guarded(operation, identity, faults))
    return app


def _operations(secrets: Secrets) -> list[tuple[str, str, Operation]]:
    return [
        ("GET", "/secrets", lambda _: secrets.all()),
        ("PUT", "/secrets/{name}", lambda call: secrets.set(call.name, call.body)),
        ("DELETE", "/secrets/{name}", lambda call: secrets.delete(call.name)),
        ("GET", "/secrets/{name}/versions", lambda call: secrets.versions(call.name)),
        ("GET", "/secrets/{name}/{version:[^/]*}", lambda call: secrets.get(call.name, call.version)),
        ("PATCH", "/secrets/{name}/{version:[^/]*}", lambda call: secrets.update(call.name, call.version, call.body)),
        ("GET", "/deletedsecrets", lambda _: secrets.all_deleted()),
        ("GET", "/deletedsecrets/{name}", lambda call: secrets.get_deleted(call.name)),
        ("POST", "/deletedsecrets/{name}/recover", lambda call: secrets.recover(call.name)),
        ("DELETE", "/deletedsecrets/{name}", lambda call: secrets.purge(call.name)),
    ]


def _guarded(operation: Operation, identity: Identity, faults: Faults) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not identity.accepts(token, RESOURCE):
            return web.json_response(_error("Unauthorized"), status=401, headers={"WWW-Authenticate": _CHALLENGE})
        faults.take()
        if "api-version" not in request.query:
            raise Refusal(400, "MissingApiVersionParameter")
        body = await _body(request) if request.method in {"PUT", "PATCH"} else {}
        parts = request.match_info
        return _success(operation(Call(parts.get("name", ""), parts.get("version", ""), body)))

    return handler


def _success(content: Json | list[Json] | None) -> web.Response:
    if content is None:
        return web.Response(status=204)
    return web.json_response({"value": content, "nextLink": None} if isinstance(content, list) else content)


def _fault_control(faults: Faults, identity: Identity) -> Handler:
    """``{"status": 403|429|503, "times": n}`` with the identity header: this listener is open to every local user."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if not identity.knows_header(request):
            raise Refusal(401, "Unauthorized")
        wanted = await _body(request)
        if wanted.get("status") not in _FAULTS or not isinstance(wanted.get("times"), int):
            raise Refusal(400, "BadParameter")
        faults.status, faults.times = wanted["status"], wanted["times"]
        return web.Response(status=204)

    return handler


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response(_error(refusal.code, refusal.inner), status=refusal.status)


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "BadParameter")
    return body


def _error(code: str, inner: str | None = None) -> Json:
    error: Json = {"code": code, "message": f"The local vault answers {code}."}
    return {"error": error if inner is None else error | {"innererror": {"code": inner}}}
