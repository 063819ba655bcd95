"""The demo's verdict: what counts as agreement between ledger, results and peer, and what does not."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from local.report import Findings, money
from local.tables import sentences, tables
from local.traffic import Traffic
from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Entry, Key, Kind, State
from shared.vocabulary.money import Money

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entry(number, *, biller="2493", state=State.POSTED, tender="ACH", cents=1000, reason=None):
    message = {
        "schemaVersion": 1,
        "billerId": biller,
        "paymentId": f"p-{number}",
        "confirmationNumber": f"IC{number}",
        "application": "AR",
        "customerNumber": "000412",
        "tender": tender,
        "amount": str(Money(cents)),
        "paidAt": "2026-11-20T15:04:05-08:00",
    }
    return Entry(
        key=Key(biller, Kind.PAYMENT, f"p-{number}"),
        state=state,
        version=2,
        fingerprint="f",
        cents=cents,
        customer_number="000412",
        reference=f"IC{number}",
        message_id=f"m-{number}",
        message=json.dumps(message).encode(),
        received_at=NOW,
        posting_date="2026-11-23",
        reason=reason,
    )


def result(number, outcome=Outcome.POSTED, *, biller="2493", cents=1000, version=2, duplicate=False, message=None):
    return PostingResult(
        kind=Kind.PAYMENT,
        biller_id=biller,
        id=f"p-{number}",
        message_id=message or f"m-{number}",
        outcome=outcome,
        duplicate=duplicate,
        version=version,
        final=True,
        amount=Money(cents),
        at=NOW,
        attempts=1,
    )


def receipt(number, *, cents=1000, status="POSTED"):
    return {
        "receiptNumber": f"05.00000000{number}",
        "reference": f"IC{number}",
        "cents": cents,
        "status": status,
        "receiptDate": "2026-11-23",
        "createdAt": NOW.isoformat(),
        "paymentCode": "7",
        "customerNumber": "000412",
    }


def findings(**changes):
    """Two posted payments that everybody agrees on, with changes."""
    agreed = Findings(
        counts={"posted": 2},
        unsettled=[],
        results=[result(1), result(2)],
        entries=[entry(1), entry(2, tender="CC", cents=1000)],
        receipts={"2493": [receipt(1), receipt(2)]},
        summary={"2493": {"receipts": 2, "cents": 2000, "doubled": 0}},
        seconds=1.26,
    )
    return replace(agreed, **changes)


def test_the_report():
    assert findings().report() == {
        "counts": {"posted": 2, "duplicate": 0, "conflict": 0, "held": 0, "invalid": 0},
        "posted": {"2493": {"ACH": {"count": 1, "cents": 1000}, "CC": {"count": 1, "cents": 1000}}},
        "peer": {"2493": {"receipts": 2, "cents": 2000, "doubled": 0}},
        "seconds": 1.3,
    }


def test_an_outcome_that_is_none_of_the_five_is_counted_too():
    assert findings(counts={"posted": 2, "skipped": 1}).report()["counts"]["skipped"] == 1


def test_agreement():
    assert findings().disagreements == []


def test_a_payment_that_went_back_was_told_as_posted():
    gone_back = [entry(1), entry(2, state=State.REVERSED)]
    assert findings(entries=gone_back, receipts={"2493": [receipt(1)]}).disagreements == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"unsettled": [17]}, "Line 17 has no outcome."),
        ({"results": [result(1)]}, "p-2: the ledger says posted (10.00), the results queue nothing"),
        ({"entries": [entry(1)]}, "p-2: the ledger says nothing, the results queue posted"),
        ({"results": [result(1), result(2, cents=999)]}, "the results queue posted (9.99)"),
        ({"receipts": {"2493": [receipt(1)]}}, "IC2 (10.00) is posted in the ledger, and the peer has no receipt"),
        ({"receipts": {"2493": [receipt(1), receipt(2, status="VOIDED")]}}, "the peer has no receipt"),
        ({"receipts": {"2493": [receipt(1), receipt(2, cents=999)]}}, "a receipt for IC2 (9.99) that the ledger has"),
        ({"receipts": {"2493": [receipt(1), receipt(2), receipt(2)]}}, "a receipt for IC2 (10.00)"),
        ({"summary": {"2493": {"receipts": 3, "cents": 3000, "doubled": 1}}}, "1 receipts beyond the first"),
        ({"entries": [entry(1), entry(2, state=State.UNKNOWN)]}, "p-2: the ledger says nothing"),
        (
            {"results": [result(1), result(2, Outcome.REVERSED)]},
            "the ledger says posted (10.00), the results queue rev",
        ),
        ({"entries": [entry(1), entry(2, state=State.REVERSED, cents=999)]}, "the ledger says reversed (9.99)"),
    ],
)
def test_disagreement(changes, says):
    assert says in "\n".join(findings(**changes).disagreements)


def test_a_receipt_of_a_held_payment_is_listed_and_is_no_disagreement():
    found = findings(
        entries=[entry(1), entry(2, state=State.HELD, reason="outcome_unknown")],
        results=[result(1), result(2, Outcome.HELD)],
    )
    assert found.disagreements == []
    assert [each["reference"] for _, each in found.receipts_of_held] == ["IC2"]


def test_what_a_duplicate_is_told_is_not_compared():
    again = result(1, duplicate=True, message="m-9")
    assert findings(results=[result(1), result(2), again]).disagreements == []


def test_tables_show_totals_and_what_to_do():
    found = findings(
        counts={"posted": 1, "held": 1},
        entries=[entry(1, cents=123_456), entry(2, state=State.HELD, reason="unknown_tender")],
    )
    console = Console(width=160, record=True, file=io.StringIO())
    for table in tables(found):
        console.print(table)
    shown = console.export_text()
    for words in ("1,234.56", "p-2", "unknown_tender", "doubled", "conflict"):
        assert words in shown


def test_money():
    assert [money(cents) for cents in (5, 125_40, 1_000_000_00)] == ["0.05", "125.40", "1,000,000.00"]


def test_many_sentences_are_cut_short():
    assert list(sentences([str(number) for number in range(5)], most=3)) == ["0", "1", "2", "... and 2 more."]


class TestTraffic:
    """How results settle lines."""

    @pytest.fixture
    def traffic(self):
        traffic = Traffic(_NoQueues(), ["{}"] * 3)
        traffic.message_ids += ["m-1", "m-2"]
        return traffic

    def test_a_line_without_a_result_is_unsettled(self, traffic):
        traffic.take(result(2))
        assert traffic.unsettled() == [1, 3]

    def test_the_latest_version_counts_in_whatever_order_it_comes(self, traffic):
        traffic.take(result(1, Outcome.POSTED, version=4))
        traffic.take(result(1, Outcome.HELD, version=3))
        assert traffic.counts() == {"posted": 1}

    def test_pending_settles_nothing_but_a_duplicate(self, traffic):
        traffic.take(result(1, Outcome.PENDING))
        traffic.take(result(2, Outcome.PENDING, duplicate=True))
        assert traffic.counts() == {"duplicate": 1}

    def test_the_same_result_twice_counts_once(self, traffic):
        traffic.take(result(1))
        traffic.take(result(1))
        assert traffic.counts() == {"posted": 1}

    def test_a_result_of_somebody_elses_message_is_no_line(self, traffic):
        traffic.take(result(7))
        assert traffic.counts() == {}


class _NoQueues:
    def get_queue_client(self, _name):
        return None
