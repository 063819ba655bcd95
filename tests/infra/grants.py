"""Who may do what where, as the templates grant it and as their page tells it.

Each role assignment is followed up through its modules to the parameters of ``main``.
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.infra.demands import ROLES
from tests.infra.source import Declaration, Each, Expression, Source, text

THE_APP: Final = "the app"
CUSTOM: Final = "Secrets keeper"
PLACES: Final = {
    ("audit.bicep", "account"): "the audit's account",
    ("audit.bicep", "container[0]"): "container `audit`",
    ("keyvault.bicep", "vault"): "the vault",
    ("monitoring.bicep", "component"): "Application Insights",
    ("monitoring.bicep", "workspace"): "the log workspace",
    ("queueaccess.bicep", "queue"): "queue `{queueName}`",
    ("storage.bicep", "account"): "the storage account",
    ("storageaccess.bicep", "account"): "the storage account",
    ("tableaccess.bicep", "table"): "table `{tableName}`",
}
"""What the resources that roles are granted on are called on the page."""

type Known = dict[str, Any]
"""What parameters and loop variables stand for: a word, or a list of words."""


class Grant(NamedTuple):
    """One role of one principal at one place."""

    who: str
    role: str
    on: str


def problems(folder: Path) -> Iterator[str]:
    """Where the page and the templates differ."""
    page, made = set(explained(folder / "README.md")), granted(folder / "main.bicep")
    yield from (f"{each.who} gets {each.role} on {each.on}: not on the page" for each in sorted(made - page))
    yield from (f"{each.who} gets {each.role} on {each.on}: on the page only" for each in sorted(page - made))


def explained(page: Path) -> Iterator[Grant]:
    """The page's table: one grant for each principal, role and place that a row names."""
    table = page.read_text(encoding="utf-8").partition("| Who | Role | On | Why |\n")[2].partition("\n\n")[0]
    for line in table.splitlines()[1:]:
        who, roles, on = (cell.strip() for cell in line.split("|")[1:4])
        for each in product(who.replace("`", "").split(", "), roles.split(", "), _places(on)):
            yield Grant(*each)


def _places(cell: str) -> list[str]:
    """``queues `a`, `b` `` is two places."""
    kind, names = cell.partition(" ")[0].removesuffix("s"), re.findall(r"`[a-z-]+`", cell)
    return [f"{kind} {name}" for name in names] or [cell]


def granted(main: Path) -> set[Grant]:
    """Every grant that the templates make."""
    source = Source(main)
    people = {name: [name] for name in source.params if name.endswith(("PrincipalIds", "GroupIds"))}
    return set(_of(source, people))


def _of(source: Source, known: Known) -> Iterator[Grant]:
    for resource in source.resources.values():
        if resource.type == "Microsoft.Authorization/roleAssignments":
            for inner in _turns(source, resource, known):
                yield _grant(source, resource, inner)
    for module in source.modules.values():
        for inner in _turns(source, module, known):
            given = {name: _words(source, each, inner) for name, each in module.body.get("params", {}).items()}
            yield from _of(Source(source.path.parent / module.declared), given)


def _turns(source: Source, declared: Declaration, known: Known) -> Iterator[Known]:
    """What is known in each turn of a loop; in the only one where there is no loop."""
    if not isinstance(declared.value, Each):
        yield known
        return
    for item in _words(source, declared.value.over, known):
        yield known | {declared.value.variables[0]: item}


def _grant(source: Source, resource: Declaration, known: Known) -> Grant:
    role = _words(source, resource.body["properties"]["roleDefinitionId"], known)
    place = PLACES[source.path.name, resource.body["scope"].text].format(**known)
    return Grant(_words(source, resource.body["properties"]["principalId"], known), ROLES.get(role, CUSTOM), place)


def _words(source: Source, value: Any, known: Known) -> Any:
    """A word or a list of words; what takes Azure to know stays as it is written."""
    if isinstance(value, list):
        return [_words(source, each, known) for each in value]
    if not isinstance(value, Expression):
        return value
    if value.text in known:
        return known[value.text]
    if value.text in source.variables:
        return _words(source, source.variables[value.text].value, known)
    if value.text == "identity.outputs.principalId":
        return THE_APP
    return _called(source, value, known) if value.node.type == "call_expression" else value.text


def _called(source: Source, value: Expression, known: Known) -> Any:
    name, arguments = text(value.node.children[0]), value.node.named_children[1].named_children
    words = [_words(source, Expression(text(each), each), known) for each in arguments]
    if name in {"union", "concat"} and all(isinstance(each, list) for each in words):
        return [word for each in words for word in each]
    return words[-1] if name == "subscriptionResourceId" else value.text
