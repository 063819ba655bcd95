"""What the demo says about its rejects: results and the peer's receipts must fit."""

import io
import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from local import __main__ as command_line
from local.rejects import Rejects
from local.wrong_use import WrongUse
from shared.exchange.result import Outcome, PostingResult, ReasonText
from shared.ledger.entry import Kind
from shared.vocabulary.money import Money

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def result(number, outcome, code="returned"):
    return PostingResult(
        kind=Kind.ACH_REJECT,
        biller_id="2493",
        id=f"rej-{number}",
        message_id=f"m-{number}",
        outcome=outcome,
        version=3,
        final=outcome is not Outcome.HELD,
        receipt_number=f"5.0000{number}",
        amount=Money(1250),
        reason=ReasonText(code=code, message="The bank [/sic] returned it.", action="Tell the payer."),
        at=NOW,
        attempts=1,
    )


def receipt(number, status):
    return {"receiptNumber": f"5.0000{number}", "reference": f"IC{number}", "cents": 1250, "status": status}


def rejects(*pairs, lines=None, told=None):
    """Of results, each with the status that the peer shows for its receipt."""
    results = [each for each, _ in pairs]
    rows = [receipt(each.id[-1], status) for each, status in pairs if status]
    counted = told or {each.message_id: 1 for each in results}
    return Rejects(len(pairs) if lines is None else lines, results, counted, {"2493": rows})


def test_void_and_held_receipts_fit():
    seen = rejects(
        (result(1, Outcome.REVERSED), "VOIDED"),
        (result(2, Outcome.HELD, "reversal_by_hand"), "POSTED"),
        (result(3, Outcome.HELD, "already_reversed"), "VOIDED"),
    )
    assert seen.disagreements == []
    report = json.loads(json.dumps(seen.report()))
    assert (report["counts"], report["toldOnce"]) == ({"reversed": 1, "held": 2}, True)
    assert report["results"][0]["receiptNumber"] == "5.00001"


@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome.REVERSED, "POSTED"), (Outcome.REVERSED, None), (Outcome.HELD, "VOIDED")]
)
def test_a_receipt_that_stands_otherwise_is_told(outcome, status):
    [sentence] = rejects((result(1, outcome, "reversal_by_hand"), status)).disagreements
    assert f"the result says {outcome}" in sentence
    assert f"5.00001 is {status or 'not there'}." in sentence


def test_one_without_an_outcome_is_told():
    assert rejects(lines=2).disagreements == ["2 of the rejects have no outcome."]


def test_one_that_was_told_twice_is_counted():
    seen = rejects((result(1, Outcome.REVERSED), "VOIDED"), told={"m-1": 2})
    assert seen.report()["toldOnce"] is False


def test_the_table_says_what_to_do():
    console = Console(file=io.StringIO(), width=200)
    console.print(rejects((result(1, Outcome.REVERSED), "VOIDED")).table())
    shown = console.file.getvalue()
    for said in ("rej-1", "12.50", "reversed", "5.00001", "[/sic]", "Tell the payer."):
        assert said in shown


def test_the_samples_rejects_go_with_the_samples_payments_only(tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_text("{}\n")
    assert len(command_line._rejects(None, command_line._PAYMENTS)) == 10
    assert command_line._rejects(None, own) == []
    assert command_line._rejects(own, own) == ["{}"]
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(WrongUse, match="holds no reject"):
        command_line._rejects(tmp_path / "none.jsonl", own)
