"""Every ``AccountsReceivable`` behaves alike: the one in memory, and the real client before the simulator."""

import secrets
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.simulator.client import SimulatorControl
from shared.caselle.accounts_receivable import CaselleAccountsReceivable
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.open_items.unanswered import Trouble, Unanswered
from shared.payments.gateway import Share
from shared.runtime.clock import SystemClock
from shared.vocabulary.money import Money
from tests.caselle.calls import Tokens
from tests.conformance.newport import CITY, SETUP
from tests.conformance.test_cash_receipting import make
from tests.fakes.city import MemoryCity
from tests.fakes.receivable import MemoryReceivable

OWED = {"000412": {"10023": "100.00", "10044": "25.40"}}
PATIENT = 20.0


@dataclass
class City:
    """A city's two sides, and its control where it is the simulator."""

    cash: Any
    receivable: Any
    control: Any = None
    put: Any = None
    """Puts another set-up in its place."""

    async def why(self, customer="000412"):
        with pytest.raises(Unanswered) as raised:
            await self.receivable.customer(CITY, customer)
        return raised.value.code, raised.value.trouble


@pytest.fixture
async def caselle(simulator):
    """The real client, and a simulator with nothing but Newport in it."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(SimulatorControl(simulator.controlUrl))
        stack.push_async_callback(control.relay_refused, refused=False)
        base = await stack.enter_async_context(httpx.AsyncClient())
        wire = await stack.enter_async_context(aclosing(Wire(simulator.caselleUrl, PATIENT)))

        async def put(**changes):
            secret = secrets.token_urlsafe(16)
            await control.put_billers([SETUP | {"clientSecret": secret} | changes])
            form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": secret}
            token = (await base.post(simulator.tokenUrl, data=form)).json()["access_token"]
            client = CaselleClient(wire, Tokens(token), PATIENT)
            return City(CaselleCashReceipting(client), CaselleAccountsReceivable(client), control, put)

        yield await put()


@pytest.fixture(params=["memory", "caselle"])
def city(request):
    if request.param == "memory":
        cash = MemoryCity(SystemClock())
        return City(cash, MemoryReceivable(cash, OWED))
    return request.getfixturevalue("caselle")


def balances(customer):
    return {each.number: int(each.balance) for each in customer.invoices if each.balance > 0} | {"": customer.balance}


async def test_a_customer_is_shown_with_what_is_owed(city):
    customer = await city.receivable.customer(CITY, "000412")
    assert (customer.number, customer.name, customer.carries_forward) == ("000412", "Ada", False)
    assert balances(customer) == {"10023": 10000, "10044": 2540, "": 12540}
    assert [each.amount for each in customer.invoices] == [10000, 2540]


async def test_a_receipt_lowers_what_is_owed_and_a_void_brings_it_back(city):
    number = await make(
        city.cash, amount=Money(11000), shares=(Share("10023", Money(10000)), Share("10044", Money(1000)))
    )
    assert balances(await city.receivable.customer(CITY, "000412")) == {"10044": 1540, "": 1540}
    await city.cash.void_receipt(CITY, number, "R01")
    assert balances(await city.receivable.customer(CITY, "000412")) == {"10023": 10000, "10044": 2540, "": 12540}


async def test_an_invoice_is_shown_open_or_paid_and_another_is_not_there(city):
    await make(city.cash, amount=Money(10000), shares=(Share("10023", Money(10000)),))
    paid, unpaid, none = [await city.receivable.invoice(CITY, "000412", each) for each in ("10023", "10044", "1")]
    assert (paid.balance, unpaid.balance, none) == (0, 2540, None)


async def test_a_customer_that_is_not_there_is_unknown(city):
    assert await city.why("412") == ("customer_unknown", Trouble.NOT_FOUND)
    with pytest.raises(Unanswered) as raised:
        await city.receivable.invoice(CITY, "412", "10023")
    assert raised.value.code == "customer_unknown"


# What only the real one can show.


async def test_an_invoice_has_its_dates(caselle):
    [invoice, _] = (await caselle.receivable.customer(CITY, "000412")).invoices
    today = datetime.now(UTC).date()
    assert today - timedelta(days=1) <= invoice.invoice_date <= today
    assert invoice.due_date == invoice.invoice_date + timedelta(days=30)
    assert invoice.description == "Invoice 10023"


async def test_a_balance_forward_customer_is_marked(caselle):
    customers = {"000412": SETUP["customers"]["000412"] | {"statementType": "BALANCE_FORWARD"}}
    city = await caselle.put(customers=customers)
    customer = await city.receivable.customer(CITY, "000412")
    assert (customer.carries_forward, customer.balance, customer.invoices) == (True, 12540, ())


async def test_a_city_that_updates_later_still_shows_the_old_balance(caselle):
    """A payment is then neither pending here nor known there: the category's option must be on."""
    await caselle.control.switch("newportor", updateImmediately=False)
    await make(caselle.cash)
    assert (await caselle.receivable.customer(CITY, "000412")).balance == 12540
    await caselle.control.update_payments("newportor")
    assert (await caselle.receivable.customer(CITY, "000412")).balance == 0


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"cows": "http_503"}, ("caselle_unreachable", Trouble.DOWN)),
        ({"cows": "graphql_error"}, ("caselle_unreachable", Trouble.DOWN)),
        ({"licence": False}, ("licence_missing", Trouble.ERROR)),
        ({"arLicence": False}, ("licence_missing", Trouble.ERROR)),
        ({"thirdPartyEnabled": False}, ("third_party_disabled", Trouble.ERROR)),
    ],
)
async def test_what_is_wrong_with_a_city_is_named(caselle, switches, expected):
    await caselle.control.switch("newportor", **switches)
    assert await caselle.why() == expected


async def test_a_relay_that_refuses_connections_is_down(caselle):
    await caselle.control.relay_refused(refused=True)
    assert await caselle.why() == ("caselle_unreachable", Trouble.DOWN)


async def test_a_token_that_is_not_active_is_refused(caselle):
    await caselle.control.revoke_tokens("newportor")
    assert await caselle.why() == ("token_refused", Trouble.ERROR)


async def test_a_subdomain_that_caselle_does_not_know_is_named(caselle):
    with pytest.raises(Unanswered) as raised:
        await caselle.receivable.customer(CITY.model_copy(update={"subdomain": "nowhere"}), "000412")
    assert (raised.value.code, raised.value.trouble) == ("subdomain_unknown", Trouble.ERROR)


async def test_what_stops_cash_receipting_does_not_stop_a_question(caselle):
    """An unmarked workspace, a closed period or used-up numbers are no matter of accounts receivable."""
    await caselle.control.switch("newportor", onlinePayments=False, workspaceInUse=True, receiptNumbersLeft=0)
    await caselle.control.switch("newportor", closedThrough="2099-12-31", distributionOnline=False)
    assert (await caselle.receivable.customer(CITY, "000412")).balance == 12540


@pytest.mark.parametrize("release", ["2021.02.160", "2025.02", "2025.11"])
async def test_every_release_answers(caselle, release):
    await caselle.control.switch("newportor", connectVersion=release)
    assert (await caselle.receivable.customer(CITY, "000412")).balance == 12540
