"""The HTTP API as an OpenAPI 3.1 document: routes by hand, schemas from the models that the functions answer with."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from local.json_schema import Plain
from shared.exchange.result import PostingResult
from shared.open_items.answer import InvoiceAnswer, OpenItems
from shared.open_items.unanswered import CODES

API_VERSION: Final = "1"

_KEY: Final = "functionKey"
_SECURITY: Final = {
    _KEY: {"type": "apiKey", "in": "header", "name": "x-functions-key", "description": "The stamp's function key."}
}
_BY_KEY: Final[list[dict[str, Any]]] = [{_KEY: []}]
_BILLER: Final = {"type": "string", "pattern": "^[0-9]{1,9}$", "description": "The BID.", "examples": ["2493"]}
_NUMBER: Final = {
    "type": "string",
    "pattern": "^[ -~]*[!-~][ -~]*$",
    "maxLength": 64,
    "description": "Text; leading zeros count.",
    "examples": ["000412"],
}
_PAYMENT: Final = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": "The payment's id."}
_PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "Of the callback: the field that is missing or wrong."},
    },
}
_EXPLAINED: Final = {
    "allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {
            "type": "object",
            "required": ["code", "message", "action"],
            "properties": {
                "code": {"enum": list(CODES), "description": "From a closed list."},
                "message": {"type": "string", "description": "What it means."},
                "action": {"type": "string", "description": "What to do, and who does it."},
            },
        },
    ]
}
_WORDS: Final = {
    "400": "A name in the address cannot exist.",
    "401": "The key is missing or wrong; the host answers, without a body.",
    "404": "There is nothing of that name.",
    "409": "The biller's set-up here is not complete; Caselle was not asked.",
    "413": "More than 16 KiB.",
    "415": "Neither JSON nor a form.",
    "502": "Caselle answered with an error.",
    "503": "A server that is needed does not answer now.",
    "504": "No answer in time.",
}


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Invoice Cloud payments into Caselle Connect", "version": API_VERSION},
        "servers": [{"url": "https://{host}", "variables": {"host": {"default": "localhost"}}}],
        "paths": _paths(),
        "components": {"securitySchemes": _SECURITY, "schemas": _schemas()},
    }


def _paths() -> dict[str, Any]:
    return {
        "/api/billers/{billerId}/customers/{customerNumber}/open-items": {"get": _open_items()},
        "/api/billers/{billerId}/payments/{paymentId}": {"get": _payment_status()},
        "/api/ICOAuthTokenProcessor": {"get": _callback("get"), "post": _callback("post") | _BODY},
        "/api/health": {"get": _health()},
        "/api/ready": {"get": _ready()},
    }


def _open_items() -> dict[str, Any]:
    told = {"oneOf": [_ref("OpenItems"), _ref("InvoiceAnswer")]}
    problems = _problems("ExplainedProblem", "400", "404", "409", "502", "503", "504")
    problems["503"]["headers"] = _RETRY_AFTER
    return {
        "operationId": "openItems",
        "summary": "What a customer owes now, and what of it is already on its way; or the state of one invoice.",
        "security": _BY_KEY,
        "parameters": [
            _parameter("billerId", "path", _BILLER),
            _parameter("customerNumber", "path", _NUMBER),
            _parameter("invoiceNumber", "query", _NUMBER | {"examples": ["10023"]}),
        ],
        "responses": {"200": _json("Open items, or with invoiceNumber the invoice's state.", told)}
        | problems
        | _UNAUTHORISED,
    }


def _payment_status() -> dict[str, Any]:
    return {
        "operationId": "paymentStatus",
        "summary": "How one payment stands, as the queue posting-results carries it.",
        "security": _BY_KEY,
        "parameters": [_parameter("billerId", "path", _BILLER), _parameter("paymentId", "path", _PAYMENT)],
        "responses": {"200": _json("The payment's result.", _ref("PostingResult"))}
        | _problems("Problem", "400", "404", "503")
        | _UNAUTHORISED,
    }


def _callback(method: str) -> dict[str, Any]:
    """What Caselle sends is not public: it is read from JSON, a form or the query, under several names."""
    return {
        "operationId": f"oauthCallback{method.title()}",
        "summary": "Caselle delivers a biller's OAuth token.",
        "description": "BK is the biller's key, its name in any letter case. Unknown keys are all answered alike.",
        "security": [],
        "parameters": [_parameter("BK", "query", {"type": "string"})],
        "responses": {"200": _json("Kept.", _status("stored"))}
        | _problems("Problem", "400", "404", "413", "415", "503"),
    }


def _health() -> dict[str, Any]:
    package = {"version": {"type": ["string", "null"]}, "digest": {"type": ["string", "null"]}}
    up = _status("up") | {"properties": _status("up")["properties"] | package}
    answers = {"200": _json("The app runs; of a published package its version and SHA-256.", up)}
    return {"operationId": "health", "summary": "Whether the app runs.", "security": [], "responses": answers}


def _ready() -> dict[str, Any]:
    detail = {"detail": {"type": "string"}}
    not_ready = _status("not ready") | {"properties": _status("not ready")["properties"] | detail}
    return {
        "operationId": "ready",
        "summary": "Whether settings, tables and vault answer.",
        "security": _BY_KEY,
        "responses": {"200": _json("All answer.", _status("ready")), "503": _json("One does not.", not_ready)}
        | _UNAUTHORISED,
    }


_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_UNAUTHORISED: Final = {"401": {"description": _WORDS["401"]}}
_ANY_OBJECT: Final = {"schema": {"type": "object"}}
_BODY: Final = {
    "requestBody": {"content": {"application/json": _ANY_OBJECT, "application/x-www-form-urlencoded": _ANY_OBJECT}}
}


def _schemas() -> dict[str, Any]:
    answered: Iterable[type[BaseModel]] = (OpenItems, InvoiceAnswer, PostingResult)
    _, defined = models_json_schema(
        [(model, "serialization") for model in answered],
        ref_template="#/components/schemas/{model}",
        schema_generator=Plain,
    )
    return {**defined["$defs"], "Problem": _PROBLEM, "ExplainedProblem": _EXPLAINED}


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _problems(schema: str, *statuses: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref(schema)}}
    return {status: {"description": _WORDS[status], "content": content} for status in statuses}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _status(word: str) -> dict[str, Any]:
    return {"type": "object", "required": ["status"], "properties": {"status": {"const": word}}}


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}
