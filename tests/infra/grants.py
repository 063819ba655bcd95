"""Who may do what where, as a deployment grants it and as the page on stamps tells it."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from tests.infra.roles import BUILT_IN
from tests.infra.stamp import Resource, Stamp, at, place, said

THE_APP: Final = "the app"
CUSTOM: Final = "Secrets keeper"
"""The role that the template makes."""


class Grant(NamedTuple):
    """One role of one principal at one place."""

    who: str
    role: str
    on: str


def problems(stamp: Stamp, page: Path) -> Iterator[str]:
    """Where the page and a stamp in which everybody has access differ."""
    told, made = set(explained(page)), granted(stamp)
    yield from (f"{each.who} gets {each.role} on {each.on}: not on the page" for each in sorted(made - told))
    yield from (f"{each.who} gets {each.role} on {each.on}: on the page only" for each in sorted(told - made))


def explained(page: Path) -> Iterator[Grant]:
    """The page's table: one grant for each principal, role and place that a row names."""
    table = page.read_text(encoding="utf-8").partition("| Who | Role | On | Why |\n")[2].partition("\n\n")[0]
    for line in table.splitlines()[1:]:
        people, roles, on = (cell.strip() for cell in line.split("|")[1:4])
        for each in product(people.replace("`", "").split(", "), roles.split(", "), _places(on)):
            yield Grant(*each)


def _places(cell: str) -> list[str]:
    """``queues `a`, `b` `` is two places."""
    kind, names = cell.partition(" ")[0].removesuffix("s"), re.findall(r"`[a-z-]+`", cell)
    return [f"{kind} {name}" for name in names] or [cell]


def granted(stamp: Stamp) -> set[Grant]:
    """Every grant that a deployment makes."""
    return {_grant(stamp, each) for each in stamp.of_type("Microsoft.Authorization/roleAssignments")}


def _grant(stamp: Stamp, assignment: Resource) -> Grant:
    role = str(at(assignment.body, "properties.roleDefinitionId")).rpartition("/")[2]
    own = stamp.names("Microsoft.Authorization/roleDefinitions")
    name = CUSTOM if role in own else BUILT_IN[role].name if role in BUILT_IN else f"the unknown role {role}"
    return Grant(who(stamp, assignment), name, place(assignment.scope))


def who(stamp: Stamp, assignment: Resource) -> str:
    """The app, or the parameter that names the principal."""
    principal = said(at(assignment.body, "properties.principalId"))
    if principal == "<the app's identity: principalId>":
        return THE_APP
    lists = (name for name in stamp.given if name.endswith(("PrincipalIds", "GroupIds")))
    return next((name for name in lists if principal in stamp.given[name]), f"somebody ({principal})")
