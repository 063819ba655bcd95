"""Which HTTP function answers a request, and whether the caller's key opens it."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from local.processes import NotReady
from local.worker import Function

_PARAMETER: Final = re.compile(r"\{(\*?)([A-Za-z_]\w*)\}", re.ASCII)
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

    def find(self, method: str, raw_path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route and its parameters, for a path as it came over the wire."""
        path = "/".join(_decoded(segment) for segment in raw_path.strip("/").split("/"))
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found and (not route.methods or method in route.methods):
                return route, found.groupdict()
        return None


def _route(function: Function, prefix: str) -> Route:
    trigger = function.trigger
    template = str(trigger.get("route") or function.name).strip("/")
    if template.lower().startswith(_RESERVED):
        raise NotReady(f"Function {function.name}: a route must not begin with admin or runtime.")
    segments = [_segment(text, function) for text in f"{prefix}/{template}".strip("/").split("/")]
    return Route(
        function,
        level=str(trigger.get("authLevel") or "function").lower(),
        methods=frozenset(str(method).upper() for method in trigger.get("methods") or ()),
        pattern=re.compile("/".join(segments), re.IGNORECASE),
    )


def _segment(text: str, function: Function) -> str:
    parameter = _PARAMETER.fullmatch(text)
    if parameter:
        return f"(?P<{parameter[2]}>{'.*' if parameter[1] else '[^/]+'})"
    if "{" in text:
        raise NotReady(f"Function {function.name}: this host reads route parameters like {{id}} and {{*rest}} only.")
    return re.escape(text)


def _decoded(segment: str) -> str:
    """Percent-decoded, but an escaped slash stays what it is, as with the platform's web server."""
    return unquote(segment).replace("/", "%2F")
