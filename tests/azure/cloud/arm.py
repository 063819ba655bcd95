"""Stands for Azure's management: finds what a request is about, and refuses what ARM refuses."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from tests.azure.cloud import entra, versions
from tests.azure.cloud.deployments import Deployments
from tests.azure.cloud.resources import Resources, kind_of
from tests.azure.cloud.wire import Refusal, Request, Response, refused, told

HOST: Final = "management.azure.com"
SUBSCRIPTION: Final = "22222222-2222-2222-2222-222222222222"
BILLING: Final = "Billing"
_ROOT: Final = f"/subscriptions/{SUBSCRIPTION}"
_BARE_NAME: Final = re.compile(rb"(, )template:")
_ASYNC: Final = {"Retry-After": "1"}

type Route = Callable[[Request, dict[str, str]], Response]


class Arm:
    """One subscription of one tenant.

    Args:
        resources: what is in it.
        site_keys: gives the host keys of a running app by its name, as its host keeps them.
        site_functions: gives the names of an app's functions by its name.
    """

    def __init__(
        self,
        resources: Resources,
        site_keys: Callable[[str], dict[str, Any]],
        site_functions: Callable[[str], list[str]],
    ) -> None:
        self.resources = resources
        self.deployments = Deployments(entra.TENANT, SUBSCRIPTION, resources)
        self.faults: dict[str, Response] = {}
        """By a pattern of method and path's end: what is answered in its place, until it is taken out."""
        self._keys, self._functions = site_keys, site_functions
        self._results: dict[str, Response] = {}

    def answer(self, request: Request) -> Response:
        try:
            self._demand_token(request)
            return self._fault(request) or self._routed(request)
        except Refusal as refusal:
            return refused(refusal)

    def _fault(self, request: Request) -> Response | None:
        asked = f"{request.method} {request.path}"
        return next((each for end, each in self.faults.items() if re.search(f"{end}$", asked, re.IGNORECASE)), None)

    def _demand_token(self, request: Request) -> None:
        if request.path.startswith("/operations/"):
            return
        token = entra.claims(request.headers.get("authorization", "").removeprefix("Bearer "))
        if token.get("aud") not in entra.MANAGEMENT:
            raise Refusal(401, "InvalidAuthenticationToken", "The access token is invalid or for another audience.")

    def _routed(self, request: Request) -> Response:
        path = re.sub("/+", "/", request.path).rstrip("/")
        for method, pattern, kind, route in self._routes():
            found = re.fullmatch(pattern, path, re.IGNORECASE)
            if found and method == request.method:
                if kind:
                    versions.demand(kind, request.query.get("api-version"))
                return route(request, {"path": path, **found.groupdict()})
        if path.lower().startswith(f"{_ROOT}/".lower()) and "/providers/" in path.lower():
            return self._resource(request, path)
        raise Refusal(404, "NotFound", f"No HTTP resource was found that matches the request {request.method} {path}.")

    def _routes(self) -> list[tuple[str, str, str, Route]]:
        deployment = rf"{_ROOT}/providers/Microsoft\.Resources/deployments/(?P<name>[^/]+)"
        stack = rf"{_ROOT}/providers/Microsoft\.Resources/deploymentStacks"
        stacks = "Microsoft.Resources/deploymentStacks"
        resources = "Microsoft.Resources/deployments"
        site = r".+/providers/Microsoft\.Web/sites/(?P<name>[^/]+)"
        account = r".+/providers/Microsoft\.Storage/storageAccounts/[^/]+"
        return [
            ("GET", "/subscriptions", resources, self._subscriptions),
            (
                "GET",
                "/tenants",
                resources,
                lambda *_: told(200, {"value": [{"tenantId": entra.TENANT, "id": f"/tenants/{entra.TENANT}"}]}),
            ),
            ("GET", r"/operations/(?P<name>\d+)", "", lambda _, found: self._results[found["name"]]),
            ("GET", f"{_ROOT}/providers", resources, self._providers),
            ("GET", rf"{_ROOT}/providers/(?P<name>[^/]+)", resources, self._provider),
            ("POST", rf"{_ROOT}/providers/(?P<name>[^/]+)/register", resources, self._register),
            ("GET", rf"({_ROOT}|{_ROOT}/resourceGroups/(?P<group>[^/]+))/resources", resources, self._list),
            ("GET", rf"{_ROOT}/resourceGroups/(?P<group>[^/]+)", resources, self._group),
            ("POST", f"{deployment}/validate", resources, self._validate),
            ("POST", f"{deployment}/whatIf", resources, self._what_if),
            ("PUT", deployment, resources, self._deploy),
            ("GET", deployment, resources, self._deployment),
            ("GET", stack, stacks, lambda *_: told(200, {"value": list(self.deployments.stacks.values())})),
            ("POST", rf"{stack}/(?P<name>[^/]+)/validate", stacks, self._validate_stack),
            ("PUT", rf"{stack}/(?P<name>[^/]+)", stacks, self._put_stack),
            ("GET", rf"{stack}/(?P<name>[^/]+)", stacks, lambda _, found: told(200, self._stack(found["name"]))),
            ("DELETE", rf"{stack}/(?P<name>[^/]+)", stacks, self._delete_stack),
            ("GET", rf"{_ROOT}/providers/(?P<kind>[^/]+/[^/]+)", "", self._all_of),
            ("GET", rf"{site}/functions", "Microsoft.Web/sites", self._site_functions),
            ("POST", rf"{site}/host/default/listkeys", "Microsoft.Web/sites", self._site_keys),
            (
                "GET",
                rf"{account}/blobServices/default/containers",
                "Microsoft.Storage/storageAccounts",
                self._containers,
            ),
            (
                "POST",
                rf"{account}/blobServices/.+/immutabilityPolicies/default/lock",
                "Microsoft.Storage/storageAccounts",
                self._lock,
            ),
        ]

    # What belongs to the subscription.

    def _subscriptions(self, *_: object) -> Response:
        mine = {
            "id": _ROOT,
            "subscriptionId": SUBSCRIPTION,
            "tenantId": entra.TENANT,
            "displayName": BILLING,
            "state": "Enabled",
        }
        return told(200, {"value": [mine | {"homeTenantId": entra.TENANT, "managedByTenants": []}]})

    def _providers(self, *_: object) -> Response:
        return told(200, {"value": [self._described(each) for each in sorted(self.resources.registered)]})

    def _provider(self, _: Request, found: dict[str, str]) -> Response:
        return told(200, self._described(found["name"]))

    def _register(self, _: Request, found: dict[str, str]) -> Response:
        self.resources.registered.add(found["name"])
        return told(200, self._described(found["name"]))

    def _described(self, namespace: str) -> dict[str, Any]:
        there = namespace.lower() in {each.lower() for each in self.resources.registered}
        kinds = sorted({kind_of(each["id"]) for each in self.resources})
        mine = [each for each in kinds if each.partition("/")[0].lower() == namespace.lower()]
        listed = [
            {"resourceType": each.partition("/")[2], "apiVersions": list(reversed(versions.of(each))), "locations": []}
            for each in mine
        ]
        return {
            "namespace": namespace,
            "registrationState": "Registered" if there else "NotRegistered",
            "resourceTypes": listed,
        }

    def _group(self, _: Request, found: dict[str, str]) -> Response:
        return told(200, self.resources.found(found["path"]))

    def _list(self, request: Request, found: dict[str, str]) -> Response:
        group = found.get("group")
        if group is not None:
            self.resources.found(f"{_ROOT}/resourceGroups/{group}")
        asked = _filter(request.query.get("$filter", ""))
        named = asked.get("resourcegroup", group)
        return told(
            200, {"value": [_short(each) for each in self.resources if _wanted(each, named, asked.get("resourcetype"))]}
        )

    def _all_of(self, request: Request, found: dict[str, str]) -> Response:
        versions.demand(found["kind"], request.query.get("api-version"))
        return told(200, {"value": [each for each in self.resources if _wanted(each, None, found["kind"])]})

    # Deployments.

    def _validate(self, request: Request, found: dict[str, str]) -> Response:
        return told(200, self.deployments.validated(found["name"], _body(request)))

    def _what_if(self, request: Request, found: dict[str, str]) -> Response:
        return self._later(202, None, told(200, self.deployments.previewed(found["name"], _body(request))), "Location")

    def _deploy(self, request: Request, found: dict[str, str]) -> Response:
        made = self.deployments.created(found["name"], _body(request))
        return self._later(201, made, _ended(made))

    def _deployment(self, _: Request, found: dict[str, str]) -> Response:
        kept = self.deployments.kept.get(found["name"].lower())
        if kept is None:
            raise Refusal(404, "DeploymentNotFound", f"Deployment '{found['name']}' could not be found.")
        return told(200, kept)

    def _stack(self, name: str) -> dict[str, Any]:
        kept = self.deployments.stacks.get(name.lower())
        if kept is None:
            raise Refusal(404, "DeploymentStackNotFound", f"The Deployment stack '{name}' could not be found.")
        return kept

    def _validate_stack(self, request: Request, found: dict[str, str]) -> Response:
        body = _body(request)
        tried = {
            **body,
            "properties": {
                "mode": "Incremental",
                **{name: body["properties"].get(name) for name in ("template", "parameters")},
            },
        }
        self.deployments.validated(found["name"], tried)
        return told(
            200,
            {
                "id": found["path"].rpartition("/")[0],
                "name": found["name"],
                "properties": {"provisioningState": "succeeded"},
            },
        )

    def _put_stack(self, request: Request, found: dict[str, str]) -> Response:
        made = self.deployments.create_stack(found["name"], _body(request))
        return self._later(201, made, _ended(made))

    def _delete_stack(self, request: Request, found: dict[str, str]) -> Response:
        self._stack(found["name"])
        self.deployments.delete_stack(found["name"], request.query)
        return told(200)

    def _later(self, status: int, content: object, result: Response, header: str = "Azure-AsyncOperation") -> Response:
        """The answer that says where the real one will be."""
        number = str(len(self._results) + 1)
        self._results[number] = result
        return Response(
            status,
            told(status, content).body,
            {"Content-Type": "application/json", header: f"https://{HOST}/operations/{number}"} | _ASYNC,
        )

    # Resources.

    def _resource(self, request: Request, path: str) -> Response:
        versions.demand(kind_of(path), request.query.get("api-version"))
        if request.method in {"GET", "HEAD"}:
            return told(200, self.resources.found(path))
        if request.method == "DELETE":
            if self.resources.get(path) is None:
                return told(204)
            self.resources.delete(path)
            return told(200)
        raise Refusal(
            405, "MethodNotAllowed", f"The requested resource does not support http method '{request.method}'."
        )

    def _site_functions(self, _: Request, found: dict[str, str]) -> Response:
        site = self.resources.found(found["path"].rpartition("/")[0])
        kind = "Microsoft.Web/sites/functions"
        names = self._functions(site["name"])
        listed = [
            {
                "id": f"{site['id']}/functions/{each}",
                "name": f"{site['name']}/{each}",
                "type": kind,
                "properties": {"name": each},
            }
            for each in names
        ]
        return told(200, {"value": listed})

    def _site_keys(self, _: Request, found: dict[str, str]) -> Response:
        site = self.resources.found(found["path"].rpartition("/host/")[0])
        return told(200, self._keys(site["name"]))

    def _containers(self, _: Request, found: dict[str, str]) -> Response:
        self.resources.found(found["path"].rpartition("/blobServices/")[0])
        below = re.compile(re.escape(found["path"]) + "/[^/]+", re.IGNORECASE)
        return told(200, {"value": [self._container(each) for each in self.resources if below.fullmatch(each["id"])]})

    def _container(self, container: dict[str, Any]) -> dict[str, Any]:
        policy = self.resources.get(f"{container['id']}/immutabilityPolicies/default")
        return {**container, "properties": container["properties"] | {"hasImmutabilityPolicy": policy is not None}}

    def _lock(self, request: Request, found: dict[str, str]) -> Response:
        policy = self.resources.found(found["path"].rpartition("/")[0])
        if request.headers.get("if-match") not in {policy["etag"], policy["etag"].strip('"')}:
            raise Refusal(
                412, "PreconditionFailed", "The condition specified using HTTP conditional header(s) is not met."
            )
        self.resources.change(policy["id"], state="Locked")
        return told(200, policy)


def _body(request: Request) -> dict[str, Any]:
    # ``az`` sends the template's name without quotes, and ARM's reader takes it.
    text = _BARE_NAME.sub(rb'\1"template":', request.body, count=1)
    try:
        found = json.loads(text)
    except ValueError:
        raise Refusal(
            400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
        ) from None
    if not isinstance(found, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content was invalid: it is no object.")
    return found


def _filter(text: str) -> dict[str, str]:
    """``resourceGroup eq 'g' and resourceType eq 't'``: the two that a list of resources is asked for by here."""
    found = {}
    for part in text.split(" and ") if text else []:
        one = re.fullmatch(r"(resourceType|resourceGroup) eq '([^']+)'", part)
        if one is None:
            raise Refusal(400, "InvalidFilterInQueryString", f"The filter '{text}' is not valid.")
        found[one[1].lower()] = one[2]
    return found


def _ended(made: dict[str, Any]) -> Response:
    state, error = made["properties"]["provisioningState"], made["properties"].get("error")
    return told(200, {"status": state} | ({"error": error} if error else {}))


def _short(resource: dict[str, Any]) -> dict[str, Any]:
    """As a list names it: without its properties."""
    return {
        name: each
        for name, each in resource.items()
        if name in {"id", "name", "type", "location", "tags", "kind", "sku", "identity"}
    }


def _wanted(resource: dict[str, Any], group: str | None, kind: str | None) -> bool:
    """Lists hold top-level resources of groups; neither modules nor extensions."""
    identifier = resource["id"].lower()
    if identifier.count("/providers/") != 1 or kind_of(identifier).count("/") > 1 or "location" not in resource:
        return False
    in_group = group is None or f"/resourcegroups/{group.lower()}/" in identifier
    return in_group and (kind is None or kind_of(identifier) == kind.lower())
