"""Whether the app runs (health), and whether it could do its work (ready)."""

import json
from http import HTTPStatus

import azure.functions as func

from functions.entry import entry
from shared.runtime import build, process
from shared.vocabulary.errors import CaselleError

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("health")
@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding's name
    """Always 200: depends on nothing, so it tells a dead app from a dead dependency; says which package runs."""
    runs = build.running()
    told = {"status": "up", "version": runs and runs.version, "digest": runs and runs.digest}
    return func.HttpResponse(json.dumps(told), mimetype="application/json")


@bp.function_name("ready")
@bp.route(route="ready", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@entry
async def ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding's name
    """200 when settings, tables and vault answer; 503 with the first that does not."""
    try:
        await process.app().check()
    except CaselleError as error:
        problem = {"status": "not ready", "detail": str(error)}
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return func.HttpResponse(json.dumps(problem), status_code=status, mimetype="application/json")
    return func.HttpResponse('{"status": "ready"}', mimetype="application/json")
