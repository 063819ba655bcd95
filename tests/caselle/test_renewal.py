"""A token that is refused in the middle of the work, before the simulator: faults P16 and P17 of the catalogue."""

import asyncio
import secrets
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bench.counting_proxy import CountingProxy
from local.processes import Child
from local.simulator.client import SimulatorControl
from shared.billers.model import Biller, TokenStrategy
from shared.caselle.client import Wire
from shared.caselle.token_endpoint import HttpTokenEndpoint
from shared.caselle.token_proof import CustomerRead
from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.tokens.endpoint import ANSWER_WITHIN, Client
from shared.tokens.prove import PROOF_WITHIN
from tests.caselle.test_contract import ORDER
from tests.fakes.app import app_over, given
from tests.fakes.clock import StoppedClock
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault
from tests.payments.world import NEWPORT
from tests.tokens.instances import supervised, told

CITY = Biller.model_validate(NEWPORT | {"clientId": "client", "tokenStrategy": "client_credentials"})
WAITING = CITY.model_copy(update={"token_strategy": TokenStrategy.CALLBACK})
SETUP = {name: NEWPORT[name] for name in ("billerId", "subdomain", "applications")} | {
    "connectVersion": "2025.11",
    "clientId": "client",
    "customers": {ORDER.customer_number: {"name": "Ada", "invoices": {}}},
}
ORDERS = [
    replace(ORDER, reference=f"IC{number}", category_code="12", distribution_code="1201", payment_code="7", shares=())
    for number in range(60)
]
IN_FLIGHT = 24


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    with Child.module("simulator", "local.simulator", log=log) as child:
        yield child.wait_ready()


class _City:
    """The real client and the real renewal before the simulator, with stores in memory."""

    def __init__(self, addresses, control, proxy, opened):
        self.control, self._proxy = control, proxy
        self.secret = secrets.token_urlsafe(16)
        self.clock = clock = StoppedClock(datetime.now(UTC))
        path = addresses["tokenUrl"].removeprefix(addresses["caselleUrl"])
        endpoint = opened(HttpTokenEndpoint(f"{proxy.url}{path}", ANSWER_WITHIN, clock))
        self._unseen = opened(HttpTokenEndpoint(addresses["tokenUrl"], ANSWER_WITHIN, clock))
        vault, rows = FakeVault(), FakeTokenRows()
        wire = opened(Wire(addresses["caselleUrl"], 30))
        app = given(app_over(clock, tokens=rows, vault=vault), shared_clock=clock)
        tokens = given(app.tokens, endpoint=endpoint, _proof=CustomerRead(wire, PROOF_WITHIN))
        given(app.caselle, _wire=lambda *_: wire)
        self.keeper, self.credentials = tokens.keeper, tokens.credentials
        self.cash = app.caselle.receipting_within(30)

    async def set_up(self):
        await self.control.put_billers([SETUP | {"clientSecret": self.secret}])
        await self.credentials.keep_client_secret("2493", SecretStr(self.secret))
        delivery = await self._unseen.client_credentials(Client("client", SecretStr(self.secret)))
        await self.keeper.store("2493", delivery)
        await self.keeper.change("2493", supervised)

    async def asks_first(self):
        """Harmless reads that came before a write."""
        return (await self.control.calls())["2493"].get("customer", 0)

    async def ends_in(self, left, *, dated=True):
        """The token in force ends so soon; ``dated``: and that was said."""
        ending = {"expires_at": self.clock.now() + left, "dated": dated}
        await self.keeper.change("2493", lambda row: row.model_copy(update=ending))
        await self.keeper.current("2493", fresh=True)

    @property
    def renewals(self):
        """Requests that reached the token endpoint."""
        return self._proxy.requests["POST token"]

    async def posts(self):
        return (await self.control.calls())["2493"].get("create_receipt", 0)

    async def receipts(self):
        """How many were made, and how many of them twice."""
        summary = (await self.control.summary())["2493"]
        return summary["receipts"], summary["doubled"]

    async def post_all(self, biller):
        """Every order, so many at once."""
        free = asyncio.Semaphore(IN_FLIGHT)

        async def post(order):
            async with free:
                return await self.cash.create_receipt(biller, order)

        return await asyncio.gather(*(post(order) for order in ORDERS))

    async def settle(self, answers):
        """What evidence does for those in doubt: whatever is not there is sent once more."""
        shown = {each.reference for each in await self.cash.receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)}
        doubts = [order for order, answer in zip(ORDERS, answers, strict=True) if isinstance(answer, Ambiguous)]
        return [await self.cash.create_receipt(CITY, each) for each in doubts if each.reference not in shown]


@pytest.fixture
async def city(addresses):
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(SimulatorControl(addresses["controlUrl"]))
        proxy = await stack.enter_async_context(CountingProxy(addresses["caselleUrl"]).running())

        def opened(closing):
            stack.push_async_exit(aclosing(closing))
            return closing

        city = _City(addresses, control, proxy, opened)
        await city.set_up()
        yield city


def split(answers):
    """How many were accepted, and how many left with a token that was refused; anything else is an error."""
    doubts = sum(isinstance(answer, Ambiguous) and answer.code == "token_refused" for answer in answers)
    accepted = sum(isinstance(answer, Accepted) for answer in answers)
    assert accepted + doubts == len(answers), answers
    return accepted, doubts


async def test_calls_that_are_refused_at_once_share_one_renewal_and_none_is_sent_again_by_itself(city):
    """P16. Those in flight may have acted; all that follow wait for a read that passes."""
    await city.control.revoke_tokens("newportor")
    answers = await city.post_all(CITY)
    accepted, doubts = split(answers)
    assert 0 < doubts <= IN_FLIGHT
    assert city.renewals == 1
    assert await city.receipts() == (accepted, 0)
    assert await city.posts() == len(ORDERS)
    assert {type(answer) for answer in await city.settle(answers)} == {Accepted}
    assert await city.receipts() == (len(ORDERS), 0)
    assert city.renewals == 1


async def test_a_token_that_is_switched_off_in_the_middle_of_a_batch_is_renewed_once(city):
    """P16 as it happens: some calls are past the check, some before it."""
    await city.control.switch("newportor", latencyMs=200)
    batch = asyncio.create_task(city.post_all(CITY))
    while not (await city.receipts())[0]:
        pass  # each look is a call over the network
    await city.control.revoke_tokens("newportor")
    assert not batch.done()
    answers = await batch
    accepted, doubts = split(answers)
    assert 0 < doubts <= IN_FLIGHT
    assert city.renewals == 1
    assert await city.receipts() == (accepted, 0)
    assert await city.posts() == len(ORDERS)
    await city.settle(answers)
    assert await city.receipts() == (len(ORDERS), 0)


async def test_a_token_that_lasts_costs_no_read(city):
    assert {type(answer) for answer in await city.post_all(CITY)} == {Accepted}
    assert await city.asks_first() == 0


@pytest.mark.parametrize(("left", "dated"), [(timedelta(hours=23), True), (timedelta(days=182), False)])
async def test_a_token_near_its_end_or_of_unknown_end_passes_a_read_once_an_hour(city, left, dated):
    await city.ends_in(left, dated=dated)
    for number, order in enumerate(ORDERS[:6]):
        assert isinstance(await city.cash.create_receipt(CITY, order), Accepted)
        assert await city.asks_first() == 1 + number // 3
        city.clock.advance(1500)


async def test_a_token_that_ends_when_it_was_said_to_leaves_nothing_in_doubt(city):
    """The read that passed before its end vouches for nothing after it."""
    await city.ends_in(timedelta(minutes=5))
    assert isinstance(await city.cash.create_receipt(CITY, ORDERS[0]), Accepted)
    city.clock.advance(360)
    await city.control.revoke_tokens("newportor")
    assert isinstance(await city.cash.create_receipt(CITY, ORDERS[1]), Accepted)
    assert city.renewals == 1
    assert (await city.posts(), await city.receipts()) == (2, (2, 0))


@pytest.mark.parametrize("biller", [CITY, WAITING], ids=["renews", "waits for the callback"])
async def test_refused_for_ever_it_is_told_once_and_no_more_is_in_doubt_than_was_under_way(city, caplog, biller):
    """P17. The endpoint knows the client no more, so that no renewal helps."""
    await city.control.revoke_tokens("newportor")
    await city.credentials.keep_client_secret("2493", SecretStr("an old one"))
    answers = await city.post_all(biller)
    waiting = answers.count(NotSent("token_refused", peer_failed=False))
    assert split([each for each in answers if not isinstance(each, NotSent)]) == (0, len(ORDERS) - waiting)
    assert len(ORDERS) - waiting <= IN_FLIGHT
    assert len(told(caplog, "token.refused")) == 1
    assert city.renewals == (1 if biller is CITY else 0)
    assert [line["error"] for line in told(caplog, "token.renewal_failed")] == ["invalid_client"] * city.renewals
    assert await city.posts() == len(ORDERS) - waiting
    assert await city.receipts() == (0, 0)
    assert set(await city.post_all(biller)) == {NotSent("token_refused", peer_failed=False)}
    assert await city.posts() == len(ORDERS) - waiting


async def test_a_renewed_token_that_is_refused_as_well_is_renewed_once(city, caplog):
    await city.control.revoke_tokens("newportor")
    assert isinstance(await city.cash.create_receipt(CITY, ORDERS[0]), Ambiguous)
    assert isinstance(await city.cash.create_receipt(CITY, ORDERS[0]), Accepted)
    await city.control.revoke_tokens("newportor")
    answers = await city.post_all(CITY)
    assert NotSent("token_refused", peer_failed=False) in answers
    assert split([each for each in answers if not isinstance(each, NotSent)])[0] == 0
    assert city.renewals == 1
    assert len(told(caplog, "token.refused")) == 1


async def test_a_licence_that_is_missing_is_no_matter_of_the_token(city):
    """The other half of P17."""
    await city.control.switch("newportor", licence=False)
    assert set(await city.post_all(CITY)) == {Refused("licence_missing", Scope.BILLER)}
    assert city.renewals == 0


async def test_neither_token_nor_secret_shows_in_any_log(city, caplog):
    before = await city.keeper.current("2493")
    await city.control.revoke_tokens("newportor")
    with caplog.at_level("DEBUG"):
        await city.post_all(CITY)
    after = await city.keeper.current("2493")
    assert "token.renewed" in caplog.text
    for hidden in (city.secret, before.value.get_secret_value(), after.value.get_secret_value()):
        assert hidden not in caplog.text
