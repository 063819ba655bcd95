"""Who may ask, how many calls it takes, how long, and what a failure is called."""

import asyncio
import json
import logging

import pytest

from shared.ledger.answer import NotSent
from shared.ledger.gate import FAILURES_TO_OPEN
from shared.open_items.ask import MOST_AT_ONCE
from shared.open_items.unanswered import CODES, Trouble, Unanswered
from tests.invocations import invocations
from tests.payments.world import message

DOWN = Unanswered("caselle_unreachable", Trouble.DOWN)


class Gate:
    """Holds calls until it is opened, and tells when enough have come."""

    def __init__(self):
        self.open = asyncio.Event()
        self.waiting = asyncio.Semaphore(0)

    async def __call__(self):
        self.waiting.release()
        await self.open.wait()

    async def reached(self, times=1):
        for _ in range(times):
            await self.waiting.acquire()


@pytest.fixture
def gate(portal):
    portal.receivable.before_reading = held = Gate()
    return held


async def why(question):
    with pytest.raises(Unanswered) as raised:
        await question
    return raised.value


async def settled():
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


# What is told.


async def test_a_customer_s_open_items_are_caselle_s(portal, world):
    owed = await portal.items()
    assert json.loads(owed.model_dump_json(by_alias=True)) == {
        "billerId": "2493",
        "customerNumber": "000412",
        "customerName": "Ada",
        "statementType": "openItem",
        "balance": "125.40",
        "carriedBalance": None,
        "pendingAmount": "0.00",
        "pendingPayments": [],
        "collectable": "125.40",
        "openItems": [
            {
                "invoiceNumber": number,
                "description": None,
                "invoiceDate": None,
                "dueDate": None,
                "amount": amount,
                "balance": amount,
                "pendingAmount": "0.00",
                "pendingPayments": [],
                "collectable": amount,
            }
            for number, amount in (("10023", "100.00"), ("10044", "25.40"))
        ],
        "asOf": "2026-11-20T12:00:00Z",
    }
    assert "Ada" not in repr(owed)


async def test_as_of_is_the_moment_of_the_question_and_not_of_the_answer(portal, world):
    async def slow():
        world.clock.advance(9)

    began = world.clock.now()
    portal.receivable.before_reading = slow
    assert (await portal.items()).as_of == began


async def test_a_paid_invoice_is_no_open_item(portal, world):
    await world.deliver(message(amount="100.00", allocations=[{"invoiceNumber": "10023", "amount": "100.00"}]))
    owed = await portal.items()
    assert [each.invoice_number for each in owed.open_items] == ["10044"]
    assert owed.balance == 2540


async def test_a_balance_forward_customer_has_one_carried_balance_and_no_items(portal, world):
    portal.receivable.carries_forward = True
    await world.set_up(paused={"reason": "year end"})
    await world.deliver(message())
    owed = await portal.items()
    assert (owed.statement_type, owed.carried_balance, owed.open_items) == ("balanceForward", 12540, ())
    assert (owed.pending_amount, owed.collectable) == (12540, 0)


async def test_a_credit_is_nothing_to_collect(portal, world):
    await world.deliver(message(amount="200.00", allocations=[{"invoiceNumber": "10023", "amount": "200.00"}]))
    owed = await portal.items()
    assert (owed.balance, owed.collectable) == (-7460, 0)
    assert [each.invoice_number for each in owed.open_items] == ["10044"]


async def test_an_invoice_is_open_closed_or_not_there(portal, world):
    await world.set_up(paused={"reason": "year end"})
    await world.deliver(message(amount="5.00", allocations=[{"invoiceNumber": "10044", "amount": "5.00"}]))
    await world.set_up()
    await world.deliver(message(amount="100.00", allocations=[{"invoiceNumber": "10023", "amount": "100.00"}]))
    told = [await portal.invoice(number) for number in ("10023", "10044", "10099")]
    assert [(each.status, each.item and each.item.collectable) for each in told] == [
        ("closed", None),
        ("open", 2040),
        ("not_found", None),
    ]


# How many calls.


async def test_fifty_questions_at_once_make_one_call_and_share_its_answer(portal, gate):
    questions = [asyncio.create_task(portal.items()) for _ in range(50)]
    await gate.reached()
    gate.open.set()
    answers = await asyncio.gather(*questions)
    assert portal.receivable.calls == 1
    assert all(each is answers[0] for each in answers)


async def test_nothing_is_kept_after_the_answer(portal, world):
    before = await portal.items()
    await world.deliver(message())
    after = await portal.items()
    assert portal.receivable.calls == 2
    assert (before.balance, after.balance) == (12540, 0)


async def test_other_questions_make_calls_of_their_own(portal, gate):
    questions = [portal.items(), portal.items("000413"), portal.invoice("10023"), portal.invoice("10044")]
    tasks = [asyncio.create_task(each) for each in questions]
    await gate.reached(4)
    gate.open.set()
    await asyncio.gather(*tasks)
    assert portal.receivable.calls == 4


async def test_spellings_of_one_number_are_one_question(portal, gate):
    tasks = [asyncio.create_task(portal.items(each)) for each in ("000412", " 000412 ")]
    await gate.reached()
    await settled()
    gate.open.set()
    await asyncio.gather(*tasks)
    assert portal.receivable.calls == 1


@pytest.mark.parametrize("leaves", [0, 1, 2])
async def test_an_asker_who_goes_away_does_not_end_the_call_of_the_others(portal, gate, leaves):
    tasks = [asyncio.create_task(portal.items()) for _ in range(3)]
    await gate.reached()
    tasks[leaves].cancel()
    await settled()
    gate.open.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done.pop(leaves), asyncio.CancelledError)
    assert [each.balance for each in done] == [12540, 12540]
    assert portal.receivable.calls == 1


@pytest.mark.parametrize("failure", [None, DOWN])
async def test_what_it_comes_to_is_told_by_an_asker_who_is_still_there(portal, gate, failure):
    """The platform drops what is logged under an invocation that has ended, such as the one that began the call."""
    portal.receivable.failure = failure
    with invocations() as platform:
        tasks = [asyncio.create_task(platform(name, portal.items())) for name in ("A", "B")]
        await gate.reached()
        tasks[0].cancel()
        await settled()
        gate.open.set()
        await asyncio.wait(tasks)
    assert platform.arrived == [("B", "open_items.unanswered" if failure else "open_items.answered")]


async def test_a_call_that_nobody_waits_for_any_more_ends_by_itself(portal, gate):
    portal.receivable.failure = DOWN
    task = asyncio.create_task(portal.items())
    await gate.reached()
    task.cancel()
    gate.open.set()
    await settled()
    portal.receivable.failure = None
    assert (await portal.items()).balance == 12540
    assert portal.receivable.calls == 2


async def test_a_failure_is_shared_too_and_the_next_question_is_asked_anew(portal, gate):
    portal.receivable.failure = DOWN
    tasks = [asyncio.create_task(portal.items()) for _ in range(5)]
    await gate.reached()
    gate.open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert {each.code for each in found} == {"caselle_unreachable"}
    portal.receivable.failure = None
    assert (await portal.items()).balance == 12540
    assert portal.receivable.calls == 2


async def test_one_city_has_a_bounded_number_of_calls_and_does_not_keep_another_waiting(portal, gate, world):
    many = {f"{number:06}": {"1": "1.00"} for number in range(3 * MOST_AT_ONCE)}
    portal.receivable.customers |= many
    await world.set_up(billerId="2137", subdomain="ictest")
    tasks = [asyncio.create_task(portal.items(number)) for number in many]
    await gate.reached(MOST_AT_ONCE)
    tasks.append(asyncio.create_task(portal.ask.items("2137", "000412")))
    await gate.reached()
    assert portal.receivable.under_way == MOST_AT_ONCE + 1
    gate.open.set()
    assert len(await asyncio.gather(*tasks)) == len(many) + 1
    assert portal.receivable.most_under_way == MOST_AT_ONCE + 1


# How long.


async def test_a_city_that_never_answers_is_too_slow(portal, gate):
    portal.ask = portal.with_patience(0.05)
    found = await why(portal.items())
    assert (found.code, found.trouble) == ("caselle_slow", Trouble.SLOW)
    gate.open.set()
    assert portal.receivable.under_way == 0


async def test_waiting_for_room_counts_too(portal, gate):
    portal.ask = portal.with_patience(0.05)
    many = {f"{number:06}": {"1": "1.00"} for number in range(2 * MOST_AT_ONCE)}
    portal.receivable.customers |= many
    found = await asyncio.gather(*(why(portal.items(number)) for number in many))
    assert {each.code for each in found} == {"caselle_slow"}


async def test_the_ledger_s_time_counts_too(portal, world):
    async def never(*_, **__):
        await asyncio.Event().wait()

    world.store.scan = never
    portal.ask = portal.with_patience(0.05)
    assert (await why(portal.items())).trouble is Trouble.SLOW
    assert portal.receivable.calls == 0


# Who may ask.


@pytest.mark.parametrize("mode", ["test", "shadow", "live"])
async def test_a_biller_that_is_set_up_may_be_asked_about(portal, world, mode):
    await world.set_up(mode=mode)
    assert (await portal.items()).balance == 12540


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": "draft"}, "biller_not_live"),
        ({"mode": "retired"}, "biller_not_live"),
        ({"region": "eastus2"}, "wrong_region"),
        ({"subdomain": None}, "application_not_configured"),
    ],
)
async def test_a_biller_that_is_not_ready_is_not_asked_about(portal, world, changes, code):
    await world.set_up(**changes)
    found = await why(portal.items())
    assert (found.code, found.trouble, portal.receivable.calls) == (code, Trouble.NOT_READY, 0)


async def test_a_biller_that_nobody_set_up_is_not_found(portal):
    found = await why(portal.ask.items("9999", "000412"))
    assert (found.code, found.trouble, portal.receivable.calls) == ("unknown_biller", Trouble.NOT_FOUND, 0)


async def test_a_customer_that_caselle_does_not_have_is_not_found(portal):
    for question in (portal.items("412"), portal.invoice("10023", "412")):
        found = await why(question)
        assert (found.code, found.trouble) == ("customer_unknown", Trouble.NOT_FOUND)


@pytest.mark.parametrize(
    "names",
    [
        ("24a3", "000412"),
        ("", "000412"),
        ("2493", ""),
        ("2493", " "),
        ("2493", "x" * 65),
        ("2493", "Zoë"),
        ("2493", "a\nb"),
    ],
)
async def test_a_number_that_cannot_exist_is_not_asked_for(portal, names):
    found = await why(portal.ask.items(*names))
    assert (found.code, found.trouble, portal.receivable.calls) == ("number_malformed", Trouble.MALFORMED, 0)
    found = await why(portal.ask.invoice(*names, "10023"))
    assert found.code == "number_malformed"


async def test_nor_an_invoice_that_cannot_exist(portal):
    assert (await why(portal.invoice("x" * 65))).code == "number_malformed"


# Failures, and the payments beside them.


async def test_a_store_that_is_down_gives_no_answer_rather_than_one_without_what_is_pending(portal, world):
    world.billers.down = True
    found = await why(portal.items())
    assert (found.code, found.trouble) == ("storage_unavailable", Trouble.DOWN)


async def test_questions_that_fail_do_not_stop_payments(portal, world):
    portal.receivable.failure = DOWN
    for _ in range(2 * FAILURES_TO_OPEN):
        await why(portal.items())
    assert world.keys("B~") == []
    paid = message()
    await world.deliver(paid)
    assert (await world.entry(paid)).state == "posted"


async def test_a_breaker_that_is_open_neither_stops_questions_nor_is_closed_by_them(portal, world):
    world.city.up = False
    world.city.next(*[NotSent("ConnectError")] * FAILURES_TO_OPEN)
    for _ in range(FAILURES_TO_OPEN):
        await world.deliver(message())
    gate = await world.gates.look("2493")
    assert gate.is_open
    assert (await portal.items()).pending_amount == FAILURES_TO_OPEN * 12540
    assert await world.gates.look("2493") == gate


@pytest.mark.parametrize(
    ("failure", "level"),
    [(DOWN, logging.INFO), (Unanswered("licence_missing", Trouble.ERROR), logging.WARNING)],
)
async def test_a_failure_is_one_event_and_loud_only_where_a_person_must_act(portal, gate, caplog, failure, level):
    caplog.set_level(logging.INFO, "caselle")
    portal.receivable.failure = failure
    tasks = [asyncio.create_task(why(portal.items())) for _ in range(3)]
    await gate.reached()
    gate.open.set()
    await asyncio.gather(*tasks)
    told = [record for record in caplog.records if "open_items.unanswered" in record.getMessage()]
    assert [(each.levelno, json.loads(each.getMessage())["code"]) for each in told] == [(level, failure.code)]
    assert "000412" not in caplog.text


def test_every_code_has_its_words():
    assert all(reason.message and reason.action for reason in CODES.values())
