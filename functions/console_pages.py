"""What the console answers: a page, or why there is none."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final

import azure.functions as func

from shared.console import refusals
from shared.console.access import NotAReader, NotSignedIn, Person, admitted
from shared.console.frame import HEADERS
from shared.console.sign_in import SignIn
from shared.console.words import ROOT
from shared.ledger.entry import Key, Kind
from shared.runtime import process
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError, Malformed
from shared.vocabulary.identity import biller_id, canonical_id

_PRINCIPAL: Final = "X-MS-CLIENT-PRINCIPAL"
_COOKIE: Final = "console-development-role"
_EARLIEST: Final = date(2000, 1, 1)

type _Look = Callable[[Person], Awaitable[str | None]]


async def stamp(req: func.HttpRequest) -> func.HttpResponse:
    """All billers of the stamp."""

    async def look(person: Person) -> str | None:
        return await process.app().console.stamp(person)

    return await _show(req, "stamp", look)


async def biller(req: func.HttpRequest) -> func.HttpResponse:
    """The biller of the route, and the day of the query."""

    async def look(person: Person) -> str | None:
        return await process.app().console.biller(person, biller_id(req.route_params["billerId"]), _day(req))

    return await _show(req, "biller", look)


async def payment(req: func.HttpRequest) -> func.HttpResponse:
    """The entry of the route; the query may name another kind than a payment."""

    async def look(person: Person) -> str | None:
        names = req.route_params
        return await process.app().console.entry(
            person, Key(biller_id(names["billerId"]), _kind(req), canonical_id(names["paymentId"]))
        )

    return await _show(req, "payment", look)


def development_sign_in(req: func.HttpRequest) -> func.HttpResponse:
    """The role of the query as a cookie, and the way back to the console."""
    role = req.params.get("role", "")
    if process.app().settings.console_sign_in is not SignIn.DEVELOPMENT or not role.isalpha() or not role.isascii():
        return _page(HTTPStatus.NOT_FOUND, refusals.not_found("page"))
    cookie = f"{_COOKIE}={role}; Path={ROOT}; HttpOnly; SameSite=Strict"
    headers = {**HEADERS, "Set-Cookie": cookie, "Location": ROOT}
    return func.HttpResponse(status_code=HTTPStatus.SEE_OTHER, headers=headers)


async def _show(req: func.HttpRequest, what: str, look: _Look) -> func.HttpResponse:
    """The page, or why not. Who may look is decided before anything of the address is read."""
    try:
        sign_in = process.app().settings.console_sign_in
        person = admitted(sign_in, req.headers.get(_PRINCIPAL), _role(req))
        shown = await look(person)
    except NotSignedIn:
        return _page(HTTPStatus.UNAUTHORIZED, refusals.not_signed_in(sign_in))
    except NotAReader as refused:
        events.emit("console.refused", events.WARNING, by=refused.person.object_id, page=what)
        return _page(HTTPStatus.FORBIDDEN, refusals.not_a_reader())
    except Malformed as error:
        return _page(HTTPStatus.BAD_REQUEST, refusals.bad_request(str(error)))
    except CaselleError as error:
        events.emit("console.unavailable", events.ERROR, reason=str(error))
        return _page(HTTPStatus.SERVICE_UNAVAILABLE, refusals.not_now())
    return _page(HTTPStatus.OK, shown) if shown else _page(HTTPStatus.NOT_FOUND, refusals.not_found(what))


def _page(status: HTTPStatus, body: str) -> func.HttpResponse:
    return func.HttpResponse(body, status_code=status, headers=dict(HEADERS), mimetype="text/html", charset="utf-8")


def _role(req: func.HttpRequest) -> str | None:
    with suppress(CookieError):
        morsel = SimpleCookie(req.headers.get("Cookie", "")).get(_COOKIE)
        return morsel.value if morsel else None
    return None


def _day(req: func.HttpRequest) -> date | None:
    text = req.params.get("day")
    if not text:
        return None
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if _EARLIEST <= day <= process.app().clock.now().date():
            return day
    raise Malformed("a day is written 2026-11-23, and is not to come")


def _kind(req: func.HttpRequest) -> Kind:
    with suppress(ValueError):
        return Kind(req.params.get("kind") or Kind.PAYMENT)
    raise Malformed("a kind is payment, achReject, reversal, autopayChange or registration")
