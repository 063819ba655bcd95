"""Invoice Cloud asks how one payment stands: the remedy for a lost result."""

from http import HTTPStatus

import azure.functions as func

from functions.entry import entry
from functions.problems import problem
from shared.runtime import process
from shared.vocabulary.errors import Malformed, Unavailable

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("payment_status")
@bp.route(route="billers/{billerId}/payments/{paymentId}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@entry
async def payment_status(req: func.HttpRequest) -> func.HttpResponse:
    """200 with the result as ``posting-results`` carries it; 404 where no such payment is known."""
    try:
        found = await process.app().payment_status.of(req.route_params["billerId"], req.route_params["paymentId"])
    except Malformed as error:
        return problem(HTTPStatus.BAD_REQUEST, detail=str(error))
    except Unavailable:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail="the ledger does not answer; ask again in a minute")
    if found is None:
        return problem(HTTPStatus.NOT_FOUND, detail="no such payment")
    return func.HttpResponse(found.model_dump_json(by_alias=True), mimetype="application/json")
