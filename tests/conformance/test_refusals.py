"""Every refusal of the simulator, through the real client: the catalogue names its cause, who acts and whom it concerns."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shared.caselle import create_receipt, receipt
from shared.caselle.catalogue import ALREADY_VOIDED, CATALOGUE
from shared.caselle.errors import BARE_STATUSES
from shared.caselle.protocol import refusal
from shared.exchange.reasons import OTHER_CAUSES, REASONS
from shared.ledger.answer import Accepted, Ambiguous, Refused, Scope
from shared.payments.gateway import Share
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money
from tests.conformance.newport import CITY, DAY, ORDER

SIMULATOR = Path(__file__).parents[2] / "local/simulator"
NO_REFUSALS = {ALREADY_VOIDED, "INTERNAL_SERVER_ERROR"}
"""One is what was asked for; the other is an error of the simulator itself."""

ORDERS = [
    ("CUSTOMER_NOT_FOUND", {"customer_number": "000413"}),
    ("INVOICE_NOT_FOUND", {"shares": (Share("99999", Money(12540)),)}),
    ("PERIOD_CLOSED", {"receipt_date": date(2026, 10, 31)}),
    ("AMOUNT_INVALID", {"amount": Money(0), "shares": ()}),
    ("AMOUNT_INVALID", {"amount": Money(12541)}),
    ("CATEGORY_UNKNOWN", {"category_code": "99"}),
    ("DISTRIBUTION_UNKNOWN", {"distribution_code": "99"}),
    ("PAYMENT_CODE_UNKNOWN", {"payment_code": "99"}),
]
SWITCHES = [
    ("THIRD_PARTY_DISABLED", {"thirdPartyEnabled": False}),
    ("LICENSE_MISSING", {"licence": False}),
    ("DISTRIBUTION_NOT_ONLINE", {"distributionOnline": False}),
    ("RECEIPT_NUMBERS_EXHAUSTED", {"receiptNumbersLeft": 0}),
    ("WORKSPACE_IN_USE", {"workspaceInUse": True}),
    ("COWS_UNREACHABLE", {"cows": "graphql_error"}),
    ("THROTTLED", {"throttled": "30"}),
    ("ERROR", {"onlinePayments": False}),
    ("ERROR", {"newReceipts": False}),
    ("ERROR", {"manualAllocation": True}),
    ("ERROR", {"onlineWorkspaces": 2, "connectVersion": "2023.07"}),
    ("ERROR", {"onlineWorkspaces": 2, "workspaceThirdParty": False}),
]
VOIDS = [
    ("RECEIPT_CLOSED", {"ledgerUpdatedThrough": DAY.isoformat()}),
    ("RECEIPT_UPDATED", {"voidUpdated": False}),
    ("PERIOD_CLOSED", {"closedThrough": DAY.isoformat()}),
    ("THIRD_PARTY_DISABLED", {"thirdPartyEnabled": False}),
    ("LICENSE_MISSING", {"licence": False}),
]
WRONG_DATE = {"input": create_receipt.variables(ORDER)["input"] | {"receipt_date": "11/20/2026"}}
UNKNOWN_FIELD = {"input": create_receipt.variables(ORDER)["input"] | {"tip": "1.00"}}
LATE_PAGE = receipt.variables(receipt.of_days(DAY, DAY), None) | {"page": {"size": 201}}
CREATE, QUERY = create_receipt.OPERATION, receipt.OPERATION
CALLS = [
    ("DATE_INVALID", CREATE, WRONG_DATE),
    ("BAD_USER_INPUT", CREATE, UNKNOWN_FIELD),
    ("BAD_REQUEST", replace(CREATE, document=None), {}),
    ("GRAPHQL_PARSE_FAILED", replace(CREATE, document="mutation {"), {}),
    ("GRAPHQL_VALIDATION_FAILED", replace(CREATE, document="mutation CreateReceipt { pay_bill }"), {}),
    ("OPERATION_RESOLUTION_FAILURE", replace(CREATE, name="PayBill"), create_receipt.variables(ORDER)),
    ("PAGE_SIZE_INVALID", QUERY, LATE_PAGE),
    ("CURSOR_INVALID", QUERY, receipt.variables(receipt.of_days(DAY, DAY), "x")),
]


def assert_named(answer, code):
    """As its row says; what is in doubt also keeps Caselle's words."""
    expected = CATALOGUE[code].answer
    if isinstance(expected, Ambiguous):
        assert (type(answer), answer.code) == (Ambiguous, expected.code)
        assert answer.detail.startswith("Caselle says: ")
    else:
        assert answer == expected


def test_no_refusal_of_the_simulator_is_left_out():
    pattern = re.compile(r"\b(?:Refusal|RequestError)\((?:\d+, )?\"([A-Z_]+)\"|\"code\": \"([A-Z_]+)\"")
    source = "".join(path.read_text(encoding="utf-8") for path in SIMULATOR.glob("*.py"))
    produced = {one or other for one, other in pattern.findall(source)}
    tried = {code for code, *_ in (*ORDERS, *SWITCHES, *VOIDS, *CALLS)}
    tried |= {"RECEIPT_NOT_FOUND", "SUBDOMAIN_UNKNOWN", "UNAUTHENTICATED"}
    tried |= {"EMAIL_INVALID"}  # in test_customer_records
    assert len(produced) > 20
    assert produced - NO_REFUSALS == tried
    assert produced - {ALREADY_VOIDED} == set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_row_says_what_it_is_what_to_do_and_who_does_it(code):
    cause = CATALOGUE[code]
    assert REASONS[cause.reason].message
    assert REASONS[cause.reason].action
    assert cause.who
    if isinstance(cause.answer, Refused):
        assert cause.answer.scope is cause.scope


@pytest.mark.parametrize(("code", "changes"), ORDERS)
async def test_an_order_that_is_wrong(caselle, code, changes):
    await caselle.control.switch("newportor", closedThrough="2026-10-31")
    assert_named(await caselle.cash.create_receipt(CITY, replace(ORDER, **changes)), code)
    assert (await caselle.control.summary())["2493"]["receipts"] == 0


@pytest.mark.parametrize(("code", "switches"), SWITCHES)
async def test_a_city_that_is_not_set_up(caselle, code, switches):
    await caselle.control.switch("newportor", **switches)
    assert_named(await caselle.cash.create_receipt(CITY, ORDER), code)
    assert (await caselle.control.summary())["2493"]["receipts"] == 0


@pytest.mark.parametrize(("code", "switches"), VOIDS)
async def test_a_receipt_that_cannot_be_voided(caselle, code, switches):
    made = await caselle.cash.create_receipt(CITY, ORDER)
    await caselle.control.switch("newportor", **switches)
    assert_named(await caselle.cash.void_receipt(CITY, made.receipt_number, "R01"), code)
    assert (await caselle.control.summary())["2493"]["cents"] == 12540


async def test_a_receipt_that_is_not_there(caselle):
    assert_named(await caselle.cash.void_receipt(CITY, "05.000000099", "R01"), "RECEIPT_NOT_FOUND")


@pytest.mark.parametrize(("code", "operation", "variables"), CALLS)
async def test_a_request_that_the_release_does_not_understand(caselle, code, operation, variables):
    reply = await caselle.client.call(CITY, operation, variables)
    assert_named(refusal(reply, "create_receipt"), code)
    assert (await caselle.control.summary())["2493"]["receipts"] == 0


async def test_a_subdomain_that_nobody_has(caselle):
    elsewhere = CITY.model_copy(update={"subdomain": "nowhere"})
    assert_named(await caselle.cash.create_receipt(elsewhere, ORDER), "SUBDOMAIN_UNKNOWN")


async def test_a_token_that_is_not_active(caselle):
    await caselle.control.revoke_tokens("newportor")
    assert_named(await caselle.cash.create_receipt(CITY, ORDER), "UNAUTHENTICATED")


# What says nothing.


@pytest.mark.parametrize(("status", "reason"), BARE_STATUSES.items())
async def test_a_status_that_something_on_the_way_gives_after_the_work_leaves_it_in_doubt(caselle, status, reason):
    await caselle.control.switch("newportor", answersBecome=status)
    assert await caselle.cash.create_receipt(CITY, ORDER) == Ambiguous(reason, throttled=status == 429)
    assert (await caselle.control.summary())["2493"]["receipts"] == 1
    assert (await caselle.control.calls())["2493"]["create_receipt"] == 1


async def test_a_refusal_after_the_work_looks_like_any_other(caselle):
    """So it is not believed by its looks: the ledger asks."""
    await caselle.control.switch("newportor", refusalAfterAll="PERIOD_CLOSED")
    assert await caselle.cash.create_receipt(CITY, ORDER) == Refused("period_closed", Scope.ENTRY)
    assert (await caselle.control.summary())["2493"]["receipts"] == 1


async def test_a_limit_is_told_with_the_rest_that_it_asks_for(caselle):
    await caselle.control.switch("newportor", throttled="30")
    answer = await caselle.cash.create_receipt(CITY, ORDER)
    assert (answer.retry_after, answer.throttled) == (30.0, True)
    with pytest.raises(Unavailable) as raised:
        await caselle.cash.receipts(CITY, DAY, DAY)
    assert (raised.value.retry_after, raised.value.throttled) == (30.0, True)


async def test_numbers_for_text_change_nothing(caselle):
    await caselle.control.switch("newportor", numerals=True)
    made = await caselle.cash.create_receipt(CITY, ORDER)
    [shown] = await caselle.cash.receipts(CITY, DAY, DAY)
    assert (shown.receipt_number, shown.amount) == (made.receipt_number, ORDER.amount)
    await caselle.control.switch("newportor", connectVersion="2024.05")
    assert await caselle.cash.create_receipt(CITY, replace(ORDER, reference="IC2", shares=())) == Accepted("5.00002")


# The vague one.


async def test_two_workspaces_are_fine_where_the_release_has_them_and_one_is_ours(caselle):
    await caselle.control.switch("newportor", onlineWorkspaces=2, connectVersion="2023.08")
    assert isinstance(await caselle.cash.create_receipt(CITY, ORDER), Accepted)


def test_the_vague_error_names_its_probable_cause_and_the_others():
    words = REASONS["suspected_workspace"]
    assert "probably" in words.message
    assert '"Use for Online Payments"' in words.action
    assert all(other in words.action for other in OTHER_CAUSES)
    assert CATALOGUE["ERROR"].scope is Scope.BILLER
