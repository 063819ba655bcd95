"""The portal's part of the demo: whom it asks about, and when it is not content."""

import json

import pytest

from local.after import After
from local.open_items import Answer, Asked, BeforeAndAfter, choose
from shared.billers.model import Biller
from shared.ledger.entry import State
from tests.ledger.samples import entry
from tests.payments.world import NEWPORT, message

ADA, BEN = Asked("2493", "000412"), Asked("2137", "000413")
CITY = Biller.model_validate(NEWPORT)
TEST = CITY.model_copy(update={"biller_id": "2137"})
POSTED = entry()._replace(state=State.POSTED, cents=12540, message=json.dumps(message()).encode())


def owes(balance):
    body = {
        "billerId": "2493",
        "customerNumber": "000412",
        "customerName": "Ada",
        "statementType": "openItem",
        "balance": balance,
        "carriedBalance": None,
        "pendingAmount": "0.00",
        "pendingPayments": [],
        "collectable": balance.removeprefix("-"),
        "openItems": [],
        "asOf": "2026-11-20T12:00:00Z",
    }
    return Answer(200, body)


def refused(status, **body):
    return Answer(status, body)


def shown(before, after, *entries):
    return BeforeAndAfter({ADA: before}, {ADA: after}, entries)


def line(biller="2493", customer="000412", **changes):
    return json.dumps(message(billerId=biller, customerNumber=customer, **changes))


def test_three_customers_are_chosen_of_as_many_billers_as_there_are():
    lines = [line(customer=number) for number in ("1", "2", "1", "3")] + [line("2137", "9"), "no JSON", line("9999")]
    assert choose(lines, [CITY, TEST]) == [Asked("2493", "1"), Asked("2137", "9"), Asked("2493", "2")]
    assert choose([line(application="UM")], [CITY]) == []
    assert choose(lines, [CITY.model_copy(update={"subdomain": None})]) == []


def test_balances_that_fell_by_what_was_posted_are_well():
    assert shown(owes("125.40"), owes("0.00"), POSTED).disagreements == []
    assert shown(owes("125.40"), owes("125.40"), POSTED._replace(state=State.HELD)).disagreements == []
    assert shown(owes("125.40"), owes("125.40"), POSTED._replace(customer_number="000413")).disagreements == []


def test_a_city_that_is_not_ready_is_shown_and_well():
    told = refused(409, code="wrong_region")
    assert shown(told, told).disagreements == []
    assert "wrong_region" in list(shown(told, told).table().columns[2].cells)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (owes("125.40"), owes("125.40")),
        (owes("125.40"), owes("-125.40")),
        (owes("125.40"), refused(503, code="caselle_unreachable")),
        (refused(500), refused(500)),
        (refused(401), refused(401)),
    ],
)
def test_anything_else_is_told(before, after):
    [sentence] = shown(before, after, POSTED).disagreements
    assert sentence.startswith("Biller 2493, customer 000412: ")


def test_the_report_and_the_tables_have_every_part():
    part = shown(owes("125.40"), owes("0.00"), POSTED)
    after = After({"openItems": part, "again": part})
    assert list(after.report()) == ["openItems", "again"]
    assert after.report()["openItems"][0]["before"]["balance"] == "125.40"
    assert len(list(after.tables())) == 2
    assert After({"a": shown(refused(500), refused(500))}).disagreements != []
