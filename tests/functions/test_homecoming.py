"""Every function that may send waits for this stamp's presence; and the callback answers another stamp's question."""

import json

import azure.functions as func
import pytest

from functions import drive_due, oauth_callback, post_payments, sweep, update_customers
from functions.entry import Failed
from shared.billers.home_question import HEADER, answer, question
from shared.vocabulary.errors import Unavailable
from tests.agreement.registered import FUNCTIONS
from tests.customers.world import autopay
from tests.fakes.app import given
from tests.functions.test_functions import Out, call, refuse
from tests.payments.world import body, message

STEP = json.dumps({"billerId": "2493", "kind": "payment", "id": "pay-1", "version": 1}).encode()
SENDS = {
    "post_payments": lambda: call(post_payments.post_payments, body(message())),
    "drive_due": lambda: call(drive_due.drive_due, STEP),
    "update_autopay": lambda: call(update_customers.update_autopay, body(autopay())),
    "update_registrations": lambda: call(update_customers.update_registrations, body(autopay())),
    "sweep": lambda: sweep.sweep(None, Out()),
}
NEVER_SEND = {
    *(name for name in FUNCTIONS if name.startswith(("poison_", "console"))),
    *("reverse_ach_rejects", "reverse_payments"),  # written down only: the queue due goes on with them
    *("health", "ready", "payment_status", "open_items", "ICOAuthTokenProcessor"),
    *("keep_control_totals", "reconcile", "retain", "sweep_tokens", "renew_token", "watch_poison"),
}


def test_of_every_function_it_is_known_whether_it_sends():
    assert set(FUNCTIONS) == NEVER_SEND | set(SENDS)


@pytest.mark.parametrize("name", SENDS)
async def test_it_waits_before_it_does_anything(monkeypatch, app, name):
    async def unknown():
        raise Unavailable("table runs")

    given(app, before_sending=unknown)
    for use_case in ("post_payment", "drive", "update_customer", "sweep"):
        refuse(monkeypatch, use_case, AssertionError("it began before it was known"))
    with pytest.raises(Failed, match="Unavailable"):
        await SENDS[name]()


def asking(raw, headers=None):
    url = "https://host/api/ICOAuthTokenProcessor"
    return func.HttpRequest("POST", url, headers={HEADER: "1"} | (headers or {}), body=raw)


async def test_the_callback_tells_which_of_the_billers_asked_for_are_at_home(app):
    async def at_home(billers):
        return [each for each in billers if each in {"2493", "2137"}]

    given(app, at_home=at_home)
    response = await oauth_callback.oauth_callback(asking(question(["1", "2493"])))
    assert (response.status_code, response.get_body()) == (200, answer(["2493"]).encode())
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_question_that_is_none_is_refused_and_a_store_that_is_down_is_no_no(app):
    async def down(_):
        raise Unavailable("table billers")

    given(app, at_home=down)
    assert (await oauth_callback.oauth_callback(asking(b"{}"))).status_code == 400
    assert (await oauth_callback.oauth_callback(asking(question(["1"])))).status_code == 503
