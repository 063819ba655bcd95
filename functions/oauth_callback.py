"""Caselle delivers a biller's OAuth token."""

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import azure.functions as func

from functions.entry import entry
from functions.problems import PROBLEM, RETRY_LATER, problem
from shared.runtime import process
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError, Malformed

if TYPE_CHECKING:
    from shared.tokens.receive import Outcome, Received

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped

_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_STORED: Final = '{"status": "stored"}'
_JSON: Final = "application/json"


@bp.function_name("ICOAuthTokenProcessor")
@bp.route(route="ICOAuthTokenProcessor", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def oauth_callback(req: func.HttpRequest) -> func.HttpResponse:
    """Keep the delivered token; ``BK`` in the query is the biller's key, so the host asks for none."""
    from shared.billers.home_question import HEADER
    from shared.tokens.receive import MARK, Callback

    if HEADER in req.headers:
        return await _homes(req)
    content_type, handed_on = req.headers.get("Content-Type", ""), MARK in req.headers
    callback = Callback(req.params, content_type, req.get_body(), handed_on=handed_on)
    try:
        return _answer(await process.app().receive_token(callback))
    except CaselleError as error:
        events.emit("callback.unavailable", logging.ERROR, reason=str(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, headers=_HEADERS | RETRY_LATER)


async def _homes(req: func.HttpRequest) -> func.HttpResponse:
    """Another stamp, which was away, asks which of its billers are at home here by now."""
    from shared.billers.home_question import answer, asked

    try:
        return func.HttpResponse(
            answer(await process.app().at_home(asked(req.get_body()))), headers=_HEADERS, mimetype=_JSON
        )
    except Malformed as error:
        return problem(HTTPStatus.BAD_REQUEST, headers=_HEADERS, detail=str(error))
    except CaselleError as error:
        events.emit("callback.unavailable", logging.ERROR, reason=str(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, headers=_HEADERS | RETRY_LATER)


def _answer(received: "Received") -> func.HttpResponse:
    from shared.tokens.receive import Outcome

    if received.outcome is Outcome.STORED:
        return func.HttpResponse(_STORED, headers=_HEADERS, mimetype=_JSON)
    if received.answer is not None:
        mimetype = _JSON if received.answer.status == HTTPStatus.OK else PROBLEM
        return func.HttpResponse(
            received.answer.body, status_code=received.answer.status, headers=_HEADERS, mimetype=mimetype
        )
    named = {"field": received.field, "detail": received.detail} if received.field else {}
    return problem(_status(received.outcome), headers=_HEADERS, **named)


def _status(outcome: "Outcome") -> HTTPStatus:
    from shared.tokens.receive import Outcome

    return {
        Outcome.UNKNOWN_KEY: HTTPStatus.NOT_FOUND,
        Outcome.REFUSED: HTTPStatus.BAD_REQUEST,
        Outcome.TOO_LARGE: HTTPStatus.CONTENT_TOO_LARGE,
        Outcome.UNSUPPORTED_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    }[outcome]
