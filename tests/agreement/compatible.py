"""What a newer contract takes away from an older one: of messages that are read, and of answers that are told.

A message that the older schema allows must be read by the newer one, field by field. An answer of the newer one must be
one that the older schema allowed, with every field and every value of a closed list still there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

Json = dict[str, Any]

_EXPLAINS = {"$schema", "$defs", "title", "description", "examples"}
_COMPARED = {"type", "enum", "const", "pattern", "format", "properties", "required", "items", "default"}
_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems"}
_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}
_CHOICES = {"anyOf", "oneOf"}
_KNOWN = _EXPLAINS | _COMPARED | _LEAST | _MOST


class Way(Enum):
    """Who writes what the schema describes."""

    READ = "a message: Invoice Cloud writes, the app reads"
    TOLD = "an answer: the app writes, Invoice Cloud reads"


@dataclass(frozen=True)
class Comparison:
    """Two documents, in which references are looked up, and the way of what they describe."""

    old_root: Json
    new_root: Json
    way: Way

    def taken(self, old: Json, new: Json, at: str = "") -> list[str]:
        """Every promise of ``old`` that ``new`` does not keep, with its place."""
        old, new = _merged(old, self.old_root), _merged(new, self.new_root)
        return [
            *_default(old, new, at),
            *self._choices(_branches(old, self.old_root), _branches(new, self.new_root), at),
        ]

    def _choices(self, old: list[Json], new: list[Json], at: str) -> Iterator[str]:
        """Each branch that may be written must be one that is read."""
        for written in old if self.way is Way.READ else new:
            read = new if self.way is Way.READ else old
            attempts = [self._one(*((written, each) if self.way is Way.READ else (each, written)), at) for each in read]
            yield from min(attempts, key=len)
        if self.way is Way.TOLD and _objects(new) < _objects(old):
            yield f"{at}: a kind of object is not told any more"

    def _one(self, old: Json, new: Json, at: str) -> list[str]:
        written, read = (old, new) if self.way is Way.READ else (new, old)
        return [
            *_unknown(old, new, at),
            *_types(written, read, at),
            *self._values(old, new, at),
            *_bounds(written, read, at),
            *_exact(written, read, at),
            *_required(written, read, at),
            *self._properties(old, new, at),
            *self._items(old, new, at),
        ]

    def _values(self, old: Json, new: Json, at: str) -> Iterator[str]:
        was, now = _closed(old), _closed(new)
        if self.way is Way.READ and now is not None:
            gone = "any value" if was is None else [each for each in was if each not in now]
            yield from [f"{at}: takes {gone} no longer"] if gone else []
        elif self.way is Way.TOLD and was is not None:
            yield from (
                [f"{at}: a closed list of values is {now}, was {was}"] if sorted(now or []) != sorted(was) else []
            )

    def _properties(self, old: Json, new: Json, at: str) -> Iterator[str]:
        fields = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            place = f"{at}.{name}".lstrip(".")
            yield from self.taken(schema, fields[name], place) if name in fields else [f"{place}: removed"]

    def _items(self, old: Json, new: Json, at: str) -> Iterator[str]:
        yield from self.taken(old.get("items", {}), new.get("items", {}), f"{at}[]") if "items" in old | new else []


def taken(old: Json, new: Json, way: Way) -> list[str]:
    """Every promise of one schema document that the newer one does not keep."""
    return Comparison(old, new, way).taken(old, new)


def taken_of_api(old: Json, new: Json) -> list[str]:
    """The same of two OpenAPI documents."""
    return [
        *(["securitySchemes: changed"] if _schemes(old) != _schemes(new) else []),
        *(
            problem
            for path, operations in old["paths"].items()
            for method, was in operations.items()
            for problem in _operation(was, new["paths"].get(path, {}).get(method), old, new, f"{method} {path}")
        ),
    ]


def _operation(was: Json, now: Json | None, old: Json, new: Json, at: str) -> Iterator[str]:
    if now is None:
        yield f"{at}: removed"
        return
    if was["security"] != now["security"]:
        yield f"{at}: asks for another key"
    yield from _parameters(was, now, Comparison(old, new, Way.READ), at)
    body, read = was.get("requestBody", {}), now.get("requestBody", {})
    if read.get("required") and not body.get("required"):
        yield f"{at}: a body is required"
    yield from _contents(body, read, Comparison(old, new, Way.READ), at)
    yield from _responses(was["responses"], now["responses"], Comparison(old, new, Way.TOLD), at)


def _parameters(was: Json, now: Json, reading: Comparison, at: str) -> Iterator[str]:
    before = {(each["name"], each["in"]): each for each in was.get("parameters", [])}
    after = {(each["name"], each["in"]): each for each in now.get("parameters", [])}
    for key, each in before.items():
        if key in after:
            yield from reading.taken(each["schema"], after[key]["schema"], f"{at} {key[0]}")
        else:
            yield f"{at} {key[0]}: removed"
    for key, each in after.items():
        if each["required"] and not before.get(key, {}).get("required"):
            yield f"{at} {key[0]}: now required"


def _responses(was: Json, now: Json, telling: Comparison, at: str) -> Iterator[str]:
    for status, answer in was.items():
        if status not in now:
            yield f"{at} {status}: removed"
            continue
        yield from _contents(answer, now[status], telling, f"{at} {status}")
        lost = set(answer.get("headers", {})) - set(now[status].get("headers", {}))
        yield from (f"{at} {status} {header}: removed" for header in lost)
    yield from (f"{at} {status}: another success" for status in set(now) - set(was) if status.startswith("2"))


def _contents(was: Json, now: Json, comparison: Comparison, at: str) -> Iterator[str]:
    before, after = was.get("content", {}), now.get("content", {})
    for kind, content in before.items():
        same = kind in after
        yield from comparison.taken(content["schema"], after[kind]["schema"], at) if same else [f"{at}: {kind} removed"]
    if comparison.way is Way.TOLD:
        yield from (f"{at}: {kind} is new" for kind in set(after) - set(before))


def _schemes(document: Json) -> Any:
    return document["components"]["securitySchemes"]


def _merged(node: Json, root: Json) -> Json:
    """References followed; the parts of an ``allOf`` as one object."""
    if "$ref" in node:
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _merged(target, root) | {key: value for key, value in node.items() if key != "$ref"}
    if "allOf" not in node:
        return node
    parts = [_merged(each, root) for each in node["allOf"]]
    return {
        **{key: value for part in parts for key, value in part.items()},
        "properties": {name: each for part in parts for name, each in part.get("properties", {}).items()},
        "required": [name for part in parts for name in part.get("required", [])],
    }


def _branches(node: Json, root: Json) -> list[Json]:
    """What a value may be: each choice, each type of its own."""
    choices = [each for word in _CHOICES for each in node.get(word, [])]
    if choices:
        rest = set(node) - _CHOICES - _EXPLAINS - {"default"}
        assert not rest, f"beside a choice stand {rest}: not compared"
        return [branch for each in choices for branch in _branches(_merged(each, root), root)]
    kinds = node.get("type")
    return [{**node, "type": kind} for kind in kinds] if isinstance(kinds, list) else [node]


def _objects(branches: list[Json]) -> int:
    return sum(each.get("type") == "object" for each in branches)


def _default(old: Json, new: Json, at: str) -> Iterator[str]:
    """What is left out must mean the same."""
    if "default" in old and old["default"] != new.get("default", object()):
        yield f"{at}: its default was {old['default']!r}"


def _unknown(old: Json, new: Json, at: str) -> Iterator[str]:
    """A keyword that nobody here compares must not pass for one that is kept."""
    yield from (f"{at}: {word} is not compared" for word in sorted((set(old) | set(new)) - _KNOWN))


def _types(written: Json, read: Json, at: str) -> Iterator[str]:
    kind, wanted = written.get("type"), read.get("type")
    if wanted is not None and kind != wanted and (kind, wanted) != ("integer", "number"):
        yield f"{at}: {kind or 'anything'} became {wanted}, or the reverse"


def _closed(node: Json) -> list[Any] | None:
    """The values of a closed list, or None."""
    return [node["const"]] if "const" in node else node.get("enum")


def _bounds(written: Json, read: Json, at: str) -> Iterator[str]:
    for word in sorted((_LEAST | _MOST) & set(read)):
        tight = word in written and (written[word] >= read[word] if word in _LEAST else written[word] <= read[word])
        if not tight:
            yield f"{at}: {word} is {read[word]} to the reader and {written.get(word)} to the writer"


def _exact(written: Json, read: Json, at: str) -> Iterator[str]:
    """Whether one pattern allows all that another does is not decided here: another one is refused."""
    for word in ("pattern", "format"):
        if word in read and written.get(word) != read[word]:
            yield f"{at}: {word} is {read[word]} to the reader and {written.get(word)} to the writer"


def _required(written: Json, read: Json, at: str) -> Iterator[str]:
    for name in read.get("required", []):
        if name not in written.get("required", []):
            yield f"{at}.{name}: ".lstrip(".") + "required by the reader, not always written"
