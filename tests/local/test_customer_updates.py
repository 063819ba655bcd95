"""What the demo makes of customer updates: messages, and sentences where result and peer differ."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.billers_file import read_billers
from local.customer_updates import Updates, updates_of
from local.processes import ROOT
from shared.customers.message import parse
from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Kind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BILLERS = read_billers(ROOT / "local/samples/billers.json")
CHANGE = {"schemaVersion": 1, "billerId": "2493", "changeId": "c", "customerNumber": "1", "change": "enrolled"}
UPDATE = parse(
    Kind.AUTOPAY_CHANGE, json.dumps(CHANGE | {"changedAt": NOW.isoformat(), "effectiveOn": "2026-12-01"}).encode()
)
ON = {"2493": {"1": {"autopay": True, "effectiveOn": "2026-12-01", "email": None}}}


def payment(**changes):
    return json.dumps({"billerId": "2493", "paymentId": "p", "customerNumber": "000412"} | changes)


def told(outcome):
    return PostingResult(
        kind=Kind.AUTOPAY_CHANGE,
        biller_id="2493",
        id="c",
        message_id="m",
        outcome=outcome,
        version=1,
        final=True,
        at=NOW,
        attempts=1,
    )


def test_each_connected_biller_s_first_customer_is_told_of_and_every_message_is_valid():
    lines = [payment(customerNumber="a b"), payment(), payment(customerNumber="9"), payment(billerId="77"), "no JSON"]
    made = updates_of(BILLERS, lines, NOW)
    changes = [parse(Kind.AUTOPAY_CHANGE, each.encode()) for each in made[Kind.AUTOPAY_CHANGE]]
    assert [(each.customer_number, each.change) for each in changes] == [
        ("000412", "cancelled"),
        ("000412", "enrolled"),
    ]
    assert changes[0].set_at > changes[1].set_at
    assert [parse(Kind.REGISTRATION, each.encode()).customer_number for each in made[Kind.REGISTRATION]] == ["000412"]


@pytest.mark.parametrize(
    ("outcome", "accounts", "words"),
    [
        (Outcome.APPLIED, ON, None),
        (Outcome.APPLIED, {}, "is applied, and the peer does not show it"),
        (Outcome.SKIPPED, {}, None),
        (Outcome.SKIPPED, ON, "is skipped, and the peer shows it"),
        (None, {}, "has no outcome"),
    ],
)
def test_what_differs_is_said(outcome, accounts, words):
    updates = Updates([(UPDATE, told(outcome) if outcome else None)], accounts)
    assert len(updates.disagreements) == (words is not None)
    assert words is None or words in updates.disagreements[0]
    assert replace(updates).table().row_count == 1
