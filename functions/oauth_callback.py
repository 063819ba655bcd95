"""Caselle delivers a biller's OAuth token."""

import logging
from http import HTTPStatus
from typing import Final

import azure.functions as func

from functions.problems import RETRY_LATER, problem
from shared.runtime import wiring
from shared.tokens.receive import Callback, Outcome, Received
from shared.vocabulary import events
from shared.vocabulary.errors import Unavailable

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped

_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_STATUS: Final = {
    Outcome.UNKNOWN_KEY: HTTPStatus.NOT_FOUND,
    Outcome.REFUSED: HTTPStatus.BAD_REQUEST,
    Outcome.TOO_LARGE: HTTPStatus.CONTENT_TOO_LARGE,
    Outcome.UNSUPPORTED_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


@bp.function_name("ICOAuthTokenProcessor")
@bp.route(route="ICOAuthTokenProcessor", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def oauth_callback(req: func.HttpRequest) -> func.HttpResponse:
    """Keep the delivered token; ``BK`` in the query is the biller's key, so the host asks for none."""
    callback = Callback(req.params, req.headers.get("Content-Type", ""), req.get_body())
    try:
        receive = await wiring.receive_token()
        return _answer(await receive(callback))
    except Unavailable as error:
        events.emit("callback.unavailable", logging.ERROR, reason=str(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, headers=_HEADERS | RETRY_LATER)


def _answer(received: Received) -> func.HttpResponse:
    if received.outcome is Outcome.STORED:
        return func.HttpResponse('{"status": "stored"}', headers=_HEADERS, mimetype="application/json")
    named = {"field": received.field, "detail": received.detail} if received.field else {}
    return problem(_STATUS[received.outcome], headers=_HEADERS, **named)
