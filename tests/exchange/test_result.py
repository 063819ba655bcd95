"""What Invoice Cloud is told."""

import json
from datetime import UTC, datetime

import pytest

from shared.caselle import catalogue
from shared.caselle.protocol import Failure, Reply, refusal
from shared.exchange.inbound import InvalidMessage, to_store
from shared.exchange.reasons import REASONS, listed
from shared.exchange.result import Outcome, PostingResult, conflict_of, invalid_of, result_of
from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import Entry, Key, Kind, State
from shared.payments.message import parse
from shared.payments.status import PaymentStatus
from shared.vocabulary.errors import Malformed
from tests.payments.world import body, message

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIELDS = [
    *("schemaVersion", "kind", "billerId", "id", "messageId", "outcome", "duplicate", "version", "final"),
    *("receiptNumber", "confirmationNumber", "amount", "postingDate", "reason", "correlationId", "at", "attempts"),
]


def entry(state=State.POSTED, **changes):
    paid = parse(body(message(paymentId="pay-1", confirmationNumber="IC1", correlationId="c-1")))
    made = Entry(
        key=Key("2493", Kind.PAYMENT, "pay-1"),
        state=state,
        version=2,
        fingerprint="f",
        cents=12540,
        customer_number="000412",
        reference="IC1",
        message_id="m-1",
        message=to_store(paid),
        received_at=AT,
        posting_date="2026-11-20",
        attempt=1,
        receipt_number="5.00010" if state is State.POSTED else None,
    )
    return made._replace(**changes)


def told(result):
    return json.loads(result.model_dump_json(by_alias=True))


def test_a_posted_payment_is_told_field_by_field():
    assert told(result_of(entry(), AT)) == {
        "schemaVersion": 1,
        "kind": "payment",
        "billerId": "2493",
        "id": "pay-1",
        "messageId": "m-1",
        "outcome": "posted",
        "duplicate": False,
        "version": 2,
        "final": True,
        "receiptNumber": "5.00010",
        "confirmationNumber": "IC1",
        "amount": "125.40",
        "postingDate": "2026-11-20",
        "reason": None,
        "correlationId": "c-1",
        "at": "2026-11-20T12:00:00Z",
        "attempts": 1,
    }


def test_every_result_has_every_field():
    invalid = InvalidMessage("rule_broken", "amount: wrong")
    conflict = conflict_of(entry(), entry(message_id="m-2"), AT)
    results = [result_of(entry(), AT), conflict, invalid_of(Kind.PAYMENT, invalid, "m-3", AT)]
    assert [list(told(each)) for each in results] == [FIELDS] * 3


@pytest.mark.parametrize(
    ("state", "outcome", "final"),
    [
        (State.POSTED, "posted", True),
        (State.HELD, "held", False),
        (State.NOT_POSTED, "not_posted", True),
        (State.SKIPPED, "skipped", True),
        (State.RECEIVED, "pending", False),
        (State.SENDING, "pending", False),
        (State.UNKNOWN, "pending", False),
        (State.WAITING, "pending", False),
        (State.REVERSED, "reversed", True),
    ],
)
def test_only_what_can_no_longer_change_is_final(state, outcome, final):
    result = result_of(entry(state), AT)
    assert (result.outcome, result.final) == (outcome, final)


def test_every_state_has_been_thought_of():
    assert {result_of(entry(state), AT).outcome for state in State} < set(Outcome)
    assert [result_of(entry(state), AT).outcome for state in State].count(Outcome.PENDING) == 4


def test_a_reject_that_is_done_in_caselle_has_reversed_its_payment():
    done = entry(key=Key("2493", Kind.ACH_REJECT, "rej-1"), reverses="pay-1")
    assert (result_of(done, AT).outcome, result_of(done, AT).kind) == ("reversed", "achReject")


@pytest.mark.parametrize(("asking", "duplicate"), [(None, False), ("m-1", False), ("m-2", True)])
def test_another_message_is_a_duplicate_and_its_own_answer(asking, duplicate):
    result = result_of(entry(), AT, message_id=asking)
    assert (result.duplicate, result.message_id) == (duplicate, asking or "m-1")


def test_a_receipt_number_keeps_its_zeros():
    assert '"receiptNumber":"05.000000010"' in result_of(entry(receipt_number="05.000000010"), AT).model_dump_json(
        by_alias=True
    )


def test_a_held_payment_says_why_and_what_to_do():
    shown = told(result_of(entry(State.HELD, reason="unknown_tender", detail="ConnectError"), AT))["reason"]
    assert shown["code"] == "unknown_tender"
    assert shown["message"] == f"{REASONS['unknown_tender'].message} (ConnectError)"
    assert shown["action"] == REASONS["unknown_tender"].action


def test_a_conflict_speaks_of_the_message_that_was_refused():
    other = parse(body(message(paymentId="pay-1", amount="99.00", allocations=None, correlationId="c-2")))
    met = entry(message=to_store(other), message_id="m-2", cents=9900, receipt_number=None)
    shown = told(conflict_of(entry(), met, AT))
    assert (shown["outcome"], shown["messageId"], shown["amount"]) == ("conflict", "m-2", "99.00")
    assert (shown["confirmationNumber"], shown["correlationId"]) == (other.confirmation_number, "c-2")
    assert (shown["receiptNumber"], shown["attempts"], shown["final"]) == (None, 0, True)
    assert shown["reason"]["code"] == "conflict"


def test_an_invalid_message_is_told_with_what_is_known_of_it():
    shown = told(invalid_of(Kind.PAYMENT, InvalidMessage("rule_broken", "amount: wrong", "2493", None), "m-3", AT))
    assert (shown["outcome"], shown["billerId"], shown["id"]) == ("invalid", "2493", None)
    assert shown["reason"]["message"].endswith("(amount: wrong)")
    assert (shown["version"], shown["final"], shown["amount"]) == (0, True, None)


def test_a_result_reads_back_as_it_was_written():
    result = result_of(entry(), AT)
    assert PostingResult.model_validate_json(result.model_dump_json(by_alias=True)) == result


# reasons


def test_every_reason_says_what_to_do():
    for code, words in REASONS.items():
        assert code.islower()
        assert words.message.endswith(".")
        assert words.action.endswith(".")


def test_a_code_of_a_newer_release_gets_a_general_sentence():
    assert listed("from_the_future") in REASONS


def _refused_by_caselle():
    for code in catalogue.CODES:
        failure = Failure(code, "words", 1)
        answer = refusal(Reply(200, {"create_receipt": None}, (failure,)), "create_receipt")
        if isinstance(answer, Refused) and answer.scope is Scope.ENTRY:
            yield answer


@pytest.mark.parametrize("answer", list(_refused_by_caselle()), ids=lambda answer: answer.code)
def test_every_refusal_that_holds_a_payment_has_words_of_its_own(answer):
    assert answer.code in REASONS


@pytest.mark.parametrize(
    "answer",
    [
        NotSent("ConnectError"),
        NotSent("token_refused", peer_failed=False),
        Ambiguous("TimeoutError"),
        Ambiguous("http_502_no_json"),
        Refused("licence_missing", Scope.BILLER),
    ],
    ids=lambda answer: answer.code,
)
async def test_a_pending_payment_gives_only_reasons_of_the_documented_list(world, answer):
    """Names of exceptions are ours to read, not Invoice Cloud's to handle."""
    paid = message()
    world.city.next(answer)
    await world.deliver(paid)
    shown = await PaymentStatus(world.ledger).of("2493", paid["paymentId"])
    assert shown.outcome == "pending"
    assert shown.reason is None or shown.reason.code in REASONS


# status


async def test_status_knows_a_payment_in_any_spelling_and_no_other(world):
    paid = message(paymentId="Pay-X")
    await world.deliver(paid)
    status = PaymentStatus(world.ledger)
    assert (await status.of("2493", " PAY-x ")).outcome == "posted"
    assert await status.of("2493", "other") is None
    assert await status.of("3180", "pay-x") is None


@pytest.mark.parametrize(
    ("biller", "payment"), [("24a3", "p"), ("", "p"), ("2493", ""), ("2493", "a/b"), ("2493", "a~b")]
)
async def test_status_refuses_names_that_cannot_exist(world, biller, payment):
    with pytest.raises(Malformed):
        await PaymentStatus(world.ledger).of(biller, payment)
