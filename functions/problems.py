"""Answers that are no success, as ``application/problem+json`` (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import azure.functions as func

PROBLEM: Final = "application/problem+json"
RETRY_LATER: Final = {"Retry-After": "60"}


def problem(status: HTTPStatus, headers: Mapping[str, str] | None = None, **members: str | None) -> func.HttpResponse:
    """The problem with these members beside the standard ones; those that are None are left out."""
    given = {name: value for name, value in members.items() if value is not None}
    body = {"type": "about:blank", "title": status.phrase, "status": status, **given}
    return func.HttpResponse(json.dumps(body), status_code=status, headers=dict(headers or {}), mimetype=PROBLEM)
