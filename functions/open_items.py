"""Invoice Cloud's portal asks in real time what a customer owes."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import azure.functions as func

from functions.entry import entry
from functions.problems import problem
from shared.runtime import process

if TYPE_CHECKING:
    from shared.open_items.unanswered import Trouble, Unanswered

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped

_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_RETRY_SOON: Final = {"Retry-After": "30"}


@bp.function_name("open_items")
@bp.route(
    route="billers/{billerId}/customers/{customerNumber}/open-items",
    methods=["GET"],
    auth_level=func.AuthLevel.FUNCTION,
)
@entry
async def open_items(req: func.HttpRequest) -> func.HttpResponse:
    """200 with the customer's open items, or with the state of ``invoiceNumber``; otherwise why not."""
    from shared.open_items.unanswered import Unanswered

    ask, names = process.app().open_items, (req.route_params["billerId"], req.route_params["customerNumber"])
    invoice = req.params.get("invoiceNumber")
    try:
        answer = await (ask.invoice(*names, invoice) if invoice else ask.items(*names))
    except Unanswered as why:
        return _problem(why)
    return func.HttpResponse(answer.model_dump_json(by_alias=True), headers=_NOT_KEPT, mimetype="application/json")


def _problem(why: "Unanswered") -> func.HttpResponse:
    from shared.open_items.unanswered import Trouble

    headers = _NOT_KEPT | (_RETRY_SOON if why.trouble is Trouble.DOWN else {})
    words = why.reason
    return problem(
        _status(why.trouble), headers, code=why.code, message=words.message, action=words.action, detail=why.detail
    )


def _status(trouble: "Trouble") -> HTTPStatus:
    from shared.open_items.unanswered import Trouble

    return {
        Trouble.MALFORMED: HTTPStatus.BAD_REQUEST,
        Trouble.NOT_FOUND: HTTPStatus.NOT_FOUND,
        Trouble.NOT_READY: HTTPStatus.CONFLICT,
        Trouble.ERROR: HTTPStatus.BAD_GATEWAY,
        Trouble.DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
        Trouble.SLOW: HTTPStatus.GATEWAY_TIMEOUT,
    }[trouble]
