"""Deploys a compiled ARM template into a store of resources, as ARM does: parameters, loops, conditions, modules, outputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from tests.azure.cloud.expressions import BadTemplate, Functions, evaluated, looped, turns
from tests.azure.cloud.template_functions import PURE

DEPLOYMENTS: Final = "Microsoft.Resources/deployments"
GROUPS: Final = "Microsoft.Resources/resourceGroups"
_KINDS: Final = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "array": list,
    "object": dict,
    "secureobject": dict,
}


class Store(Protocol):
    """Where resources are kept."""

    def put(self, identifier: str, body: dict[str, Any]) -> dict[str, Any]: ...
    def get(self, identifier: str) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class Scope:
    """What is deployed to."""

    tenant: str
    subscription: str
    location: str
    deployment: str
    group: str | None = None

    @property
    def identifier(self) -> str:
        root = f"/subscriptions/{self.subscription}"
        return root if self.group is None else f"{root}/resourceGroups/{self.group}"


def resource_id(scope: str, kind: str, *names: str) -> str:
    """``/<scope>/providers/<namespace>/<type>/<name>/<type>/<name>``."""
    namespace, *types = kind.split("/")
    if len(types) != len(names):
        raise BadTemplate(
            f"Unable to evaluate template language function: {kind} takes {len(types)} names, not {len(names)}."
        )
    if kind.lower() == GROUPS.lower():
        return f"{scope}/resourceGroups/{names[0]}"
    return "/".join(
        [
            f"{scope.rstrip('/')}/providers/{namespace}",
            *(part for pair in zip(types, names, strict=True) for part in pair),
        ]
    )


def deploy(store: Store, template: dict[str, Any], parameters: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Make every resource, and give the outputs: ``{"name": {"type": ..., "value": ...}}``.

    Raises:
        BadTemplate: ARM would refuse it before anything is made.
    """
    functions = _functions(store, template, _given(template, parameters), scope)
    for identifier, resource, known in _in_order(template, scope, functions):
        if resource["type"] == DEPLOYMENTS:
            _module(store, identifier, resource, known, scope)
        else:
            store.put(identifier, _body(resource, known))
    outputs = template.get("outputs", {})
    return {
        name: {"type": each["type"].title(), "value": evaluated(each["value"], functions)}
        for name, each in outputs.items()
        if evaluated(each.get("condition", True), functions)
    }


def _given(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    wanted = template.get("parameters", {})
    strange = sorted(set(parameters) - set(wanted))
    if strange:
        raise BadTemplate(
            f"The following parameters were supplied, but do not correspond to any parameters defined in the template: '{', '.join(strange)}'."
        )
    found = {name: parameters[name]["value"] for name in wanted if name in parameters}
    for name, rule in wanted.items():
        if name not in found and "defaultValue" not in rule and not rule.get("nullable"):
            raise BadTemplate(f"The value for the template parameter '{name}' is not provided.")
        if name in found:
            _check(name, rule, found[name])
    return found


def _check(name: str, rule: dict[str, Any], value: Any) -> None:
    """Types and bounds; what is a definition of its own (``$ref``) is the compiler's to judge."""
    kind = _KINDS.get(str(rule.get("type", "")).lower())
    if value is None and rule.get("nullable"):
        return
    if kind is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise BadTemplate(
            f"The provided value for the template parameter '{name}' is not valid. Expected a value of type '{rule['type']}'."
        )
    if "allowedValues" in rule and value not in rule["allowedValues"]:
        raise BadTemplate(
            f"The provided value '{value}' for the template parameter '{name}' is not part of the allowed value(s)."
        )
    size = value if isinstance(value, int) else len(value) if isinstance(value, str | list) else 0
    low, high = rule.get("minValue", rule.get("minLength", size)), rule.get("maxValue", rule.get("maxLength", size))
    if not low <= size <= high:
        raise BadTemplate(f"The provided value for the template parameter '{name}' is not within its bounds.")


def _functions(store: Store, template: dict[str, Any], given: dict[str, Any], scope: Scope) -> Functions:
    known: dict[str, Any] = {}
    functions: dict[str, Any] = {**PURE, **_of_the_scope(scope)}

    def parameter(name: str) -> Any:
        rule = template.get("parameters", {}).get(name)
        if rule is None:
            raise BadTemplate(f"The template parameter '{name}' is not found.")
        return given[name] if name in given else evaluated(rule.get("defaultValue"), functions)

    def variable(name: str) -> Any:
        if name not in known:
            variables = template.get("variables", {})
            loops = {each["name"]: each for each in variables.get("copy", [])}
            if name in loops:
                known[name] = looped([loops[name]], functions)[name]
            elif name in variables:
                known[name] = evaluated(variables[name], functions)
            else:
                raise BadTemplate(f"The template variable '{name}' is not found.")
        return known[name]

    def reference(name: str, _version: str | None = None, full: str = "") -> Any:
        symbols = template["resources"] if isinstance(template["resources"], dict) else {}
        identifier = _identified(symbols[name], scope, functions) if name in symbols else name
        resource = store.get(identifier)
        if resource is None:
            raise BadTemplate(f"The resource '{identifier}' is not defined in the template.")
        return resource if full.lower() == "full" else resource.get("properties", {})

    functions |= {"parameters": parameter, "variables": variable, "reference": reference}
    return functions


def _of_the_scope(scope: Scope) -> dict[str, Any]:
    subscription = f"/subscriptions/{scope.subscription}"

    def here(*parts: str) -> str:
        """Leading arguments without a slash name subscription and group."""
        first = next(index for index, part in enumerate(parts) if "/" in part)
        root = scope.identifier if first == 0 else f"{subscription}/resourceGroups/{parts[first - 1]}"
        return resource_id(root, *parts[first:])

    return {
        "subscription": lambda: {"id": subscription, "subscriptionId": scope.subscription, "tenantId": scope.tenant},
        "resourcegroup": lambda: {"id": scope.identifier, "name": scope.group, "location": scope.location},
        "tenant": lambda: {"tenantId": scope.tenant},
        "deployment": lambda: {"name": scope.deployment, "location": scope.location},
        "environment": lambda: {
            "name": "AzureCloud",
            "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
        },
        "resourceid": here,
        "subscriptionresourceid": lambda *parts: resource_id(
            subscription, *parts[next(i for i, p in enumerate(parts) if "/" in p) :]
        ),
        "extensionresourceid": resource_id,
        "tenantresourceid": lambda kind, *names: resource_id("", kind, *names),
    }


def _in_order(
    template: dict[str, Any], scope: Scope, functions: Functions
) -> Iterator[tuple[str, dict[str, Any], Functions]]:
    """Each resource after those that it depends on."""
    waiting = list(_expanded(template["resources"], scope, functions))
    while waiting:
        left = {
            name
            for identifier, symbol, resource, _ in waiting
            for name in (identifier.lower(), symbol, _loop(resource))
        }
        ready = [each for each in waiting if not _needs(each, scope) & (left - {None})]
        if not ready:
            raise BadTemplate("Circular dependency detected on resource.")
        for identifier, _, resource, known in ready:
            yield identifier, resource, known
        waiting = [each for each in waiting if each not in ready]


type _Expanded = tuple[str, str | None, dict[str, Any], Functions]


def _expanded(resources: Any, scope: Scope, functions: Functions) -> Iterator[_Expanded]:
    """Loops unrolled, conditions applied: identifier, symbol, resource, and the functions that it sees."""
    listed = resources.items() if isinstance(resources, dict) else ((None, each) for each in resources)
    for symbol, resource in listed:
        if resource.get("existing"):
            continue
        for known in turns(resource["copy"], functions) if "copy" in resource else [functions]:
            if evaluated(resource.get("condition", True), known):
                yield _identified(resource, scope, known), symbol, resource, known


def _identified(resource: dict[str, Any], scope: Scope, known: Functions) -> str:
    name = evaluated(resource["name"], known)
    group = evaluated(resource.get("resourceGroup"), known)
    where = replace(scope, group=group).identifier if group else scope.identifier
    return resource_id(evaluated(resource.get("scope", where), known), resource["type"], *name.split("/"))


def _loop(resource: dict[str, Any]) -> str | None:
    return resource.get("copy", {}).get("name")


def _needs(expanded: _Expanded, scope: Scope) -> set[str]:
    """Identifiers in lower case, and names of loops and symbols as they are."""
    _, _, resource, known = expanded
    return {_needed(str(evaluated(each, known)), scope) for each in resource.get("dependsOn", [])}


def _needed(name: str, scope: Scope) -> str:
    if name.startswith("/"):
        return name.lower()
    return f"{scope.identifier}/providers/{name}".lower() if "/" in name else name


def _body(resource: dict[str, Any], known: Functions) -> dict[str, Any]:
    parts = {
        name: each
        for name, each in resource.items()
        if name not in {"copy", "condition", "dependsOn", "scope", "comments"}
    }
    found: dict[str, Any] = evaluated(parts, known)
    found["name"] = found["name"].rpartition("/")[2]
    return found


def _module(store: Store, identifier: str, resource: dict[str, Any], known: Functions, scope: Scope) -> None:
    properties = resource["properties"]
    group = evaluated(resource.get("resourceGroup"), known) or scope.group
    inner = replace(scope, group=group, deployment=evaluated(resource["name"], known))
    if group is not None and store.get(inner.identifier) is None:
        raise BadTemplate(f"Resource group '{group}' could not be found.")
    given = evaluated(properties.get("parameters", {}), known)
    outputs = deploy(store, properties["template"], given, inner)
    made = {"mode": "Incremental", "provisioningState": "Succeeded", "outputs": outputs}
    store.put(
        identifier,
        {"type": DEPLOYMENTS, "apiVersion": resource["apiVersion"], "name": inner.deployment, "properties": made},
    )
