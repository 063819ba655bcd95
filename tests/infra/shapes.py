"""The property names of every resource type that the templates use, at the depth that they use.

``shapes.json`` was taken from the models of Microsoft's management libraries; ``null`` stands for "any name": a map whose
keys are ours, or a value that is not an object.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.source import Each, Expression, Source

SHAPES: dict[str, Any] = json.loads(Path(__file__).with_name("shapes.json").read_text(encoding="utf-8"))
OF_BICEP = {"parent", "scope", "dependsOn"}


def wrong_names(source: Source) -> Iterator[str]:
    """Properties that the resource's type does not have."""
    for resource in source.resources.values():
        shape = SHAPES.get(resource.declared)
        if shape is None:
            yield f"{resource.declared}: not among the types that were checked"
        else:
            body = {name: part for name, part in resource.body.items() if name not in OF_BICEP}
            yield from (f"{resource.name}: no property {path}" for path in _strange(body, shape, ""))


def _strange(part: Any, shape: dict[str, Any] | None, path: str) -> Iterator[str]:
    if isinstance(part, Each):
        yield from _strange(part.body, shape, path)
    elif isinstance(part, list):
        for each in part:
            yield from _strange(each, shape, path)
    elif isinstance(part, dict) and shape is not None:
        for name, inner in part.items():
            if name not in shape:
                yield f"{path}{name}"
            else:
                yield from _strange(inner, shape[name], f"{path}{name}.")
    elif not isinstance(part, Expression | dict | str | int | bool | None):
        yield f"{path} is a {type(part).__name__}"


def reads(declared: str, path: list[str]) -> bool:
    """Whether a resource of the type has the property that an expression reads from it."""
    shape = SHAPES.get(declared)
    for name in path:
        if shape is None:
            return True
        if name not in shape:
            return False
        shape = shape[name]
    return True
