"""A Bicep file as plain values: what is declared in it, and what each declaration says.

Strings, numbers, objects and arrays become Python values; anything that only Azure could work out stays an ``Expression``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bicep.language()))
_ESCAPES = {r"\'": "'", r"\\": "\\", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\$": "$"}


@dataclass(frozen=True)
class Expression:
    """Source text that is not a literal."""

    text: str
    node: Node = field(compare=False, repr=False)

    def __contains__(self, part: str) -> bool:
        return part in self.text


@dataclass(frozen=True)
class Each:
    """``[for variable in over: body]``."""

    variables: tuple[str, ...]
    over: Any
    body: Any


@dataclass(frozen=True)
class Declaration:
    """One ``param``, ``var``, ``resource``, ``module`` or ``output``."""

    kind: str
    name: str
    node: Node = field(repr=False)
    value: Any = None
    declared: str = ""
    """Of a param or output: its type. Of a resource: ``type@version``. Of a module: its path."""
    decorators: dict[str, Any] = field(default_factory=dict)
    existing: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """The object of a resource or module, of each of them where they are many."""
        body = self.value.body if isinstance(self.value, Each) else self.value
        return body if isinstance(body, dict) else {}

    @property
    def type(self) -> str:
        """Of a resource: its type, without the version."""
        return self.declared.partition("@")[0]


class Source:
    """One ``.bicep`` or ``.bicepparam`` file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.root = _PARSER.parse(self._parseable().encode()).root_node

    def _parseable(self) -> str:
        """The grammar knows no parameter files; an assignment reads like a variable."""
        if self.path.suffix != ".bicepparam":
            return self.text
        lines = ("" if line.startswith("using ") else line for line in self.text.splitlines())
        return "\n".join("var" + line.removeprefix("param") if line.startswith("param ") else line for line in lines)

    @property
    def using(self) -> str | None:
        """The template that a parameter file is for."""
        lines = [line for line in self.text.splitlines() if line.startswith("using ")]
        return lines[0].removeprefix("using ").strip().strip("'") if lines else None

    @cached_property
    def scope(self) -> str:
        targets = [node for node in self.root.children if node.type == "target_scope_assignment"]
        return str(value(targets[0].children[-1])) if targets else "resourceGroup"

    @cached_property
    def declarations(self) -> list[Declaration]:
        found, decorators = [], {}
        for node in self.root.children:
            if node.type == "decorators":
                decorators = dict(_decorator(each) for each in node.children)
            elif node.type.endswith("_declaration"):
                found.append(_declaration(node, decorators))
                decorators = {}
        return found

    def of_kind(self, kind: str) -> dict[str, Declaration]:
        return {each.name: each for each in self.declarations if each.kind == kind}

    @property
    def params(self) -> dict[str, Declaration]:
        return self.of_kind("param")

    @property
    def variables(self) -> dict[str, Declaration]:
        return self.of_kind("var")

    @property
    def resources(self) -> dict[str, Declaration]:
        return self.of_kind("resource")

    @property
    def modules(self) -> dict[str, Declaration]:
        return self.of_kind("module")

    @property
    def outputs(self) -> dict[str, Declaration]:
        return self.of_kind("output")


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    left = [node]
    while left:
        yield (found := left.pop())
        left += reversed(found.children)


def text(node: Node) -> str:
    return (node.text or b"").decode()


def strings(root: Node) -> Iterator[Node]:
    """Every piece of literal text, that of interpolated strings too."""
    yield from (node for node in walk(root) if node.type == "string_content")


def value(node: Node) -> Any:
    """The node as a Python value, or an ``Expression``."""
    return _READERS.get(node.type, _expression)(node)


def _expression(node: Node) -> Expression:
    return Expression(text(node), node)


def _object(node: Node) -> dict[str, Any]:
    return {_key(each): value(each.children[-1]) for each in node.children if each.type == "object_property"}


def _array(node: Node) -> list[Any]:
    return [value(each) for each in node.named_children if each.type != "comment"]


def _string(node: Node) -> Any:
    inner = node.children[1:-1]
    if any(each.type == "interpolation" for each in inner):
        return Expression(text(node), node)
    return "".join(_ESCAPES.get(text(each), text(each)) for each in inner)


def _key(property_: Node) -> str:
    key = property_.children[0]
    named = value(key) if key.type == "string" else text(key)
    return named.text if isinstance(named, Expression) else named


def _each(node: Node) -> Each:
    parts = [each for each in node.named_children if each.type != "comment"]
    variables = [text(each) for each in walk(parts[0]) if each.type in {"loop_variable", "loop_enumerator"}]
    return Each(tuple(variables or [text(parts[0])]), value(parts[1]), value(parts[2]))


def _decorator(node: Node) -> tuple[str, Any]:
    call = node.named_children[0]
    arguments = call.named_children[1].named_children if call.type == "call_expression" else []
    return text(call.named_children[0]), value(arguments[0]) if arguments else None


def _declaration(node: Node, decorators: dict[str, Any]) -> Declaration:
    kind = {"parameter_declaration": "param", "variable_declaration": "var"}.get(
        node.type, node.type.removesuffix("_declaration")
    )
    tokens = [each.type for each in node.children]
    assigned = node.children[tokens.index("=") + 1] if "=" in tokens else None
    declared = next((each for each in node.children[2:3] if each.type in {"string", "type"}), None)
    return Declaration(
        kind=kind,
        name=text(node.children[1]),
        node=node,
        value=value(assigned) if assigned else None,
        declared=text(declared).strip("'") if declared else "",
        decorators=decorators,
        existing="existing" in tokens,
    )


_READERS: Final[dict[str, Callable[[Node], Any]]] = {
    "string": _string,
    "number": lambda node: int(text(node)),
    "boolean": lambda node: text(node) == "true",
    "null": lambda _: None,
    "object": _object,
    "array": _array,
    "parenthesized_expression": lambda node: value(node.named_children[0]),
    "for_statement": _each,
    "if_statement": lambda node: value(node.named_children[-1]),
}
