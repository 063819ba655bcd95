"""The expression language of ARM templates: ``[format('{0}', parameters('x'))]``, parsed and evaluated."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[()\[\].,]))"
)

type Node = tuple[str, Any, tuple[Any, ...]]
type Functions = Mapping[str, Callable[..., Any]]


class BadTemplate(Exception):
    """ARM would refuse the template; the text is what it would say."""


class _Parser:
    """``call | text | number``, each followed by ``.name`` and ``[index]`` any number of times."""

    def __init__(self, source: str) -> None:
        self._tokens = list(self._split(source))
        self._at = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._at != len(self._tokens):
            raise BadTemplate(f"unexpected {self._tokens[self._at][1]!r}")
        return node

    def _split(self, source: str) -> Any:
        at, end = 0, len(source.rstrip())
        while at < end:
            found = _TOKEN.match(source, at)
            if found is None:
                raise BadTemplate(f"cannot be read from {source[at:]!r}")
            at = found.end()
            yield found.lastgroup, found[found.lastgroup]

    def _next(self, expected: str | None = None) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadTemplate("ends too early")
        token = self._tokens[self._at]
        if expected is not None and token[1] != expected:
            raise BadTemplate(f"{expected!r} is missing before {token[1]!r}")
        self._at += 1
        return token

    def _peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _expression(self) -> Node:
        kind, text = self._next()
        node: Node
        if kind == "text":
            node = ("value", text[1:-1].replace("''", "'"), ())
        elif kind == "number":
            node = ("value", int(text), ())
        elif kind == "name":
            node = ("call", text, self._arguments())
        else:
            raise BadTemplate(f"unexpected {text!r}")
        while self._peek() in {".", "["}:
            node = self._accessed(node)
        return node

    def _arguments(self) -> tuple[Node, ...]:
        self._next("(")
        found: list[Node] = []
        while self._peek() != ")":
            if found:
                self._next(",")
            found.append(self._expression())
        self._next(")")
        return tuple(found)

    def _accessed(self, node: Node) -> Node:
        if self._next()[1] == ".":
            return ("access", node, (("value", self._next()[1], ()),))
        index = self._expression()
        self._next("]")
        return ("access", node, (index,))


_LAZY: Final[Mapping[str, Callable[..., Any]]] = {
    "if": lambda test, yes, no: (yes if test() else no)(),
    "and": lambda *each: all(one() for one in each),
    "or": lambda *each: any(one() for one in each),
    "coalesce": lambda *each: next((value for one in each if (value := one()) is not None), None),
}


def _run(node: Node, functions: Functions) -> Any:
    kind, what, parts = node
    if kind == "value":
        return what
    if kind == "access":
        return _member(_run(what, functions), _run(parts[0], functions))
    name = what.lower()
    if name in _LAZY:
        return _LAZY[name](*(lambda part=part: _run(part, functions) for part in parts))
    if name not in functions:
        raise BadTemplate(f"The template function '{what}' is not valid.")
    return functions[name](*(_run(part, functions) for part in parts))


def _member(owner: Any, key: Any) -> Any:
    if isinstance(owner, list) and isinstance(key, int) and 0 <= key < len(owner):
        return owner[key]
    if isinstance(owner, dict):
        for name, value in owner.items():
            if name.lower() == str(key).lower():
                return value
    raise BadTemplate(f"The language expression property '{key}' doesn't exist.")


def evaluated(value: Any, functions: Functions) -> Any:
    """A JSON value with every expression in it replaced; loops of properties are unrolled.

    Raises:
        BadTemplate: with what ARM would say.
    """
    if isinstance(value, str):
        return _text(value, functions)
    if isinstance(value, list):
        return [evaluated(each, functions) for each in value]
    if isinstance(value, dict):
        found = {_text(name, functions): evaluated(each, functions) for name, each in value.items() if name != "copy"}
        return found | (looped(value["copy"], functions) if isinstance(value.get("copy"), list) else {})
    return value


def looped(loops: list[dict[str, Any]], functions: Functions) -> dict[str, list[Any]]:
    """What each loop of an object (``copy``) makes, by its name."""
    return {loop["name"]: [evaluated(loop["input"], turn) for turn in turns(loop, functions)] for loop in loops}


def turns(loop: dict[str, Any], functions: Functions) -> list[Functions]:
    """The functions of each turn of a loop: ``copyIndex`` knows it, by its name or by none."""
    outer = functions.get("copyindex")

    def counted(turn: int) -> Functions:
        def copy_index(*of: Any) -> int:
            named = next((each for each in of if isinstance(each, str)), None)
            offset = next((each for each in of if isinstance(each, int)), 0)
            if named is not None and named != loop["name"] and outer is not None:
                return int(outer(*of))
            return turn + offset

        return {**functions, "copyindex": copy_index}

    return [counted(turn) for turn in range(int(evaluated(loop["count"], functions)))]


def _text(value: str, functions: Functions) -> Any:
    if not (value.startswith("[") and value.endswith("]")):
        return value
    if value.startswith("[["):
        return value[1:]
    return _run(_Parser(value[1:-1]).whole(), functions)
