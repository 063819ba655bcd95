"""The functions of template expressions that depend on nothing but their arguments."""

import ipaddress
import json
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

from tests.azure.cloud import hashes
from tests.azure.cloud.expressions import BadTemplate


def _format(pattern: str, *values: Any) -> str:
    texts = [_string(each) for each in values]
    spread = re.sub(
        r"\{(\d+)(?::[^}]*)?\}", lambda found: texts[int(found[1])], pattern.replace("{{", "\0").replace("}}", "\1")
    )
    return spread.replace("\0", "{").replace("\1", "}")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _concat(*parts: Any) -> Any:
    if all(isinstance(each, list) for each in parts):
        return [item for each in parts for item in each]
    return "".join(_string(each) for each in parts)


def _union(*parts: Any) -> Any:
    if all(isinstance(each, list) for each in parts):
        found: list[Any] = []
        for each in _concat(*parts):
            found += [] if each in found else [each]
        return found
    return reduce(_merged, parts, {})


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        both = isinstance(found.get(name), dict) and isinstance(value, dict)
        found[name] = _merged(found[name], value) if both else value
    return found


def _create_object(*pairs: Any) -> dict[str, Any]:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, dict):
        return str(item).lower() in {name.lower() for name in container}
    return item in container


def _equals(one: Any, other: Any) -> bool:
    """Text is compared without its letter case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other)


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise BadTemplate(f"The template language function 'int' cannot convert {value!r}.") from None


def _subnet(prefix: str, bits: int, index: int) -> str:
    return str(list(ipaddress.ip_network(prefix).subnets(new_prefix=bits))[index])


def _try_get(value: Any, *path: Any) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = next((each for name, each in value.items() if name.lower() == str(key).lower()), None)
        else:
            value = value[key] if isinstance(value, list) and key < len(value) else None
    return value


def _first(value: Any) -> Any:
    return value[0] if value else ""


PURE: Final[dict[str, Callable[..., Any]]] = {
    "format": _format,
    "concat": _concat,
    "union": _union,
    "string": _string,
    "contains": _contains,
    "equals": _equals,
    "int": _int,
    "cidrsubnet": _subnet,
    "guid": hashes.guid,
    "uniquestring": hashes.unique_string,
    "createobject": _create_object,
    "createarray": lambda *items: list(items),
    "empty": lambda value: not value,
    "not": lambda value: not value,
    "length": len,
    "join": lambda items, between: between.join(_string(each) for each in items),
    "replace": lambda text, old, new: text.replace(old, new),
    "split": lambda text, by: text.split(by),
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "startswith": lambda text, part: text.lower().startswith(part.lower()),
    "endswith": lambda text, part: text.lower().endswith(part.lower()),
    "substring": lambda text, start, length=None: text[start:] if length is None else text[start : start + length],
    "take": lambda value, count: value[:count],
    "skip": lambda value, count: value[count:],
    "tryget": _try_get,
    "first": _first,
    "last": lambda value: value[-1] if value else "",
    "range": lambda start, count: list(range(start, start + count)),
    "greater": lambda one, other: one > other,
    "greaterorequals": lambda one, other: one >= other,
    "less": lambda one, other: one < other,
    "lessorequals": lambda one, other: one <= other,
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": lambda one, other: one // other,
    "mod": lambda one, other: one % other,
    "min": min,
    "max": max,
    "json": json.loads,
    "null": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "items": lambda value: [{"key": name, "value": each} for name, each in sorted(value.items())],
}
