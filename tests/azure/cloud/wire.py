"""Requests and answers as the services of the stand-in see them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """One request to one host."""

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    """By lower-case names."""
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """By lower-case names."""
        return {name.lower(): value for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True)}


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error as Azure's management tells it."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message, details or []

    @property
    def error(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message} | ({"details": self.details} if self.details else {})


class Service(Protocol):
    """Answers for one host, or for several."""

    def answer(self, request: Request) -> Response: ...


def told(status: int, content: object = None, **headers: str) -> Response:
    """JSON; header names with ``_`` for ``-``."""
    body = b"" if content is None else json.dumps(content).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8"} | named)


def refused(refusal: Refusal) -> Response:
    return told(refusal.status, {"error": refusal.error})
