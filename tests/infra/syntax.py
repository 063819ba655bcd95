"""What is wrong with one file by itself: syntax, names that nobody declared, names that nobody uses."""

from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from tests.infra.source import Source, text, walk

FUNCTIONS = frozenset(
    """allowed any array bool cidrHost cidrSubnet concat contains dateTimeAdd deployer deployment description empty
    endsWith environment extensionResourceId fail first flatten format guid indexOf int intersection items join json last
    lastIndexOf length loadFileAsBase64 loadJsonContent loadTextContent loadYamlContent managementGroup max maxLength
    maxValue metadata min minLength minValue newGuid objectKeys padLeft parseCidr pickZones range readEnvironmentVariable
    reference replace resourceGroup resourceId sealed secure shallowMerge skip split startsWith string subscription
    subscriptionResourceId substring take tenant tenantResourceId toLogicalZone toLower toUpper trim union uniqueString
    uri uriComponent utcNow""".split()  # noqa: SIM905 - a list would be seventy lines long
)
"""Of the language itself. The functions that read keys of a resource (``list...``) are left out on purpose."""


def problems(source: Source) -> Iterator[str]:
    """Of a file that can be read."""
    yield from _crowded_lines(source)
    yield from _repeated_names(source)
    yield from _unknown_names(source)
    yield from _unused_names(source)


def unreadable(source: Source) -> Iterator[str]:
    for node in walk(source.root):
        if node.type == "ERROR" or node.is_missing:
            yield f"line {node.start_point.row + 1}: cannot be read: {text(node)[:40]!r}"


def _crowded_lines(source: Source) -> Iterator[str]:
    """The grammar takes two properties on one line without a comma; the compiler does not."""
    for node in walk(source.root):
        if node.type in {"object", "array"}:
            inner = [each for each in node.children if each.type != "comment"][1:-1]
            for before, after in pairwise(inner):
                if "," not in {before.type, after.type} and before.end_point.row == after.start_point.row:
                    yield f"line {after.start_point.row + 1}: a comma is missing before {text(after)[:40]!r}"


def _repeated_names(source: Source) -> Iterator[str]:
    names = [each.name for each in source.declarations if each.kind != "output"]
    outputs = [each.name for each in source.declarations if each.kind == "output"]
    yield from (f"declared twice: {name}" for list_ in (names, outputs) for name in _twice(list_))
    for node in walk(source.root):
        if node.type == "object":
            keys = [text(each.children[0]).strip("'") for each in node.children if each.type == "object_property"]
            yield from (f"line {node.start_point.row + 1}: property twice: {name}" for name in _twice(keys))


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def _unknown_names(source: Source) -> Iterator[str]:
    declared = {each.name for each in source.declarations if each.kind != "output"}
    for node, loop_names in references(source.root):
        called = node.parent is not None and node.parent.type == "call_expression" and node == node.parent.children[0]
        known = FUNCTIONS if called else declared | loop_names
        if text(node) not in known:
            yield f"line {node.start_point.row + 1}: nothing is called {text(node)}"


def _unused_names(source: Source) -> Iterator[str]:
    if source.path.suffix == ".bicepparam":
        return
    used = {text(node) for node, _ in references(source.root)}
    for each in source.declarations:
        if (each.kind in {"param", "var"} or each.existing) and each.name not in used:
            yield f"nobody uses the {each.kind} {each.name}"


def references(node: Node, loop_names: frozenset[str] = frozenset()) -> Iterator[tuple[Node, frozenset[str]]]:
    """Every name that stands for something declared elsewhere, with the loop variables that it may stand for."""
    if node.type == "identifier":
        yield node, loop_names
    elif node.type == "for_statement":
        parts = [each for each in node.named_children if each.type != "comment"]
        names = {text(each) for each in walk(parts[0]) if not each.children and each.is_named}
        yield from references(parts[1], loop_names)
        for part in parts[2:]:
            yield from references(part, loop_names | names)
    elif node.type != "type":
        for child in node.children:
            if not _is_a_name_of(node, child):
                yield from references(child, loop_names)


def _is_a_name_of(parent: Node, child: Node) -> bool:
    """Whether it names the declaration or the property itself."""
    if parent.type == "object_property":
        return child == parent.children[0]
    return parent.type.endswith("_declaration") and child == parent.children[1]
