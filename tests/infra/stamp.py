"""One stamp as the compiler evaluated it: its resources, with names, scopes and what they read from each other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tests.infra.committed import parameters_of, snapshot_of

_REFERENCE: Final = re.compile(r"reference\('([^']+)', '[0-9a-z-]+'\)\.([A-Za-z0-9.]+)")
_EXTENSION: Final = re.compile(r"\[extensionResourceId\('([^']+)', ")
_PLACES: Final = (
    (re.compile(r"/storageAccounts/staudit[^/]+$"), "the audit's account"),
    (re.compile(r"/storageAccounts/st[^/]+$"), "the storage account"),
    (re.compile(r"/containers/([^/]+)$"), r"container `\1`"),
    (re.compile(r"/queues/([^/]+)$"), r"queue `\1`"),
    (re.compile(r"/tables/([^/]+)$"), r"table `\1`"),
    (re.compile(r"/vaults/[^/]+$"), "the vault"),
    (re.compile(r"/components/[^/]+$"), "Application Insights"),
    (re.compile(r"/workspaces/[^/]+$"), "the log workspace"),
    (re.compile(r"/userAssignedIdentities/[^/]+$"), "the app's identity"),
    (re.compile(r"/sites/[^/]+$"), "the app"),
    (re.compile(r"/actionGroups/ag-[^/]+$"), "the action group"),
    (re.compile(r"/publicIPAddresses/[^/]+$"), "the outbound address"),
)


class Resource(NamedTuple):
    """One resource that a deployment makes."""

    id: str
    type: str
    name: str
    version: str
    body: dict[str, Any]

    @property
    def scope(self) -> str:
        """Of a lock, a role assignment or a setting: the id of what it is on."""
        found = _EXTENSION.match(self.id)
        return found[1] if found else self.id.rpartition("/providers/")[0]

    @property
    def last_name(self) -> str:
        """``ledger`` of ``account/default/ledger``, also where only Azure knows what stands before it."""
        found = re.search(r"'([^']+)'\)\]$", self.name)
        return found[1] if found else self.name.rpartition("/")[2]


class Stamp:
    """A region's deployment."""

    def __init__(self, name: str, snapshot: dict[str, Any], parameters: dict[str, Any]) -> None:
        self.name = name
        self.given: dict[str, Any] = {key: each["value"] for key, each in parameters["parameters"].items()}
        self.outputs: dict[str, Any] = snapshot["outputs"]
        self.resources = [
            Resource(each["id"], each["type"], each["name"], each["apiVersion"], each)
            for each in snapshot["predictedResources"]
        ]

    @classmethod
    def committed(cls, parameters: Path) -> Self:
        """As it is committed beside its parameter file."""
        files = snapshot_of(parameters), parameters_of(parameters)
        return cls(parameters.stem, *(json.loads(each.read_text(encoding="utf-8")) for each in files))

    @property
    def closed(self) -> bool:
        """Whether storage and vault are reached through private endpoints."""
        return bool(self.given.get("vnetEnabled", False))

    def of_type(self, type_: str) -> list[Resource]:
        return [each for each in self.resources if each.type == type_]

    def names(self, type_: str) -> set[str]:
        """Last names of all resources of a type."""
        return {each.last_name for each in self.of_type(type_)}

    def settings(self) -> dict[str, str]:
        """The app's settings, with what only Azure knows as ``said`` names it."""
        found = [each for each in self.of_type("Microsoft.Web/sites/config") if each.last_name == "appsettings"]
        return {name: said(each) for one in found for name, each in one.body["properties"].items()}

    def texts(self) -> Iterator[str]:
        """Every piece of text in it, names of properties too."""
        for each in self.resources:
            yield from _texts(each.body)
        yield from _texts(self.outputs)


def at(body: Any, path: str) -> Any:
    """``at({"a": [{"b": 1}]}, "a.0.b")`` is 1; None where nothing stands."""
    for name in path.split("."):
        if isinstance(body, list):
            body = dict(enumerate(body)).get(int(name))
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def place(id_: str) -> str:
    """What the page on stamps calls a resource; its id where the page does not speak of it."""
    for pattern, name in _PLACES:
        if found := pattern.search(id_):
            return found.expand(name)
    return id_


def said(value: Any) -> Any:
    """The value with ``<the vault: vaultUri>`` for what it reads from another resource, and places for ids."""
    match value:
        case dict():
            return {name: said(each) for name, each in value.items()}
        case list():
            return [said(each) for each in value]
        case str() if value.startswith("/subscriptions/"):
            return f"<{place(value)}>"
        case str() if value.startswith("["):
            read = _REFERENCE.sub(lambda found: f"<{place(found[1])}: {found[2]}>", value[1:-1])
            return _plain(read)
    return value


def _plain(expression: str) -> str:
    """``format('a{0}{1}', <x>, 'b')`` as ``a<x>b``; any other expression as it is."""
    found = re.fullmatch(r"format\('([^']*)'((?:, (?:'[^']*'|<[^>]*>))+)\)", expression)
    if found is None:
        return expression
    given = [each.strip("'") for each in re.findall(r"'[^']*'|<[^>]*>", found[2])]
    return found[1].format(*given)


def _texts(part: Any) -> Iterator[str]:
    match part:
        case dict():
            yield from part
            for each in part.values():
                yield from _texts(each)
        case list():
            for each in part:
                yield from _texts(each)
        case str():
            yield part
