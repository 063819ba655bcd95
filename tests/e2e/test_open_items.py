"""Open items on the whole stack: host, ledger, vault and simulator, asked as a portal asks."""

import asyncio
import json

import httpx
import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.simulator.client import SimulatorControl
from local.stack import Stack
from local.traffic import Traffic
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message
from tests.waiting import until

CITY = Biller.model_validate(NEWPORT)
DRAFT = Biller.model_validate({"billerId": "3180", "name": "Cedar Flats UT", "timeZone": "America/Denver"})
PAID = message()
PATIENCE = 90
UP = {"cows": "up", "latencyMs": 0, "licence": True, "arLicence": True, "thirdPartyEnabled": True}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Waiting times pass ten times faster; a question may take eight seconds, and what was not sent waits for ten."""
    state = tmp_path_factory.mktemp("open-items") / "state"
    lines, settings = [json.dumps(PAID)], {"OPEN_ITEMS_SECONDS": "8", "LEDGER_BACKOFF_SECONDS": "100"}
    with Stack(state, [CITY, DRAFT], lines, time_divisor=10, settings=settings) as running:
        yield running


@pytest.fixture
async def control(stack):
    async with SimulatorControl(stack.control_url) as control:
        yield control
        await control.relay_refused(refused=False)
        await control.switch("newportor", **UP)


@pytest.fixture
async def portal(stack):
    key = {"x-functions-key": stack.hosts[0].keys.master}
    async with httpx.AsyncClient(base_url=stack.functions_url, headers=key, trust_env=False, timeout=30) as http:
        yield http


async def ask(portal, customer="000412", biller="2493", **query):
    response = await portal.get(f"/api/billers/{biller}/customers/{customer}/open-items", params=query)
    return response.status_code, response.json()


async def test_fifty_questions_at_once_are_one_call_to_the_city(portal, control):
    await ask(portal)  # the first question of a process waits for its imports
    await control.switch("newportor", latencyMs=4000)
    await control.forget_calls()
    answers = await asyncio.gather(*(ask(portal) for _ in range(50)))
    assert {status for status, _ in answers} == {200}
    assert {told["collectable"] for _, told in answers} == {"125.40"}
    # In some hours of the day the nightly comparison asks for receipts beside it.
    assert (await control.calls())["2493"]["customer"] == 1


@pytest.mark.parametrize(
    ("switches", "status", "code"),
    [
        ({"cows": "http_503"}, 503, "caselle_unreachable"),
        ({"cows": "graphql_error"}, 503, "caselle_unreachable"),
        ({"licence": False}, 502, "licence_missing"),
        ({"arLicence": False}, 502, "licence_missing"),
        ({"thirdPartyEnabled": False}, 502, "third_party_disabled"),
        ({"latencyMs": 12000}, 504, "caselle_slow"),
    ],
)
async def test_what_is_wrong_at_the_city_has_its_status_and_action(portal, control, switches, status, code):
    await control.switch("newportor", **switches)
    found, told = await ask(portal)
    assert (found, told["code"]) == (status, code)
    assert told["message"]
    assert told["action"]


async def test_a_relay_that_is_down_says_when_to_ask_again(portal, control):
    await control.relay_refused(refused=True)
    response = await portal.get("/api/billers/2493/customers/000412/open-items")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize(
    ("names", "status", "code"),
    [
        (("412", "2493"), 404, "customer_unknown"),
        (("000412", "9999"), 404, "unknown_biller"),
        (("000412", "3180"), 409, "biller_not_live"),
        (("0%01", "2493"), 400, "number_malformed"),
        (("000412", "24a3"), 400, "number_malformed"),
    ],
)
async def test_who_cannot_be_asked_about_is_told_apart(portal, control, names, status, code):
    found, told = await ask(portal, *names)
    assert (found, told["code"]) == (status, code)


async def test_a_number_that_no_path_can_hold_never_reaches_the_app(portal):
    """The platform's web server refuses it."""
    answer = await portal.get("/api/billers/2493/customers/0%00/open-items")
    assert (answer.status_code, answer.content) == (400, b"")


async def test_a_payment_that_waits_for_a_dead_city_is_pending_and_gone_once_it_is_posted(stack, portal, control):
    """The money's way: taken, the relay refuses, the city comes back, posted."""
    await control.relay_refused(refused=True)
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, [json.dumps(PAID)])
        await traffic.enqueue()
        await _until_known(portal)
        assert (await ask(portal))[0] == 503
        await control.relay_refused(refused=False)
        _, told = await ask(portal)
        assert (told["balance"], told["pendingAmount"], told["collectable"]) == ("125.40", "125.40", "0.00")
        assert [(each["paymentId"], each["state"]) for each in told["pendingPayments"]] == [
            (PAID["paymentId"], "received")
        ]
        invoice = (await ask(portal, invoiceNumber="10023"))[1]
        assert (invoice["status"], invoice["item"]["pendingAmount"]) == ("open", "100.00")
        await portal.post("/admin/functions/sweep", json={})
        assert await traffic.collect(PATIENCE, stack.check), "not posted in time"
    _, after = await ask(portal)
    assert (after["balance"], after["pendingPayments"], after["openItems"]) == ("0.00", [], [])
    assert (await ask(portal, invoiceNumber="10023"))[1]["status"] == "closed"


async def _until_known(portal):
    """Until the ledger has the payment."""

    async def known():
        return (await portal.get(f"/api/billers/2493/payments/{PAID['paymentId']}")).status_code == 200

    await until(known, PATIENCE)


async def test_a_token_that_was_switched_off_is_named(portal, control):
    await control.revoke_tokens("newportor")
    assert (await ask(portal))[1]["code"] == "token_refused"
    assert await control.deliver_token("newportor") == 200
