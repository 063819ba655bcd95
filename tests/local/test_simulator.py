"""The simulator over real sockets: one process for all tests, set up anew by each."""

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from local.processes import Child
from local.simulator.answers import Refusal
from local.simulator.books import World
from local.simulator.client import SimulatorControl
from local.simulator.seed import seed
from local.simulator.wire import BillerSetup
from local.simulator.workspace import next_number

CREATE = "mutation Post($input: CreateReceiptInput!) { create_receipt(input: $input) { receipt_number created_at status amount } }"
VOID = (
    'mutation Void($number: String!) { void_receipt(receipt_number: $number, reason: "R01") { receipt_number status } }'
)
RECEIPTS = "query Receipts($filter: ReceiptFilter!, $page: PageInput) { receipt(filter: $filter, page: $page) { receipts { receipt_number reference receipt_date status } next } }"
CUSTOMER = "query Customer($number: String!) { customer(customer_number: $number) { name balance } }"
OPEN_ITEMS = "query OpenItems($number: String!) { customer(customer_number: $number) { name balance statement_type open_invoices { invoice_number balance amount due_date } } }"

NEWPORT = {"subdomain": "newportor", "billerId": "2493", "connectVersion": "2025.11.014"}
OLD_CITY = {"subdomain": "cedarflats", "billerId": "3180", "connectVersion": "2021.02.160"}
SETUP = {
    "applications": {"AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}},
    "customers": {"000412": {"name": "Ada Byron", "invoices": {"10023": "100.00", "10044": "25.40"}}},
}
ORDER = {
    "customer_number": "000412",
    "category_code": "12",
    "distribution_code": "1201",
    "payment_code": "7",
    "amount": "60.00",
    "receipt_date": "2026-11-20",
    "reference": "IC1",
    "allocations": [{"invoice_number": "10023", "amount": "50.00"}, {"invoice_number": "10044", "amount": "10.00"}],
}


class Peer:
    """What a test asks the relay, with one biller's credentials and latest token."""

    def __init__(self, http: httpx.AsyncClient, token_url: str, setup: dict[str, Any]) -> None:
        self.http, self.token_url, self.token = http, token_url, ""
        self.subdomain = setup["subdomain"]
        self.credentials = (setup["clientId"], setup["clientSecret"])

    async def grant(self, **form: str) -> httpx.Response:
        return await self.http.post(self.token_url, data=form, auth=self.credentials)

    async def renew(self) -> None:
        self.token = (await self.grant(grant_type="client_credentials")).json()["access_token"]

    async def ask(self, query: str, area: str = "cr0", **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "X-Caselle-Subdomain": self.subdomain}
        return await self.http.post(
            f"/tp/api/{area}/graphql", json={"query": query, "variables": variables}, headers=headers
        )

    async def post(self, **changes: Any) -> httpx.Response:
        return await self.ask(CREATE, input=ORDER | changes)

    async def posted(self, **changes: Any) -> str:
        return (await self.post(**changes)).json()["data"]["create_receipt"]["receipt_number"]

    async def balances(self) -> dict[str, str]:
        customer = (await self.ask(OPEN_ITEMS, "ar0", number="000412")).json()["data"]["customer"]
        return {one["invoice_number"]: one["balance"] for one in customer["open_invoices"]} | {"": customer["balance"]}

    async def page(self, size: int = 100, after: str | None = None, **criteria: str) -> dict[str, Any]:
        answer = await self.ask(RECEIPTS, filter=criteria, page={"size": size, "after": after})
        return answer.json()["data"]["receipt"]


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    log = tmp_path_factory.mktemp("simulator") / "log"
    with Child.module("simulator", "local.simulator", log=log) as child:
        yield child.wait_ready()
        child.stop()
        assert child.exit_code == 0
        assert log.read_text() == ""


@pytest.fixture
async def control(addresses) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(addresses["controlUrl"]) as client:
        yield client


def relay_client(addresses: dict[str, str]) -> httpx.AsyncClient:
    no_certificates = ssl.SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )  # http only: loading them would take most of a test's time
    return httpx.AsyncClient(base_url=addresses["caselleUrl"], trust_env=False, timeout=20, verify=no_certificates)


def new_setup(city: dict[str, str]) -> dict[str, Any]:
    return {**city, **SETUP, "clientId": city["billerId"], "clientSecret": secrets.token_urlsafe()}


@pytest.fixture
async def peers(addresses, control) -> AsyncIterator[dict[str, Peer]]:
    setups = [new_setup(NEWPORT), new_setup(OLD_CITY)]
    await control.relay_refused(refused=False)  # a test that failed may have left it so
    await control.put_billers(setups)
    async with relay_client(addresses) as http:
        peers = {setup["subdomain"]: Peer(http, addresses["tokenUrl"], setup) for setup in setups}
        for peer in peers.values():
            await peer.renew()
        yield peers


@pytest.fixture
def peer(peers) -> Peer:
    return peers["newportor"]


@pytest.fixture
def old_peer(peers) -> Peer:
    return peers["cedarflats"]


async def assert_refused(
    control: SimulatorControl, answer: httpx.Response, code: str, field: str = "create_receipt"
) -> None:
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"], error["path"]) == (200, code, [field])
    assert answer.json()["data"] == {field: None}
    assert await control.summary() == {
        "2493": {"receipts": 0, "cents": 0, "doubled": 0},
        "3180": {"receipts": 0, "cents": 0, "doubled": 0},
    }


def assert_not_executed(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert "data" not in answer.json()
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {code}
    assert all("path" not in error for error in answer.json()["errors"])


async def test_a_receipt_lowers_the_balances(peer, control):
    answer = (await peer.post()).json()
    created_at = answer["data"]["create_receipt"].pop("created_at")
    assert answer == {
        "data": {"create_receipt": {"receipt_number": "05.000000001", "status": "POSTED", "amount": "60.00"}}
    }
    assert await peer.balances() == {"10023": "50.00", "10044": "15.40", "": "65.40"}
    [row] = (await control.receipts())["2493"]
    assert created_at.endswith("+00:00")
    assert row == {
        "receiptNumber": "05.000000001",
        "reference": "IC1",
        "cents": 6000,
        "status": "POSTED",
        "receiptDate": "2026-11-20",
        "createdAt": created_at,
        "paymentCode": "7",
        "customerNumber": "000412",
    }


async def test_the_same_reference_makes_another_receipt(peer, control):
    await peer.posted()
    await peer.posted()
    await peer.posted(reference="IC2")
    assert (await control.summary())["2493"] == {"receipts": 3, "cents": 18000, "doubled": 1}
    assert await peer.balances() == {"": "-54.60"}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("CUSTOMER_NOT_FOUND", {"customer_number": "412"}),
        ("INVOICE_NOT_FOUND", {"allocations": [{"invoice_number": "1", "amount": "60.00"}]}),
        ("AMOUNT_INVALID", {"amount": "0.00"}),
        ("AMOUNT_INVALID", {"amount": "6e1"}),
        ("AMOUNT_INVALID", {"amount": "60.01"}),
        ("AMOUNT_INVALID", {"allocations": []}),
        ("DATE_INVALID", {"receipt_date": "11/20/2026"}),
        ("DATE_INVALID", {"receipt_date": "20261120"}),
        ("CATEGORY_UNKNOWN", {"category_code": "1"}),
        ("DISTRIBUTION_UNKNOWN", {"distribution_code": "1"}),
        ("PAYMENT_CODE_UNKNOWN", {"payment_code": "07"}),
    ],
)
async def test_a_wrong_order_is_refused(peer, control, code, changes):
    await assert_refused(control, await peer.post(**changes), code)
    assert await peer.balances() == {"10023": "100.00", "10044": "25.40", "": "125.40"}


@pytest.mark.parametrize(
    ("code", "switches"),
    [
        ("PERIOD_CLOSED", {"closedThrough": "2026-11-20"}),
        ("DISTRIBUTION_NOT_ONLINE", {"distributionOnline": False}),
        ("RECEIPT_NUMBERS_EXHAUSTED", {"receiptNumbersLeft": 0}),
        ("WORKSPACE_IN_USE", {"workspaceInUse": True}),
        ("THIRD_PARTY_DISABLED", {"thirdPartyEnabled": False}),
        ("ERROR", {"onlinePayments": False}),
        ("ERROR", {"newReceipts": False}),
        ("ERROR", {"manualAllocation": True}),
        ("ERROR", {"onlineWorkspaces": 2, "workspaceThirdParty": False}),
        ("ERROR", {"onlineWorkspaces": 2, "connectVersion": "2023.07.999"}),
    ],
)
async def test_a_city_that_is_not_set_up_refuses(peer, control, code, switches):
    await control.switch("newportor", **switches)
    answer = await peer.post()
    await assert_refused(control, answer, code)
    assert (answer.json()["errors"][0]["message"] == "An error has occurred.") == (code == "ERROR")


async def test_switches_can_be_set_back_and_add_up(peer, control):
    await control.switch("newportor", closedThrough="2026-11-20")
    await control.switch("newportor", receiptNumbersLeft=1)
    assert (await peer.post()).json()["errors"][0]["extensions"]["code"] == "PERIOD_CLOSED"
    await control.switch("newportor", closedThrough=None)
    assert await peer.posted() == "05.000000001"
    assert (await peer.post()).json()["errors"][0]["extensions"]["code"] == "RECEIPT_NUMBERS_EXHAUSTED"


async def test_a_third_party_that_is_disabled_reads_nothing(peer, control):
    await control.switch("newportor", thirdPartyEnabled=False)
    for area in ("cr0", "ar0"):
        await assert_refused(
            control, await peer.ask(CUSTOMER, area, number="000412"), "THIRD_PARTY_DISABLED", "customer"
        )


@pytest.mark.parametrize(
    ("code", "query", "variables"),
    [
        ("GRAPHQL_PARSE_FAILED", "mutation {", {}),
        ("GRAPHQL_VALIDATION_FAILED", "{ receipts { id } }", {}),
        ("GRAPHQL_VALIDATION_FAILED", CREATE.replace("created_at", "made_at"), {"input": ORDER}),
        ("BAD_USER_INPUT", CREATE, {"input": {**ORDER, "amount": None}}),
        ("BAD_USER_INPUT", CREATE, {"input": {**ORDER, "extra": "x"}}),
        ("OPERATION_RESOLUTION_FAILURE", CREATE + CUSTOMER, {"input": ORDER}),
    ],
)
async def test_a_request_that_cannot_be_executed_has_no_data(peer, control, code, query, variables):
    assert_not_executed(await peer.ask(query, **variables), 400, code)
    assert (await control.summary())["2493"]["receipts"] == 0


async def test_a_body_that_is_no_graphql_request_is_a_bad_request(peer):
    headers = {"X-Caselle-Subdomain": "newportor", "Content-Type": "application/json"}
    for content in ("{", "[]", '{"query": 1}', '{"query": "{ __typename }", "variables": []}'):
        answer = await peer.http.post("/tp/api/cr0/graphql", content=content, headers=headers)
        assert_not_executed(answer, 400, "BAD_REQUEST")
    answer = await peer.http.post(
        "/tp/api/cr0/graphql", content="query=1", headers=headers | {"Content-Type": "text/plain"}
    )
    assert_not_executed(answer, 415, "BAD_REQUEST")
    assert (await peer.http.get("/tp/api/cr0/graphql", headers=headers)).status_code == 405


async def test_tokens_admit_only_to_their_own_city_and_while_they_are_active(peer, old_peer, control):
    own = peer.token
    for token in ("none", secrets.token_urlsafe(), old_peer.token):
        peer.token = token
        answer = await peer.post()
        assert_not_executed(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    peer.token = own
    await peer.posted()
    await control.revoke_tokens("newportor")
    assert_not_executed(await peer.post(), 401, "UNAUTHENTICATED")
    await peer.renew()
    await peer.posted()


async def test_an_unknown_subdomain_is_told_before_anything_else(peer):
    peer.subdomain = "nowhere"
    assert_not_executed(await peer.post(), 404, "SUBDOMAIN_UNKNOWN")


async def test_a_missing_licence_closes_both_interfaces(peer, control):
    await control.switch("newportor", licence=False)
    for area in ("cr0", "ar0"):
        assert_not_executed(await peer.ask(CUSTOMER, area, number="000412"), 403, "LICENSE_MISSING")


async def test_cows_can_be_down_in_two_forms_and_calls_are_counted(peer, old_peer, control):
    await control.switch("newportor", cows="http_503")
    answer = await peer.post()
    assert (answer.status_code, answer.text) == (503, "Service Unavailable")
    await control.switch("newportor", cows="graphql_error")
    answer = await peer.post()
    assert_not_executed(answer, 200, "COWS_UNREACHABLE")
    assert answer.json()["errors"][0]["message"] == "Connect Online Web Service is not responding"
    await old_peer.posted()
    await control.switch("newportor", cows="up")
    await peer.ask(CUSTOMER, number="000412")
    await peer.ask("{")
    assert await control.calls() == {
        "2493": {"create_receipt": 2, "customer": 1, "unreadable": 1, "token": 1},
        "3180": {"create_receipt": 1, "token": 1},
    }
    await control.forget_calls()
    assert await control.calls() == {"2493": {}, "3180": {}}


async def test_an_old_release_has_short_numbers_and_neither_query_nor_void(old_peer, control):
    number = await old_peer.posted()
    assert number == "5.00001"
    assert_not_executed(await old_peer.ask(RECEIPTS, filter={}), 400, "GRAPHQL_VALIDATION_FAILED")
    assert_not_executed(await old_peer.ask(VOID, number=number), 400, "GRAPHQL_VALIDATION_FAILED")
    assert (await old_peer.ask(CUSTOMER, number="000412")).json()["data"] == {
        "customer": {"name": "Ada Byron", "balance": "65.40"}
    }
    await control.switch("cedarflats", connectVersion="2025.02")
    assert await old_peer.posted() == "05.000000002"
    await control.switch("cedarflats", connectVersion="2025.11")
    assert len((await old_peer.page())["receipts"]) == 2


async def test_introspection_shows_what_the_release_has(peer, old_peer):
    names = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"
    [schema, old_schema] = [(await one.ask(names)).json()["data"]["__schema"] for one in (peer, old_peer)]
    assert [one["name"] for one in schema["mutationType"]["fields"]] == ["create_receipt", "void_receipt"]
    assert [one["name"] for one in old_schema["queryType"]["fields"]] == ["customer"]


async def test_receipts_are_found_by_date_and_number_page_by_page(peer):
    for day in range(1, 8):
        await peer.posted(reference=f"IC{day}", receipt_date=f"2026-11-{day:02}")
    first = await peer.page(2, from_date="2026-11-02", to_date="2026-11-06")
    await peer.posted(reference="late", receipt_date="2026-11-06")
    second = await peer.page(2, first["next"], from_date="2026-11-02", to_date="2026-11-06")
    third = await peer.page(2, second["next"], from_date="2026-11-02", to_date="2026-11-06")
    found = [[row["reference"] for row in page["receipts"]] for page in (first, second, third)]
    assert found == [["IC2", "IC3"], ["IC4", "IC5"], ["IC6", "late"]]
    assert third["next"] is None
    [only] = (await peer.page(receipt_number="05.000000007"))["receipts"]
    assert (only["reference"], only["receipt_date"]) == ("IC7", "2026-11-07")


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        ("PAGE_SIZE_INVALID", {"filter": {}, "page": {"size": 201}}),
        ("PAGE_SIZE_INVALID", {"filter": {}, "page": {"size": 0}}),
        ("CURSOR_INVALID", {"filter": {}, "page": {"after": "x"}}),
        ("DATE_INVALID", {"filter": {"from_date": "yesterday"}}),
    ],
)
async def test_a_receipt_query_that_makes_no_sense_is_an_error(peer, code, variables):
    answer = (await peer.ask(RECEIPTS, **variables)).json()
    assert answer["data"] is None  # the field may not be null, so its parent is
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [(["receipt"], code)]


async def test_the_query_can_lag_behind(peer, control):
    await peer.posted()
    await control.switch("newportor", queryLagSeconds=3600)
    assert (await peer.page())["receipts"] == []
    await control.switch("newportor", queryLagSeconds=0)
    assert len((await peer.page())["receipts"]) == 1


async def test_a_list_can_cut_references_move_them_and_write_dates_in_its_own_way(peer, control):
    await peer.posted()
    whole = (await peer.page())["receipts"][0]
    await control.switch("newportor", referenceLength=6, referenceInMemo=True, americanDates=True)
    shown = (await peer.page())["receipts"][0]
    assert shown["reference"] == ""
    assert shown["receipt_date"] == datetime.fromisoformat(whole["receipt_date"]).strftime("%m/%d/%Y")
    await control.switch("newportor", referenceLength=64, referenceInMemo=False, americanDates=False)
    assert (await peer.page())["receipts"][0]["reference"] == whole["reference"]


async def test_a_city_can_have_a_time_of_its_own(peer, control):
    await control.switch("newportor", clockAheadSeconds=-86400)
    await peer.posted()
    await control.switch("newportor", clockAheadSeconds=86400)
    await peer.posted()
    earlier, later = (datetime.fromisoformat(row["createdAt"]) for row in (await control.receipts())["2493"])
    assert timedelta(days=2) <= later - earlier < timedelta(days=2, hours=1)


async def test_a_void_restores_the_balances_once(peer, control):
    number = await peer.posted()
    assert (await peer.ask(VOID, number=number)).json() == {
        "data": {"void_receipt": {"receipt_number": number, "status": "VOIDED"}}
    }
    assert await peer.balances() == {"10023": "100.00", "10044": "25.40", "": "125.40"}
    await assert_refused(control, await peer.ask(VOID, number=number), "RECEIPT_ALREADY_VOIDED", "void_receipt")
    await assert_refused(control, await peer.ask(VOID, number="5.1"), "RECEIPT_NOT_FOUND", "void_receipt")
    assert (await peer.page())["receipts"][0]["status"] == "VOIDED"
    assert await peer.posted() == "05.000000002"


async def test_a_receipt_of_a_closed_period_is_not_voided(peer, control):
    number = await peer.posted()
    await control.switch("newportor", closedThrough="2026-11-30")
    answer = (await peer.ask(VOID, number=number)).json()
    assert answer["errors"][0]["extensions"]["code"] == "PERIOD_CLOSED"
    assert (await control.summary())["2493"]["receipts"] == 1


@pytest.mark.parametrize(
    ("code", "switches"),
    [
        ("RECEIPT_CLOSED", {"ledgerUpdatedThrough": "2026-11-20"}),
        ("RECEIPT_UPDATED", {"voidUpdated": False}),
    ],
)
async def test_an_updated_receipt_refuses_a_void_and_keeps_its_balances(peer, control, code, switches):
    number = await peer.posted()
    await control.switch("newportor", **switches)
    [error] = (await peer.ask(VOID, number=number)).json()["errors"]
    assert error["extensions"]["code"] == code
    assert await peer.balances() == {"10023": "50.00", "10044": "15.40", "": "65.40"}
    await control.switch("newportor", ledgerUpdatedThrough="2026-11-19", voidUpdated=True)
    assert (await peer.ask(VOID, number=number)).json()["data"]["void_receipt"]["status"] == "VOIDED"


async def test_a_receipt_that_waits_for_the_clerk_s_routine_is_not_updated_and_can_be_voided(peer, control):
    await control.switch("newportor", updateImmediately=False, voidUpdated=False)
    number = await peer.posted()
    assert (await peer.ask(VOID, number=number)).json()["data"]["void_receipt"]["status"] == "VOIDED"
    assert await peer.balances() == {"10023": "100.00", "10044": "25.40", "": "125.40"}


async def test_the_answer_to_a_void_can_be_dropped_after_it_was_done(peer, control):
    number = await peer.posted()
    await control.switch("newportor", dropAnswers=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await peer.ask(VOID, number=number)
    assert (await control.summary())["2493"]["receipts"] == 0


@pytest.mark.parametrize(
    ("release", "last", "shown"),
    [("2025.01", 99_999, "5.99999"), ("2025.02", 99_999, "05.000099999"), ("2025.02", 999_999_999, "05.999999999")],
)
def test_receipt_numbers_run_out_where_their_digits_do(release, last, shown):
    world = World()
    world.replace([BillerSetup.model_validate(new_setup(NEWPORT | {"connectVersion": release}))])
    biller = world.at("newportor")
    biller.receipts = range(last - 1)
    assert next_number(biller) == shown
    biller.receipts = range(last)
    if shown.endswith("000099999"):
        assert next_number(biller) == "05.000100000"
    else:
        with pytest.raises(Refusal):
            next_number(biller)


async def test_caselle_allocates_by_itself_and_keeps_the_rest_on_account(peer):
    number = await peer.posted(amount="110.00", allocations=None)
    assert await peer.balances() == {"10044": "15.40", "": "15.40"}
    await peer.posted(amount="20.00", allocations=None)
    assert await peer.balances() == {"": "-4.60"}
    await peer.ask(VOID, number=number)
    assert await peer.balances() == {"10023": "100.00", "10044": "10.00", "": "105.40"}


async def test_payments_that_are_not_updated_at_once_lower_the_balances_with_the_clerk_s_routine(peer, control):
    await control.switch("newportor", updateImmediately=False)
    kept, voided = await peer.posted(), await peer.posted(reference="IC2")
    await peer.ask(VOID, number=voided)
    assert await peer.balances() == {"10023": "100.00", "10044": "25.40", "": "125.40"}
    assert await control.update_payments("newportor") == 1
    assert await peer.balances() == {"10023": "50.00", "10044": "15.40", "": "65.40"}
    assert await control.update_payments("newportor") == 0
    await peer.ask(VOID, number=kept)
    assert await peer.balances() == {"10023": "100.00", "10044": "25.40", "": "125.40"}


async def test_a_balance_forward_customer_has_one_balance_and_no_open_invoices(peer, control):
    setup = new_setup(NEWPORT)
    setup["customers"] = {"000412": SETUP["customers"]["000412"] | {"statementType": "BALANCE_FORWARD"}}
    await control.put_billers([setup])
    peer.credentials = (setup["clientId"], setup["clientSecret"])
    await peer.renew()
    await peer.posted()
    customer = (await peer.ask(OPEN_ITEMS, "ar0", number="000412")).json()["data"]["customer"]
    assert customer == {
        "name": "Ada Byron",
        "balance": "65.40",
        "statement_type": "BALANCE_FORWARD",
        "open_invoices": [],
    }


async def test_one_invoice_is_found_whether_open_or_paid(peer):
    query = (
        "query One($number: String!) { customer(customer_number: $number) "
        '{ paid: invoice(invoice_number: "10023") { balance } open: invoice(invoice_number: "10044") { balance } '
        'none: invoice(invoice_number: "1") { balance } } }'
    )
    await peer.posted(amount="100.00", allocations=[{"invoice_number": "10023", "amount": "100.00"}])
    assert (await peer.ask(query, "ar0", number="000412")).json() == {
        "data": {"customer": {"paid": {"balance": "0.00"}, "open": {"balance": "25.40"}, "none": None}}
    }


async def test_accounts_receivable_has_a_licence_of_its_own(peer, control):
    await control.switch("newportor", arLicence=False)
    assert_not_executed(await peer.ask(CUSTOMER, "ar0", number="000412"), 403, "LICENSE_MISSING")
    await peer.posted()


async def test_an_unknown_customer_is_null_and_no_error(peer):
    for area in ("cr0", "ar0"):
        assert (await peer.ask(CUSTOMER, area, number="412")).json() == {"data": {"customer": None}}


async def test_the_relay_refuses_connections_and_comes_back_on_its_port(peer, control):
    await peer.posted()
    for _ in range(2):
        await control.relay_refused(refused=True)
    with pytest.raises(httpx.ConnectError):
        await peer.post()
    for _ in range(2):
        await control.relay_refused(refused=False)
    await peer.posted(reference="IC2")
    assert (await control.summary())["2493"]["receipts"] == 2


async def test_a_relay_that_goes_away_cuts_slow_requests_short(peer, control):
    await control.switch("newportor", latencyMs=60_000)
    slow = asyncio.create_task(peer.post())
    async with asyncio.timeout(10):
        while not (await control.calls())["2493"].get("create_receipt"):
            pass  # each look is a call over the network
        await control.relay_refused(refused=True)
        cut = (await asyncio.gather(slow, return_exceptions=True))[0]
    await control.relay_refused(refused=False)
    assert isinstance(cut, httpx.TransportError) or cut.status_code == 500
    assert (await control.summary())["2493"]["receipts"] == 0


async def test_answers_can_be_dropped_after_the_receipt_was_recorded(peer, control):
    await control.switch("newportor", dropAnswers=1)
    assert (await peer.post(amount="0.00")).status_code == 200  # nothing recorded, so this one is answered
    with pytest.raises(httpx.RemoteProtocolError):
        await peer.post()
    assert (await control.summary())["2493"]["receipts"] == 1
    assert await peer.posted() == "05.000000002"


async def test_a_limit_turns_calls_away_before_they_are_worked_on(peer, control):
    await control.switch("newportor", throttled="30")
    for answer in (await peer.post(), await peer.ask(CUSTOMER, number="000412")):
        assert_not_executed(answer, 429, "THROTTLED")
        assert answer.headers["Retry-After"] == "30"
    await control.switch("newportor", throttled=None)
    assert (await control.summary())["2493"]["receipts"] == 0
    assert (await peer.post()).status_code == 200


@pytest.mark.parametrize("status", [401, 403, 429, 503])
async def test_a_filter_on_the_way_back_hides_what_was_done(peer, control, status):
    await control.switch("newportor", answersBecome=status)
    for answer in (await peer.post(), await peer.ask(CUSTOMER, number="000412")):
        assert (answer.status_code, answer.text) == (status, "Filtered")
    await control.switch("newportor", answersBecome=None)
    assert (await control.summary())["2493"]["receipts"] == 1


async def test_what_was_done_can_be_refused_after_all(peer, control):
    await control.switch("newportor", refusalAfterAll="PERIOD_CLOSED")
    refused = (await peer.post()).json()
    assert refused["data"] == {"create_receipt": None}
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["PERIOD_CLOSED"]
    assert (await control.summary())["2493"]["receipts"] == 1
    assert "errors" not in (await peer.ask(CUSTOMER, number="000412")).json()


async def test_numbers_can_be_shown_as_numbers(peer, old_peer, control):
    for each in (peer, old_peer):
        await control.switch(each.subdomain, numerals=True)
    made = (await old_peer.post()).text
    assert '"receipt_number":5.00001' in made
    assert '"amount":60.00' in made
    assert '"receipt_number":"05.000000001"' in (await peer.post()).text  # no JSON number begins with a zero


@asynccontextmanager
async def callback_server(status: str) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        received.append(json.loads(await reader.readexactly(length)))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/callback?BK=a%2Bb", received


async def test_a_token_is_delivered_to_the_callback(peer, control):
    async with callback_server("200 OK") as (url, received):
        await control.switch("newportor", callbackUrl=url)
        assert await control.deliver_token("newportor") == 200
        assert await control.deliver_token("newportor", expires_in=0) == 200
    assert [(one["token_type"], one["expires_in"], one["client_id"]) for one in received] == [
        ("Bearer", 15_552_000, "2493"),
        ("Bearer", 0, "2493"),
    ]
    peer.token = received[0]["access_token"]
    await peer.posted()
    peer.token = received[1]["access_token"]
    assert_not_executed(await peer.post(), 401, "UNAUTHENTICATED")


async def test_a_callback_that_refuses_or_does_not_answer_is_told(peer, control):
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await control.deliver_token(peer.subdomain)
    async with callback_server("404 Not Found") as (url, _):
        await control.switch("newportor", callbackUrl=url)
        assert await control.deliver_token("newportor") == 404
    with pytest.raises(httpx.HTTPStatusError, match="502"):
        await control.deliver_token("newportor")


async def test_each_grant_gives_a_token_that_works(peer, control):
    code = await control.authorization_code("newportor")
    first = (await peer.grant(grant_type="authorization_code", code=code)).json()
    second = (await peer.grant(grant_type="refresh_token", refresh_token=first["refresh_token"])).json()
    plain = await peer.http.post(
        peer.token_url,
        data={
            "grant_type": "client_credentials",
            "client_id": peer.credentials[0],
            "client_secret": peer.credentials[1],
        },
    )
    assert plain.headers["Cache-Control"] == "no-store"
    assert "refresh_token" not in plain.json()
    for token in (first, second, plain.json()):
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 15_552_000)
        peer.token = token["access_token"]
        await peer.posted()
    used = [("authorization_code", "code", code), ("refresh_token", "refresh_token", first["refresh_token"])]
    for grant, name, value in used:
        assert (await peer.grant(**{"grant_type": grant, name: value})).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("status", "error", "form", "auth"),
    [
        (400, "invalid_request", {}, True),
        (400, "invalid_request", {"grant_type": ["client_credentials", "refresh_token"]}, True),
        (400, "invalid_request", {"grant_type": "refresh_token"}, True),
        (400, "invalid_request", {"grant_type": "client_credentials", "client_secret": "x"}, True),
        (400, "unsupported_grant_type", {"grant_type": "password"}, True),
        (400, "invalid_grant", {"grant_type": "authorization_code", "code": "x"}, True),
        (401, "invalid_client", {"grant_type": "client_credentials"}, False),
        (401, "invalid_client", {"grant_type": "client_credentials", "client_id": "2493", "client_secret": "é"}, False),
    ],
)
async def test_the_token_endpoint_says_what_is_wrong(peer, status, error, form, auth):
    answer = await peer.http.post(
        peer.token_url,
        data=form,
        auth=peer.credentials if auth else None,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_twenty_at_once_are_each_recorded_once(peer, old_peer, control):
    await control.switch("newportor", latencyMs=20)
    await control.switch("cedarflats", receiptNumbersLeft=7)
    answers = await asyncio.gather(
        *(peer.posted(reference=f"IC{n}", amount="1.00", allocations=None) for n in range(20)),
        *(old_peer.post(reference=f"IC{n}") for n in range(20)),
    )
    assert sorted(answers[:20]) == [f"05.{n:09}" for n in range(1, 21)]
    assert sum("errors" not in answer.json() for answer in answers[20:]) == 7
    summary = await control.summary()
    assert summary["2493"] == {"receipts": 20, "cents": 2000, "doubled": 0}
    assert summary["3180"] == {"receipts": 7, "cents": 42000, "doubled": 0}
    assert (await peer.balances())[""] == "105.40"


async def test_the_control_api_explains_mistakes_without_repeating_secrets(control, peer):
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await control.switch("nowhere", licence=True)
    for wrong in ({"latencyMs": -1}, {"licens": True}, {"connectVersion": "new"}):
        with pytest.raises(httpx.HTTPStatusError, match="422"):
            await control.switch("newportor", **wrong)
    secret = secrets.token_urlsafe()
    with pytest.raises(httpx.HTTPStatusError, match="422") as refused:
        await control.put_billers([{**new_setup(NEWPORT), "clientSecret": [secret]}])
    assert secret not in refused.value.response.text
    assert await peer.posted() == "05.000000001"


def test_a_taken_port_is_one_sentence_and_exit_code_2(addresses, tmp_path):
    port = addresses["caselleUrl"].rpartition(":")[2]
    with (
        Child.module("simulator", "local.simulator", "--port", port, log=tmp_path / "log") as child,
        pytest.raises(Exception, match="ended before"),
    ):
        child.wait_ready()
    assert child.exit_code == 2
    assert (tmp_path / "log").read_text() == f"Port {port} of 127.0.0.1 cannot be used: Address already in use.\n"


def line(payment: str, allocations: dict[str, str] | None, **changes: Any) -> str:
    shares = [{"invoiceNumber": number, "amount": amount} for number, amount in (allocations or {}).items()]
    message = {"billerId": "2493", "paymentId": payment, "customerNumber": "000412", "payerName": "Ada"}
    return json.dumps(message | ({} if allocations is None else {"allocations": shares}) | changes)


def test_seeding_opens_each_invoice_for_all_its_payments():
    lines = [
        line("a", {"1": "10.00", "2": "5.00"}),
        line("A", {"1": "10.00", "2": "5.00"}),
        line("{0D9E2A34-6F0B-4B7C-9A8E-2F1C5B7D9E10}", {"1": "2.50"}),
        line("0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10", {"1": "2.75"}),
        line("b", None, customerNumber="7", payerName=None),
        line("c", {"1": "1.00"}, customerNumber="8", billerId="9999"),
        line("d", {"1": "not money"}),
        line("e", {})[:-1] + ', "allocations": 3}',
        line("f", None, customerNumber=412),
        line("h", {"1": "1.00"}, customerNumber="9", payerName=3),
        line("g g", {"1": "9.00"}),
        "not json",
        "3",
        "",
    ]
    biller = {**NEWPORT, "name": "Newport OR", "mode": "live", "applications": SETUP["applications"]}
    [setup] = seed([biller], lines)
    assert setup["customers"] == {
        "000412": {"name": "Ada", "invoices": {"1": "12.75", "2": "5.00"}},
        "7": {"name": "Customer 7", "invoices": {}},
        "9": {"name": "Customer 9", "invoices": {"1": "1.00"}},
    }
    assert setup | NEWPORT == setup
    assert "mode" not in setup
    assert len(setup["clientSecret"]) > 30


async def test_seeded_payments_find_their_customers_and_invoices(control, addresses):
    lines = [line("a", {"1": "10.00", "2": "5.00"}), line("b", {"2": "1.00"})]
    [setup] = seed([{**NEWPORT, "applications": SETUP["applications"]}], lines)
    await control.put_billers([setup])
    async with relay_client(addresses) as http:
        peer = Peer(http, addresses["tokenUrl"], setup)
        await peer.renew()
        await peer.posted(
            amount="15.00",
            allocations=[{"invoice_number": "1", "amount": "10.00"}, {"invoice_number": "2", "amount": "5.00"}],
        )
        assert await peer.balances() == {"2": "1.00", "": "1.00"}
