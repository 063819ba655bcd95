"""Money that goes back, over the functions host and the simulator: queues in, queues out, receipts and balances."""

import asyncio
import json
from collections import Counter, defaultdict
from types import SimpleNamespace

import pytest
from azure.storage.queue.aio import QueueServiceClient

from local.billers_file import read_billers
from local.demo import read_ledger
from local.processes import ROOT
from local.simulator.client import SimulatorControl
from local.stack import Stack
from shared.exchange.result import PostingResult
from shared.ledger.entry import State
from shared.reversals.by_hand import ENTER_PAYMENTS, RECEIVABLE_ADJUSTMENTS
from tests.waiting import until

SAMPLES = ROOT / "local/samples"
PATIENT = {"LEDGER_DEADLINE_SECONDS": "150", "LEDGER_LEASE_SECONDS": "300"}
"""Divided like all the others; the usual ones would be shorter than a busy machine's own delays."""
SECONDS = 120
PAUSED = "4444"

pytestmark = pytest.mark.timeout(3 * SECONDS)


def _lines(name):
    return (SAMPLES / name).read_text().rstrip("\n").split("\n")


REJECTS = [json.loads(line) for line in _lines("ach_rejects.jsonl")]


def _payments():
    """Of the samples those that the rejects are about, and five more of Newport that are posted."""
    expected = json.loads((SAMPLES / "expected.json").read_text())["lines"]
    each = zip(_lines("payments.jsonl"), expected, strict=True)
    posted = [json.loads(line) for line, outcome in each if outcome["outcome"] == "posted"]
    returned = {reject["paymentId"] for reject in REJECTS}
    spare = [paid for paid in posted if paid["billerId"] == "2493" and paid["paymentId"] not in returned]
    return [paid for paid in posted if paid["paymentId"] in returned], spare[:5]


RETURNED, (EARLY, TWICE, PART, CHARGED, UPDATED) = _payments()
NEVER = CHARGED | {"billerId": PAUSED, "paymentId": "never-sent", "confirmationNumber": "NEVER1"}


def reject(paid, own):
    fields = {name: paid[name] for name in ("schemaVersion", "billerId", "paymentId", "amount")}
    return fields | {"rejectId": own, "returnCode": "R01", "returnedOn": "2026-11-25"}


def reversal(paid, type_, **changes):
    fields = {name: paid[name] for name in ("schemaVersion", "billerId", "paymentId", "amount")}
    return fields | {"reversalId": type_, "type": type_, "occurredOn": "2026-11-25"} | changes


ALL = (*RETURNED, EARLY, TWICE, PART, CHARGED, UPDATED)
FIRST = reject(EARLY, "before-its-payment")
LATE = reject(UPDATED, "after-its-update")
TWINS = reject(TWICE, "twin-1"), reject(TWICE, "twin-2")


class InvoiceCloud:
    """Sends messages and reads results, each kept under the id of the message that it answers."""

    def __init__(self, queues):
        self._queues = queues
        self.told = defaultdict(list)

    async def send(self, queue, *messages):
        client = self._queues.get_queue_client(queue)
        return [(await client.send_message(json.dumps(each), time_to_live=-1)).id for each in messages]

    async def until_told(self, message_ids):
        outcomes = self._queues.get_queue_client("posting-results")

        async def every():
            async for message in outcomes.receive_messages(max_messages=32):
                result = PostingResult.model_validate_json(message.content)
                self.told[result.message_id].append(result)
                await outcomes.delete_message(message.id, message.pop_receipt)
            return all(self.told[each] for each in message_ids)

        await until(every, SECONDS)

    def everything(self):
        return [result for results in self.told.values() for result in results]


async def until_state(stack, own, state):
    async def stands():
        return {entry.state for entry in await read_ledger(stack.storage) if entry.key.id == own} == {state}

    await until(stands, SECONDS)


async def _travel(stack):
    """Everything in its order; what was seen on the way."""
    async with (
        QueueServiceClient.from_connection_string(stack.storage) as queues,
        SimulatorControl(stack.control_url) as control,
    ):
        cloud, before = InvoiceCloud(queues), await control.balances()
        early = await cloud.send("ach-rejects", FIRST)
        await until_state(stack, FIRST["rejectId"], State.WAITING)
        paid = await cloud.send("payments", *ALL)
        never = await cloud.send("payments", NEVER)
        await until_state(stack, NEVER["paymentId"], State.RECEIVED)
        await cloud.until_told(paid)
        returns = await cloud.send("ach-rejects", *REJECTS, *TWINS)
        others = [reversal(PART, "refund", amount="0.01"), reversal(CHARGED, "chargeback"), reversal(NEVER, "void")]
        undone = await cloud.send("reversals", *others)
        await cloud.until_told([*early, *never, *returns, *undone])
        await control.switch("newportor", voidUpdated=False)
        await cloud.until_told(await cloud.send("ach-rejects", LATE))
        return SimpleNamespace(
            told={result.id: result for result in cloud.everything()},
            times=Counter((result.id, result.version) for result in cloud.everything()),
            before=before,
            after=await control.balances(),
            receipts=await control.receipts(),
            calls=await control.calls(),
        )


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    billers = read_billers(SAMPLES / "billers.json")
    newport = billers[0].model_dump(mode="json", by_alias=True)
    paused = {"billerId": PAUSED, "subdomain": "pausedtown", "paused": {"reason": "maintenance"}}
    billers.append(type(billers[0]).model_validate(newport | paused))
    lines = [json.dumps(each) for each in (*ALL, NEVER)]
    state = tmp_path_factory.mktemp("money") / "state"
    with Stack(state, billers, lines, time_divisor=10, settings=PATIENT) as stack:
        return asyncio.run(_travel(stack))


def receipts_of(seen, paid):
    return [row for row in seen.receipts[paid["billerId"]] if row["reference"] == paid["confirmationNumber"]]


def the_receipt(seen, paid):
    [receipt] = receipts_of(seen, paid)
    return receipt


def test_payer_to_city_to_bank_is_voided_at_2493_and_2137(seen):
    voided = [each for each in REJECTS if each["billerId"] in {"2493", "2137"}]
    assert len(voided) == 4
    for each in voided:
        paid = next(other for other in RETURNED if other["paymentId"] == each["paymentId"])
        told, receipt = seen.told[each["rejectId"]], the_receipt(seen, paid)
        assert (told.outcome, told.receipt_number) == ("reversed", receipt["receiptNumber"])
        assert f"The bank's code is {each['returnCode']}: " in told.reason.message
        assert receipt["status"] == "VOIDED"


def test_payer_to_city_to_bank_waits_for_a_person_with_instructions_at_3180(seen):
    held = [each for each in REJECTS if each["billerId"] == "3180"]
    assert len(held) == 6
    for each in held:
        paid = next(other for other in RETURNED if other["paymentId"] == each["paymentId"])
        told, receipt = seen.told[each["rejectId"]], the_receipt(seen, paid)
        assert (told.outcome, receipt["status"]) == ("held", "POSTED")
        for said in (ENTER_PAYMENTS, receipt["receiptNumber"], receipt["receiptDate"], each["amount"]):
            assert said in told.reason.action
    assert "void_receipt" not in seen.calls["3180"]


def test_each_is_told_once(seen):
    """But for the one that its void ends while the sweeper brings it: the same result may then come from both."""
    again = {own: times for (own, _), times in seen.times.items() if times != 1}
    assert again in ({}, {NEVER["paymentId"]: 2})
    ids = [own for own, _ in seen.times]
    assert len(ids) == len(set(ids)), "no second outcome"
    assert {each["rejectId"] for each in REJECTS} <= set(ids)


def test_what_went_back_is_owed_again_and_what_stayed_is_not(seen):
    live, voided = defaultdict(Counter), set()
    for biller, rows in seen.receipts.items():
        for row in rows:
            if row["status"] == "POSTED":
                live[biller][row["customerNumber"]] += row["cents"]
            else:
                voided.add((biller, row["customerNumber"]))
    for biller, customers in seen.before.items():
        expected = {number: cents - live[biller][number] for number, cents in customers.items()}
        assert seen.after[biller] == expected
    assert len(voided) == 6
    untouched = [(biller, number) for biller, number in voided if not live[biller][number]]
    assert untouched
    assert all(seen.after[biller][number] == seen.before[biller][number] for biller, number in untouched)


def test_bank_s_word_before_the_payment_is_posted_then_voided(seen):
    assert the_receipt(seen, EARLY)["status"] == "VOIDED"
    assert seen.told[FIRST["rejectId"]].outcome == "reversed"
    assert seen.told[EARLY["paymentId"]].outcome == "posted"


def test_the_same_money_returned_twice_is_voided_once(seen):
    told = [seen.told[twin["rejectId"]] for twin in TWINS]
    assert sorted(each.outcome for each in told) == ["held", "reversed"]
    assert [each.reason.code for each in told if each.outcome == "held"] == ["already_reversed"]
    assert the_receipt(seen, TWICE)["status"] == "VOIDED"
    of_newport = [each for each in (*REJECTS, FIRST, TWINS[0], LATE) if each["billerId"] == "2493"]
    assert seen.calls["2493"]["void_receipt"] == len(of_newport)


def test_returned_after_the_city_updated_it_stays_until_a_person_corrects_it(seen):
    told, receipt = seen.told[LATE["rejectId"]], the_receipt(seen, UPDATED)
    assert (told.outcome, told.reason.code, receipt["status"]) == ("held", "receipt_closed", "POSTED")
    for said in (ENTER_PAYMENTS, RECEIVABLE_ADJUSTMENTS, receipt["receiptNumber"], receipt["receiptDate"]):
        assert said in told.reason.action


def test_voided_before_it_was_sent_never_reaches_the_city(seen):
    assert [seen.told[each].outcome for each in ("never-sent", "void")] == ["not_posted", "reversed"]
    assert receipts_of(seen, NEVER) == []
    assert not {"create_receipt", "void_receipt"} & set(seen.calls[PAUSED])


def test_a_part_refunded_stays_with_the_city_until_a_person_adjusts_it(seen):
    told, receipt = seen.told["refund"], the_receipt(seen, PART)
    assert (told.outcome, told.reason.code, receipt["status"]) == ("held", "partial_reversal", "POSTED")
    assert f"{RECEIVABLE_ADJUSTMENTS}: reverse 0.01 of receipt {receipt['receiptNumber']}" in told.reason.action


def test_charged_back_stays_with_the_city_until_a_person_adjusts_it(seen):
    told, receipt = seen.told["chargeback"], the_receipt(seen, CHARGED)
    assert (told.outcome, told.reason.code, receipt["status"]) == ("held", "reversal_by_hand", "POSTED")
    assert f"reverse {CHARGED['amount']} of receipt {receipt['receiptNumber']}" in told.reason.action
