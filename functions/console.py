"""The page where people see their billers: read-only, for whoever is signed in and has the role."""

import azure.functions as func

from functions.entry import entry

bp = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


@bp.function_name("console")
@bp.route(route="console", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def console(req: func.HttpRequest) -> func.HttpResponse:
    """All billers of the stamp."""
    from functions import console_pages

    return await console_pages.stamp(req)


@bp.function_name("console_biller")
@bp.route(route="console/billers/{billerId}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def console_biller(req: func.HttpRequest) -> func.HttpResponse:
    """One biller; ``day`` (2026-11-23) chooses which of its days is counted."""
    from functions import console_pages

    return await console_pages.biller(req)


@bp.function_name("console_payment")
@bp.route(route="console/billers/{billerId}/payments/{paymentId}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def console_payment(req: func.HttpRequest) -> func.HttpResponse:
    """One payment's history; ``kind`` names what else of this id is meant, such as ``achReject``."""
    from functions import console_pages

    return await console_pages.payment(req)


@bp.function_name("console_development_sign_in")
@bp.route(route="console/development-sign-in", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@entry
async def console_development_sign_in(req: func.HttpRequest) -> func.HttpResponse:
    """Gives the browser a role; on one machine only, elsewhere there is no such page."""
    from functions import console_pages

    return console_pages.development_sign_in(req)
