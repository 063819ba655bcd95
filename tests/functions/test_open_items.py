"""The portal's question over HTTP: what it is answered, and with which status."""

import asyncio
import json

import azure.functions as func
import pytest

from functions.open_items import open_items
from shared.exchange.reasons import REASONS
from shared.open_items.unanswered import OWN, Trouble, Unanswered
from tests.fakes.app import given
from tests.open_items.conftest import Portal
from tests.payments.world import World, message


@pytest.fixture
async def portal(app):
    world = World()
    await world.set_up()
    portal = Portal(world)
    given(app, open_items=portal.ask)
    return portal


async def ask(customer="000412", biller="2493", **query):
    names = {"billerId": biller, "customerNumber": customer}
    request = func.HttpRequest("GET", "https://host/api/x", route_params=names, params=query, body=b"")
    response = await open_items(request)
    return response, json.loads(response.get_body())


async def test_open_items_are_told_in_full_and_kept_by_nobody(portal):
    await portal.world.set_up(paused={"reason": "year end"})
    paid = message(amount="30.00", allocations=[{"invoiceNumber": "10023", "amount": "30.00"}])
    await portal.world.deliver(paid)
    response, told = await ask()
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.headers["Cache-Control"] == "no-store"
    assert (told["balance"], told["pendingAmount"], told["collectable"]) == ("125.40", "30.00", "95.40")
    pending = {"paymentId": paid["paymentId"], "state": "received", "since": "2026-11-20T12:00:00Z", "amount": "30.00"}
    assert told["openItems"][0] | {"pendingPayments": [pending]} == told["openItems"][0]


@pytest.mark.parametrize(("number", "status"), [("10023", "open"), ("10099", "not_found")])
async def test_one_invoice_is_told_with_its_state(portal, number, status):
    response, told = await ask(invoiceNumber=number)
    assert (response.status_code, told["status"], told["invoiceNumber"]) == (200, status, number)
    assert (told["item"] is not None) == (status == "open")


@pytest.mark.parametrize(
    ("code", "trouble", "status"),
    [
        ("number_malformed", Trouble.MALFORMED, 400),
        ("customer_unknown", Trouble.NOT_FOUND, 404),
        ("unknown_biller", Trouble.NOT_FOUND, 404),
        ("biller_not_live", Trouble.NOT_READY, 409),
        ("no_token", Trouble.NOT_READY, 409),
        ("licence_missing", Trouble.ERROR, 502),
        ("token_refused", Trouble.ERROR, 502),
        ("caselle_error", Trouble.ERROR, 502),
        ("caselle_unreachable", Trouble.DOWN, 503),
        ("storage_unavailable", Trouble.DOWN, 503),
        ("caselle_slow", Trouble.SLOW, 504),
    ],
)
async def test_each_failure_has_its_status_and_says_what_to_do(portal, code, trouble, status):
    portal.receivable.failure = Unanswered(code, trouble)
    response, told = await ask()
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    words = (OWN | REASONS)[code]
    assert told.pop("title")
    assert told == {
        "type": "about:blank",
        "status": status,
        "code": code,
        "message": words.message,
        "action": words.action,
    }
    assert ("Retry-After" in response.headers) == (status == 503)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("names", [("Canary\x00", "2493"), ("000412", "Canary"), ("Canary" * 11, "2493")])
async def test_a_number_that_cannot_exist_is_a_bad_request_and_not_repeated(portal, names):
    response, told = await ask(*names)
    assert (response.status_code, told["code"]) == (400, "number_malformed")
    assert told["detail"]
    assert "Canary" not in json.dumps(told)


async def test_fifty_requests_at_once_make_one_call(portal):
    answers = await asyncio.gather(*(ask() for _ in range(50)))
    assert {response.status_code for response, _ in answers} == {200}
    assert portal.receivable.calls == 1
