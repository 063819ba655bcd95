"""Every ``CashReceipting`` behaves alike: the city in memory, and the real client before the simulator."""

import secrets
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr

from local.processes import Child
from local.simulator.client import SimulatorControl
from shared.billers.model import Biller
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.payments.gateway import ReceiptOrder, Share
from shared.runtime.clock import SystemClock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money
from tests.fakes.city import MemoryCity
from tests.payments.world import NEWPORT

CITY = Biller.model_validate(NEWPORT)
DAY = date(2026, 11, 20)
SETUP = {
    **{name: NEWPORT[name] for name in ("billerId", "subdomain", "applications")},
    "connectVersion": "2025.11",
    "clientId": "client",
    "customers": {"000412": {"name": "Ada", "invoices": {"10023": "100.00", "10044": "25.40"}}},
}
ORDER = ReceiptOrder(
    customer_number="000412",
    category_code="12",
    distribution_code="1201",
    payment_code="7",
    amount=Money(12540),
    receipt_date=DAY,
    reference="IC1",
    payer="Zoë Ito",
    shares=(Share("10023", Money(10000)), Share("10044", Money(2540))),
)


class _Token:
    """What the simulator's token endpoint gave."""

    def __init__(self, token):
        self.now = token

    async def token(self, biller_id):
        return SecretStr(self.now)

    async def instead_of(self, biller, refused):
        return None


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    with Child.module("simulator", "local.simulator", log=log) as child:
        yield SimpleNamespace(**child.wait_ready())


@pytest.fixture
async def caselle(simulator):
    """The real client, a simulator with nothing but Newport in it, and its control."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(SimulatorControl(simulator.controlUrl))
        secret = secrets.token_urlsafe(16)
        await control.put_billers([SETUP | {"clientSecret": secret}])
        base = await stack.enter_async_context(httpx.AsyncClient())
        wire = await stack.enter_async_context(aclosing(Wire(simulator.caselleUrl, 30)))
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": secret}
        token = (await base.post(simulator.tokenUrl, data=form)).json()["access_token"]
        yield SimpleNamespace(cash=CaselleCashReceipting(CaselleClient(wire, _Token(token), 30)), control=control)


@pytest.fixture(params=["memory", "caselle"])
def cash(request):
    if request.param == "memory":
        return MemoryCity(SystemClock())
    return request.getfixturevalue("caselle").cash


async def make(cash, **changes):
    answer = await cash.create_receipt(CITY, replace(ORDER, **changes))
    assert isinstance(answer, Accepted)
    return answer.receipt_number


async def test_a_receipt_that_was_made_is_shown_as_it_was_ordered(cash):
    before = datetime.now(UTC) - timedelta(seconds=1)
    number = await make(cash)
    [shown] = await cash.receipts(CITY, DAY, DAY)
    assert (shown.receipt_number, shown.reference, shown.amount, shown.live) == (number, "IC1", 12540, True)
    assert before <= shown.created_at <= datetime.now(UTC) + timedelta(seconds=1)


async def test_the_same_reference_twice_makes_two_receipts(cash):
    """This is why a payment is never sent twice."""
    first, second = await make(cash), await make(cash)
    assert first != second
    assert [each.reference for each in await cash.receipts(CITY, DAY, DAY)] == ["IC1", "IC1"]


async def test_every_receipt_is_shown_however_many_pages_it_takes(cash):
    numbers = [await make(cash, reference=f"IC{n}", amount=Money(n + 1), shares=()) for n in range(450)]
    shown = await cash.receipts(CITY, DAY, DAY)
    assert [each.receipt_number for each in shown] == numbers
    assert sum(each.amount for each in shown) == 450 * 451 // 2


async def test_both_days_of_a_range_are_part_of_it(cash):
    for days in range(-2, 3):
        await make(cash, receipt_date=DAY + timedelta(days=days), reference=f"day{days}")
    shown = await cash.receipts(CITY, DAY - timedelta(days=1), DAY + timedelta(days=1))
    assert [each.reference for each in shown] == ["day-1", "day0", "day1"]
    assert await cash.receipts(CITY, DAY + timedelta(days=9), DAY + timedelta(days=10)) == []


async def test_without_shares_it_is_taken_too(cash):
    number = await make(cash, shares=(), payer=None)
    assert [each.receipt_number for each in await cash.receipts(CITY, DAY, DAY)] == [number]


async def test_a_voided_receipt_stays_in_sight_and_is_not_live(cash):
    number, other = await make(cash), await make(cash, reference="IC2")
    assert await cash.void_receipt(CITY, number, "R01") == Accepted(number)
    shown = {each.receipt_number: each.live for each in await cash.receipts(CITY, DAY, DAY)}
    assert shown == {number: False, other: True}


async def test_a_receipt_that_is_void_already_is_what_was_asked_for(cash):
    number = await make(cash)
    await cash.void_receipt(CITY, number, "R01")
    assert await cash.void_receipt(CITY, number, "R01") == Accepted(number)


async def test_a_receipt_that_is_not_there_cannot_be_voided(cash):
    assert await cash.void_receipt(CITY, "5.99999", "R01") == Refused("receipt_missing", Scope.ENTRY)


async def test_a_city_that_answers_is_reachable(cash):
    assert await cash.reachable(CITY, "000412")
    assert await cash.reachable(CITY, "nobody")


# What only the real one can show.


REFUSALS = [
    ({"customer_number": "000413"}, "customer_unknown", Scope.ENTRY),
    ({"shares": (Share("99999", Money(12540)),)}, "invoice_unknown", Scope.ENTRY),
    ({"receipt_date": date(2026, 10, 31)}, "period_closed", Scope.ENTRY),
    ({"amount": Money(0), "shares": ()}, "amount_refused", Scope.ENTRY),
    ({"category_code": "99"}, "category_unknown", Scope.BILLER),
    ({"distribution_code": "99"}, "distribution_unknown", Scope.BILLER),
    ({"payment_code": "99"}, "payment_code_unknown", Scope.BILLER),
]


@pytest.mark.parametrize(("changes", "code", "scope"), REFUSALS)
async def test_what_caselle_refuses_is_named_and_makes_no_receipt(caselle, changes, code, scope):
    await caselle.control.switch("newportor", closedThrough="2026-10-31")
    assert await caselle.cash.create_receipt(CITY, replace(ORDER, **changes)) == Refused(code, scope)
    assert (await caselle.control.summary())["2493"]["receipts"] == 0


async def test_a_receipt_of_a_closed_period_is_not_voided(caselle):
    number = await make(caselle.cash)
    await caselle.control.switch("newportor", closedThrough=DAY.isoformat())
    assert await caselle.cash.void_receipt(CITY, number, "R01") == Refused("period_closed", Scope.ENTRY)


async def test_a_release_without_void_is_a_mismatch_and_not_an_unknown_outcome(caselle):
    number = await make(caselle.cash)
    await caselle.control.switch("newportor", connectVersion="2025.02")
    answer = await caselle.cash.void_receipt(CITY, number, "R01")
    assert answer == Refused("contract_mismatch", Scope.ENTRY)


async def test_a_token_that_is_not_active_sends_nothing(caselle):
    await caselle.control.revoke_tokens("newportor")
    answer = await caselle.cash.create_receipt(CITY, ORDER)
    assert answer == NotSent("token_refused", peer_failed=False)


async def test_a_release_without_the_query_shows_nothing(caselle):
    await caselle.control.switch("newportor", connectVersion="2025.02")
    await make(caselle.cash)
    with pytest.raises(Unavailable):
        await caselle.cash.receipts(CITY, DAY, DAY)


@pytest.mark.parametrize("cows", ["http_503", "graphql_error"])
async def test_a_city_whose_server_is_down_is_not_reachable(caselle, cows):
    await caselle.control.switch("newportor", cows=cows)
    assert not await caselle.cash.reachable(CITY, "000412")
    with pytest.raises(Unavailable):
        await caselle.cash.receipts(CITY, DAY, DAY)


async def test_a_lost_answer_leaves_a_receipt_that_can_be_found(caselle):
    await caselle.control.switch("newportor", dropAnswers=1)
    answer = await caselle.cash.create_receipt(CITY, ORDER)
    assert isinstance(answer, Ambiguous)
    assert [each.reference for each in await caselle.cash.receipts(CITY, DAY, DAY)] == ["IC1"]
    assert (await caselle.control.calls())["2493"]["create_receipt"] == 1
