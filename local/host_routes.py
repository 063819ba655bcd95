"""Which HTTP function answers a request, and whether the caller's key opens it."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from local.invocation import Function
from local.processes import NotReady

_PARAMETER: Final = re.compile(r"\{([A-Za-z_]\w*)(:int)?\}", re.ASCII)
_REST: Final = re.compile(r"\{\*([A-Za-z_]\w*)\}", re.ASCII)
_INT: Final = "[+-]?[0-9]{1,10}"
_RESERVED: Final = ("admin", "runtime")


@dataclass(frozen=True)
class Keys:
    """The master key opens everything, the function key what is not ``admin``; an empty key opens nothing."""

    master: str
    function: str

    def open(self, level: str, given: str) -> bool:
        """Whether the given key suffices for ``anonymous``, ``function`` or ``admin``."""
        if level == "anonymous":
            return True
        keys = [self.master] if level == "admin" else [self.master, self.function]
        return any(key and hmac.compare_digest(key.encode(), given.encode()) for key in keys)


@dataclass(frozen=True)
class Route:
    """One HTTP function's place."""

    function: Function
    level: str
    methods: frozenset[str]
    pattern: re.Pattern[str]


class Routes:
    """The app's HTTP functions in order of their names: the first that matches path and method answers."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        """Read the routes.

        Raises:
            NotReady: a route that the platform refuses, or one that this host cannot read.
        """
        http = (function for function in functions if function.trigger["type"] == "httpTrigger")
        self._routes = [_route(function, prefix) for function in sorted(http, key=lambda each: each.name.lower())]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its parameters, for a path that is decoded; a parameter that matches nothing is missing."""
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found and (not route.methods or method in route.methods):
                return route, {name: value for name, value in found.groupdict().items() if value}
        return None


def _route(function: Function, prefix: str) -> Route:
    trigger = function.trigger
    template = str(trigger.get("route") or function.name).strip("/")
    if template.lower().startswith(_RESERVED):
        raise NotReady(f"Function {function.name}: a route must not begin with admin or runtime.")
    segments = f"{prefix}/{template}".strip("/").split("/")
    return Route(
        function,
        level=str(trigger.get("authLevel") or "function").lower(),
        methods=frozenset(str(method).upper() for method in trigger.get("methods") or ()),
        pattern=re.compile(_pattern(segments, function), re.IGNORECASE | re.DOTALL),
    )


def _pattern(segments: list[str], function: Function) -> str:
    """One slash may follow; a rest parameter at the end matches nothing, too, and keeps its slashes."""
    rest = _REST.fullmatch(segments[-1])
    before = segments[:-1] if rest else segments
    closing = f"(?:/(?P<{rest[1]}>.*))?" if rest else "/?"
    return "".join([*("/" + _segment(text, function) for text in before), closing])


def _segment(text: str, function: Function) -> str:
    parameter = _PARAMETER.fullmatch(text)
    if parameter:
        return f"(?P<{parameter[1]}>{_INT if parameter[2] else '[^/]+'})"
    if "{" in text:
        raise NotReady(
            f"Function {function.name}: this host reads route parameters {{id}}, {{id:int}} and a last {{*rest}} only."
        )
    return re.escape(text)
