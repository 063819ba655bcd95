"""What files expect of each other: modules of their parameters and outputs, parameter files of their template."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.infra.shapes import reads
from tests.infra.source import Declaration, Each, Expression, Source, text, walk
from tests.infra.syntax import references

_SCOPED = {"Microsoft.Resources/resourceGroups"}
"""What a template of a subscription may declare by itself."""


def problems(source: Source, others: dict[Path, Source]) -> Iterator[str]:
    if source.path.suffix == ".bicepparam":
        yield from _parameter_file(source, others)
        return
    for module in source.modules.values():
        yield from _module(source, module, others)
        yield from _wired(source, module, others)
    yield from _scopes(source)
    yield from _members(source, others)
    yield from _defaults(source)
    yield from _circles(source)


def _target(source: Source, path: str, others: dict[Path, Source]) -> Source | None:
    return others.get((source.path.parent / path).resolve())


def _module(source: Source, module: Declaration, others: dict[Path, Source]) -> Iterator[str]:
    target = _target(source, module.declared, others)
    if target is None:
        yield f"module {module.name}: there is no file {module.declared}"
        return
    given = module.body.get("params", {})
    required = {name for name, each in target.params.items() if each.value is None and "=" not in _tokens(each)}
    yield from (f"module {module.name}: parameter {name} is missing" for name in sorted(required - given.keys()))
    yield from (f"module {module.name}: no parameter {name}" for name in sorted(given.keys() - target.params.keys()))
    for name in given.keys() & target.params.keys():
        yield from _fits(source, target.params[name], given[name], others)
    if source.scope != target.scope and "scope" not in module.body:
        yield f"module {module.name}: it is for a {target.scope} and needs a scope"


def _wired(source: Source, module: Declaration, others: dict[Path, Source]) -> Iterator[str]:
    """A parameter that is called like an output gets it, unless it names what the module makes."""
    target, outputs = _target(source, module.declared, others), _outputs(source, others)
    for name, given in module.body.get("params", {}).items():
        found = given.text if isinstance(given, Expression) else repr(given)
        if target and name in outputs and found not in outputs[name] and not _names_what_is_made(target, name):
            yield f"module {module.name}: {name} is {found}, not {' or '.join(sorted(outputs[name]))}"


def _outputs(source: Source, others: dict[Path, Source]) -> dict[str, set[str]]:
    """What modules give, by name: ``uri`` of module ``vault`` is called ``uri`` and ``vaultUri``."""
    found: dict[str, set[str]] = {}
    for module in source.modules.values():
        target = _target(source, module.declared, others)
        for output in target.outputs if target else ():
            for name in (output, module.name + output[0].upper() + output[1:]):
                found.setdefault(name, set()).add(f"{module.name}.outputs.{output}")
    return found


def _names_what_is_made(target: Source, param: str) -> bool:
    names = [each.body.get("name") for each in target.resources.values() if not each.existing]
    nodes = [each.node for each in names if isinstance(each, Expression)]
    return param in {text(node) for each in nodes for node, _ in references(each)}


def _tokens(declaration: Declaration) -> list[str]:
    return [each.type for each in declaration.node.children]


def _fits(source: Source, param: Declaration, given: Any, others: dict[Path, Source]) -> Iterator[str]:
    found = _type(source, given, others)
    if found and found != param.declared:
        yield f"parameter {param.name} is {param.declared}, not {found}"
    elif not isinstance(given, Expression):
        yield from _allowed(param, given)


def _type(source: Source, given: Any, others: dict[Path, Source]) -> str | None:
    """The type of a literal, of a parameter, of a module's output; None where it takes a compiler."""
    kinds = {bool: "bool", int: "int", str: "string", list: "array", dict: "object", Each: "array"}
    if not isinstance(given, Expression):
        return kinds.get(type(given))
    if given.text.startswith("'"):
        return "string"
    path = given.text.split(".")
    if given.text in source.params:
        return source.params[given.text].declared
    if path[0] in source.modules and path[1:2] == ["outputs"] and len(path) == 3:
        target = _target(source, source.modules[path[0]].declared, others)
        return target.outputs[path[2]].declared if target and path[2] in target.outputs else None
    return None


def _allowed(param: Declaration, given: Any) -> Iterator[str]:
    rules = param.decorators
    size = len(given) if isinstance(given, str | list) else None
    if "allowed" in rules and given not in rules["allowed"]:
        yield f"parameter {param.name} may not be {given!r}"
    if isinstance(given, int) and not rules.get("minValue", given) <= given <= rules.get("maxValue", given):
        yield f"parameter {param.name} is out of range: {given}"
    if size is not None and not rules.get("minLength", size) <= size <= rules.get("maxLength", size):
        yield f"parameter {param.name} is too short or too long"


def _scopes(source: Source) -> Iterator[str]:
    if source.scope == "subscription":
        strange = [each for each in source.resources.values() if each.type not in _SCOPED and "scope" not in each.body]
        yield from (f"resource {each.name}: it lives in a resource group" for each in strange)


def _members(source: Source, others: dict[Path, Source]) -> Iterator[str]:
    """``module.outputs.x`` and ``resource.properties.x`` name something that exists."""
    for node in walk(source.root):
        if node.type == "member_expression" and not _is_inner(node):
            root, path = _path(node)
            if root in source.modules and path[:1] == ["outputs"]:
                target = _target(source, source.modules[root].declared, others)
                if target and path[1] not in target.outputs:
                    yield f"module {root} has no output {path[1]}"
            elif root in source.modules:
                yield f"module {root} has no {path[0]}"
            elif root in source.resources and not reads(source.resources[root].declared, path):
                yield f"resource {root} has no {'.'.join(path)}"


def _is_inner(node: Node) -> bool:
    """Whether a longer path goes on from it."""
    parent = node.parent
    return (
        parent is not None
        and parent.type in {"member_expression", "subscript_expression"}
        and node == parent.children[0]
    )


def _path(node: Node) -> tuple[str, list[str]]:
    """``a!.b[i].c`` as ``("a", ["b", "c"])``: indexes count for nothing."""
    if node.type == "member_expression":
        root, path = _path(node.named_children[0])
        return root, [*path, text(node.named_children[-1])]
    if node.type in {"subscript_expression", "parenthesized_expression"} and node.named_children:
        return _path(node.named_children[0])
    return text(node), []


def _defaults(source: Source) -> Iterator[str]:
    for each in source.params.values():
        if each.value is not None and not isinstance(each.value, Expression):
            yield from _fits(source, each, each.value, {})


def _circles(source: Source) -> Iterator[str]:
    names = {each.name: each for each in source.declarations if each.kind in {"var", "resource", "module"}}
    needs = {name: {text(node) for node, _ in references(each.node)} & names.keys() for name, each in names.items()}
    done: set[str] = set()
    while ready := {name for name, wanted in needs.items() if name not in done and wanted <= done}:
        done |= ready
    if rest := sorted(names.keys() - done):
        yield f"these wait for each other: {', '.join(rest)}"


def _parameter_file(source: Source, others: dict[Path, Source]) -> Iterator[str]:
    target = _target(source, source.using or "", others)
    if target is None:
        yield f"there is no template {source.using}"
        return
    given = source.variables
    required = {name for name, each in target.params.items() if "=" not in _tokens(each)}
    yield from (f"parameter {name} is missing" for name in sorted(required - given.keys()))
    yield from (f"the template has no parameter {name}" for name in sorted(given.keys() - target.params.keys()))
    for name in given.keys() & target.params.keys():
        yield from _fits(source, target.params[name], given[name].value, others)
