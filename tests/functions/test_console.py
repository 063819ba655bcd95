"""The console over HTTP: who gets which page, and with which headers."""

import hashlib
import json
import logging
from base64 import b64encode
from dataclasses import replace

import azure.functions as func
import pytest

from functions.console import console, console_biller, console_development_sign_in, console_payment
from shared.console.sign_in import SignIn
from tests.console.page import Page
from tests.console.test_access import ADA, principal
from tests.console.test_console import MemoryViews
from tests.fakes.app import given
from tests.fakes.tokens import FakeTokenRows
from tests.payments.world import World, message


@pytest.fixture
async def world(running):
    world = World()
    await world.set_up()
    world.views = MemoryViews()
    given(running(world.app).stores, tokens=FakeTokenRows(), views=world.views)
    sign_in(world, SignIn.APP_SERVICE)
    return world


def sign_in(world, way):
    world.app.settings = replace(world.app.settings, console_sign_in=way)


async def get(handler, *roles, headers=None, names=None, **query):
    given = {"X-MS-CLIENT-PRINCIPAL": principal(*roles)} if headers is None else headers
    request = func.HttpRequest(
        "GET", "https://host/api/x", headers=given, route_params=names or {}, params=query, body=b""
    )
    response = await handler(request)
    return response, Page(response.get_body().decode())


def biller(id_="2493"):
    return {"billerId": id_}


ALL = [(console, {}), (console_biller, biller()), (console_payment, biller() | {"paymentId": "p"})]


async def test_a_reader_sees_the_billers_and_is_recorded(world, caplog):
    with caplog.at_level(logging.INFO, "caselle"):
        response, page = await get(console, "reader")
    assert (response.status_code, response.mimetype, response.charset) == (200, "text/html", "utf-8")
    assert page.row("billers", "Newport")["State"] == "live"
    assert world.views.seen == [(ADA, "stamp")]
    [told] = [json.loads(line) for line in caplog.messages if "console.viewed" in line]
    assert told == {"event": "console.viewed", "by": ADA, "subject": "stamp"}


@pytest.mark.parametrize(("handler", "names"), ALL)
async def test_nobody_gets_a_page_that_says_where_to_sign_in_and_no_figure(world, handler, names):
    response, page = await get(handler, headers={}, names=names)
    assert response.status_code == 401
    assert page.links == {"Sign in": "/.auth/login/aad?post_login_redirect_uri=/api/console"}
    assert "Newport" not in page.text
    assert (world.views.seen, world.store.reads) == ([], 0)


@pytest.mark.parametrize(("handler", "names"), ALL)
async def test_without_the_role_the_page_is_refused_and_somebody_is_told(world, handler, names, caplog):
    with caplog.at_level(logging.WARNING, "caselle"):
        response, page = await get(handler, "operator", names=names)
    assert response.status_code == 403
    assert "Newport" not in page.text
    assert (world.views.seen, world.store.reads) == ([], 0)
    assert [json.loads(line)["event"] for line in caplog.messages] == ["console.refused"]


@pytest.mark.parametrize("way", [SignIn.OFF, SignIn.DEVELOPMENT])
async def test_the_header_is_nobody_s_word_where_app_service_does_not_write_it(world, way):
    sign_in(world, way)
    response, _ = await get(console, "reader")
    assert response.status_code == 401


@pytest.mark.parametrize(("handler", "names"), ALL)
@pytest.mark.parametrize("roles", [("reader",), (), None])
async def test_every_answer_has_the_strict_headers_and_a_style_that_they_name(world, handler, names, roles):
    response, page = await get(handler, *(roles or ()), headers={} if roles is None else None, names=names)
    policy = dict(each.strip().split(" ", 1) for each in response.headers["Content-Security-Policy"].split(";"))
    digest = b64encode(hashlib.sha256(_style(response).encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    used = {tag for tag, _ in page.elements}
    assert not used & {"script", "link", "img", "iframe", "form", "object", "base"}
    assert not [named for _, named in page.elements if "style" in named or "src" in named]


def _style(response):
    return response.get_body().decode().partition("<style>")[2].partition("</style>")[0]


@pytest.mark.parametrize(
    ("handler", "names", "query", "status"),
    [
        (console_biller, biller("999"), {}, 404),
        (console_biller, biller("24a3"), {}, 400),
        (console_biller, biller("<b>"), {}, 400),
        (console_biller, biller(), {"day": "2026-11-21"}, 400),
        (console_biller, biller(), {"day": "yesterday"}, 400),
        (console_biller, biller(), {"day": "0001-01-01"}, 400),
        (console_biller, biller(), {"day": "2026-11-20"}, 200),
        (console_payment, biller() | {"paymentId": "none"}, {}, 404),
        (console_payment, biller() | {"paymentId": "~"}, {}, 400),
        (console_payment, biller() | {"paymentId": "x"}, {"kind": "cheque"}, 400),
    ],
)
async def test_an_address_that_leads_nowhere_says_so(world, handler, names, query, status):
    response, _ = await get(handler, "reader", names=names, **query)
    assert response.status_code == status


async def test_a_payment_is_shown_by_its_id_in_any_spelling(world):
    paid = message(paymentId="0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10")
    await world.deliver(paid)
    names = biller() | {"paymentId": f"{{{paid['paymentId'].upper()}}}"}
    response, page = await get(console_payment, "reader", names=names)
    assert (response.status_code, page.facts["State"]) == (200, "posted")
    assert world.views.seen == [(ADA, f"2493~payment~{paid['paymentId']}")]


async def test_while_a_store_is_down_a_page_says_so(world):
    world.billers.down = True
    response, page = await get(console, "reader")
    assert (response.status_code, page.tables) == (503, {})


async def test_the_development_sign_in_gives_a_role_to_the_browser(world):
    sign_in(world, SignIn.DEVELOPMENT)
    response, page = await get(console, headers={})
    assert (response.status_code, page.links["Sign in as a reader"]) == (
        401,
        "/api/console/development-sign-in?role=reader",
    )
    request = func.HttpRequest("GET", "https://host/x", params={"role": "reader"}, body=b"")
    signed_in = await console_development_sign_in(request)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/api/console")
    cookie = signed_in.headers["Set-Cookie"]
    assert cookie == "console-development-role=reader; Path=/api/console; HttpOnly; SameSite=Strict"
    response, _ = await get(console, headers={"Cookie": cookie.partition(";")[0]})
    assert response.status_code == 200


@pytest.mark.parametrize("way", [SignIn.OFF, SignIn.APP_SERVICE])
async def test_elsewhere_there_is_no_development_sign_in(world, way):
    sign_in(world, way)
    request = func.HttpRequest("GET", "https://host/x", params={"role": "reader"}, body=b"")
    response = await console_development_sign_in(request)
    assert (response.status_code, "Set-Cookie" in response.headers) == (404, False)
    response, _ = await get(console, headers={"Cookie": "console-development-role=reader"})
    assert response.status_code == 401


@pytest.mark.parametrize("role", ["", "reader; Path=/", "a\r\nX: y", "r=1"])
async def test_a_role_that_is_no_word_makes_no_cookie(world, role):
    sign_in(world, SignIn.DEVELOPMENT)
    request = func.HttpRequest("GET", "https://host/x", params={"role": role}, body=b"")
    assert (await console_development_sign_in(request)).status_code == 404
