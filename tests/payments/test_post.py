"""A new payment, on a good day and a bad one."""

import asyncio

import pytest

from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State
from tests.payments.world import body, message


async def test_a_payment_is_posted_and_reported(world):
    paid = message(correlationId="c-9")
    await world.deliver(paid, "m-a")
    (result,) = world.results
    assert (result.outcome, result.receipt_number, result.message_id) == ("posted", "5.00001", "m-a")
    assert (result.final, result.duplicate, result.attempts) == (True, False, 1)
    assert (str(result.amount), str(result.posting_date)) == ("125.40", "2026-11-20")
    assert (result.correlation_id, result.confirmation_number) == ("c-9", paid["confirmationNumber"])
    assert world.city.orders[0].payment_code == "7"
    assert world.keys("O~") == world.keys("S~") == world.keys("H~") == []


async def test_the_happy_path_costs_two_transactions_and_no_ledger_read(world):
    await world.deliver(message())
    commits, reads = world.store.commits, world.store.reads
    for _ in range(10):
        await world.deliver(message())
    assert (world.store.commits - commits, world.store.reads - reads) == (20, 0)


async def test_every_version_has_one_event(world):
    paid = message()
    await world.deliver(paid)
    entry = await world.entry(paid)
    assert entry.version == len(world.keys(f"E~{entry.key}")) == 2


@pytest.mark.parametrize("spelling", [str.upper, "{{{}}}".format, " {} ".format, str])
async def test_the_same_payment_in_another_message_is_a_duplicate(world, spelling):
    guid = "2c1ffacc-6653-43b7-8fa0-9fa2647ec154"
    paid = message(paymentId=guid)
    await world.deliver(paid)
    await world.deliver(paid | {"paymentId": spelling(guid)}, "m-again")
    first, second = world.results
    assert (second.outcome, second.duplicate, second.message_id) == ("posted", True, "m-again")
    assert second.receipt_number == first.receipt_number
    assert len(world.city.orders) == 1


async def test_a_redelivered_message_reports_the_same_outcome_again(world):
    paid = message()
    await world.deliver(paid, "m-a")
    await world.deliver(paid, "m-a")
    first, second = world.results
    assert second == first
    assert len(world.city.orders) == 1


async def test_another_amount_under_the_same_id_is_a_conflict_and_never_sent(world):
    paid = message(allocations=None)
    await world.set_up(autoAllocate="caselle")
    await world.deliver(paid)
    await world.deliver(paid | {"amount": "99.00"}, "m-other")
    await world.deliver(paid | {"amount": "99.00"}, "m-other")
    assert [result.outcome for result in world.results] == ["posted", "conflict", "conflict"]
    assert len(world.keys("C~")) == 1
    assert len(world.city.orders) == 1
    assert (await world.entry(paid)).cents == 12540


async def test_allocations_count_only_where_both_messages_have_them(world):
    paid = message()
    await world.deliver(paid)
    await world.deliver(paid | {"allocations": None})
    await world.deliver(paid | {"allocations": [{"invoiceNumber": "10023", "amount": "125.40"}]})
    assert [result.outcome for result in world.results] == ["posted", "posted", "conflict"]


async def test_a_confirmation_number_is_used_once(world):
    first, second = message(), message(confirmationNumber="IC00000077")
    await world.deliver(first | {"confirmationNumber": "IC00000077"})
    await world.deliver(second)
    assert world.results[1].outcome == "held"
    assert world.results[1].reason.code == "confirmation_reused"
    assert len(world.city.orders) == 1


HELD = [
    ("unknown_biller", {}, {"billerId": "9999"}),
    ("wrong_region", {"region": "eastus2"}, {}),
    ("biller_not_live", {"mode": "draft"}, {}),
    ("wrong_environment", {}, {"environment": "test"}),
    ("wrong_environment", {"mode": "test"}, {}),
    ("before_go_live", {"goLiveAt": "2026-11-20T03:04:06-08:00"}, {}),
    ("application_not_configured", {}, {"application": "UM"}),
    ("unknown_tender", {}, {"tender": "VENMO"}),
    ("no_allocations", {}, {"allocations": None}),
    ("too_old", {"maxBackdateDays": 3}, {"paidAt": "2026-11-01T12:00:00-08:00"}),
]


@pytest.mark.parametrize(("reason", "biller", "changes"), HELD)
async def test_what_the_biller_does_not_allow_is_held(world, reason, biller, changes):
    await world.set_up(**biller)
    await world.deliver(message(**changes))
    (result,) = world.results
    assert (result.outcome, result.reason.code, result.final) == ("held", reason, False)
    assert result.reason.action
    assert world.city.orders == []
    assert len(world.keys("H~")) == 1
    assert world.keys("O~") == []


async def test_a_known_id_is_a_duplicate_even_when_the_biller_no_longer_allows_it(world):
    paid = message()
    await world.deliver(paid)
    await world.set_up(mode="draft")
    await world.deliver(paid)
    assert [(result.outcome, result.duplicate) for result in world.results] == [("posted", False), ("posted", True)]


async def test_an_invalid_message_is_set_aside_and_reported(world):
    await world.deliver(message(amount="0.00", payerName="Ada Byron"), "m-bad")
    (result,) = world.results
    assert (result.outcome, result.reason.code, result.biller_id) == ("invalid", "rule_broken", "2493")
    kept = world.quarantine.items["payments", "m-bad"]
    assert "Ada" not in kept.text
    assert '"0.00"' in kept.text
    assert world.store.rows == {}


async def test_a_paused_biller_keeps_its_payments_and_goes_on_afterwards(world):
    await world.set_up(paused={"reason": "migration"})
    await world.deliver(message())
    assert (world.results, world.city.orders) == ([], [])
    await world.set_up()
    await world.pass_time(300)
    assert [result.outcome for result in world.results] == ["posted"]


async def test_shadow_mode_sends_nothing_ever(world):
    await world.set_up(mode="shadow")
    await world.deliver(message())
    await world.pass_time(600)
    assert [result.outcome for result in world.results] == ["skipped"]
    assert world.city.orders == []


async def test_a_refusal_of_the_payment_is_held(world):
    world.city.next(Refused("customer_unknown", Scope.ENTRY))
    await world.deliver(message())
    assert (world.results[0].outcome, world.results[0].reason.code) == ("held", "customer_unknown")
    assert world.keys("S~") == []


async def test_a_refusal_of_the_biller_blocks_it_until_a_person_unblocks(world):
    """That the refused one is not there has to be shown, by the others, before it goes again."""
    await world.proven()
    world.city.next(Refused("licence_missing", Scope.BILLER))
    paid = [message() for _ in range(5)]
    for each in paid:
        await world.deliver(each)
    await world.pass_time(1800)
    assert len(world.city.orders) == 1
    assert (await world.gates.look("2493")).blocked == "licence_missing"
    assert [(await world.entry(each)).state for each in paid] == [State.UNKNOWN, *[State.RECEIVED] * 4]
    await world.gates.unblock("2493")
    await world.pass_time(600)
    assert [(await world.entry(each)).state for each in paid] == [State.UNKNOWN, *[State.POSTED] * 4]
    await world.pass_time(1800)
    assert [result.outcome for result in world.results] == ["posted"] * 5
    assert (len(world.city.orders), world.city.doubled()) == (6, 0)


async def test_what_was_certainly_not_sent_is_sent_later(world):
    world.city.next(NotSent("ConnectError"))
    paid = message()
    await world.deliver(paid)
    assert world.results == []
    assert (await world.entry(paid)).state is State.RECEIVED
    await world.pass_time(120)
    assert [result.outcome for result in world.results] == ["posted"]


async def test_five_failures_in_a_row_open_the_breaker_and_a_read_closes_it(world):
    world.city.up = False
    world.city.next(*[NotSent("ConnectError")] * 5)
    for _ in range(8):
        await world.deliver(message())
    assert len(world.city.orders) == 5
    await world.pass_time(600)
    assert len(world.city.orders) == 5, "an open breaker is probed with reads, never with a payment"
    assert world.city.probes > 1
    world.city.up = True
    await world.pass_time(1800)
    assert [result.outcome for result in world.results] == ["posted"] * 8
    assert world.city.doubled() == 0


async def test_a_lost_answer_is_unknown_and_settled_by_the_receipt(world):
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    paid = message()
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.UNKNOWN
    assert world.results == []
    await world.pass_time(120)
    assert [result.outcome for result in world.results] == ["posted"]
    assert len(world.city.orders) == 1


async def test_an_absence_is_believed_when_seen_twice_between_an_earlier_and_a_later_payment(world):
    await world.proven()
    world.city.next(Ambiguous("ReadTimeout"), made=False)
    lost = message()
    await world.deliver(lost)
    await world.pass_time(600)
    await world.deliver(message())
    await world.pass_time(900)
    assert (await world.entry(lost)).state is State.UNKNOWN, "one absence is not enough"
    await world.pass_time(2400)
    assert (await world.entry(lost)).state is State.POSTED
    assert world.city.doubled() == 0
    assert len(world.city.orders) == 3


@pytest.mark.parametrize("earlier", [True, False])
async def test_an_absence_without_a_later_payment_ends_with_a_person_after_20_hours(world, earlier):
    if earlier:
        await world.proven()
    world.city.next(Ambiguous("ReadTimeout"), made=False)
    await world.deliver(message())
    await world.pass_time(20 * 3600 - 600, step=300)
    assert world.results == []
    await world.pass_time(1200, step=300)
    assert [(result.outcome, result.reason.code) for result in world.results] == [("held", "absence_not_provable")]
    assert len(world.city.orders) == 1


async def test_hours_without_an_answer_end_with_a_person_too_and_what_is_shown_later_is_posted(world):
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    world.city.up = False
    paid = message()
    await world.deliver(paid)
    await world.pass_time(20 * 3600 - 900, step=300)
    assert world.results == []
    await world.pass_time(1800, step=300)
    assert [(result.outcome, result.reason.code) for result in world.results] == [("held", "absence_not_provable")]
    world.city.up = True
    await world.pass_time(12 * 3600, step=600)
    assert [result.outcome for result in world.results] == ["held", "posted"]
    assert len(world.city.orders) == 1


async def test_without_the_receipt_query_an_unknown_outcome_is_held_at_once(world):
    await world.set_up(connectVersion="2021.02.160")
    world.city.next(Ambiguous("ReadTimeout"), made=True)
    await world.deliver(message())
    assert [(result.outcome, result.reason.code) for result in world.results] == [("held", "outcome_unknown")]


async def test_two_unlisted_errors_block_whatever_their_words(world):
    world.city.next(*[Ambiguous("unlisted_error", unlisted=f"abc{number}") for number in range(10)])
    for _ in range(20):
        await world.deliver(message())
        await world.pass_time(60)
    unknown = [key for key in world.keys("P~") if world.store.rows[_home(world), key].values["state"] == "unknown"]
    assert len(unknown) <= 2
    assert (await world.gates.look("2493")).blocked == "unlisted_error"


def _home(world):
    return next(iter({shard for shard, _ in world.store.rows}))


async def test_the_first_payment_of_an_application_and_tender_goes_alone(world):
    await world.proven(tender="ACH")
    go = asyncio.Event()
    busy: list[str] = []

    async def slow(order):
        busy.append(order.payment_code)
        await go.wait()
        return Accepted(world.city.make(order).receipt_number)

    world.city.script = [slow] * 10
    tasks = [asyncio.create_task(world.deliver(message(tender=tender))) for tender in ("CC", "CC", "ACH", "ACH")]
    for _ in range(200):
        await asyncio.sleep(0)
    assert busy == ["8", "7"], "one of the new tender alone, beside one of the known tender"
    go.set()
    await asyncio.gather(*tasks)
    await world.pass_time(120)
    assert [result.outcome for result in world.results] == ["posted"] * 4


async def test_the_first_payment_that_is_lost_keeps_the_others_of_its_kind_no_longer_than_a_probe(world):
    world.city.next(Ambiguous("ReadTimeout"), made=False)
    first, others = message(), [message() for _ in range(3)]
    for each in [first, *others]:
        await world.deliver(each)
    await world.pass_time(300)
    assert [(await world.entry(each)).state for each in others] == [State.POSTED] * 3
    assert (await world.entry(first)).state is State.UNKNOWN


async def test_parallel_payments_never_use_more_than_the_slots(world):
    await world.proven()
    busy, most = 0, 0
    release = asyncio.Event()

    async def slow(order):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await release.wait()
        busy -= 1
        return Accepted(world.city.make(order).receipt_number)

    world.city.script = [slow] * 40
    other = world.process()
    apps = [world.app, other]
    tasks = [asyncio.create_task(apps[n % 2].post_payment.accept(body(message()), f"s-{n}")) for n in range(20)]
    for _ in range(200):
        await asyncio.sleep(0)
    release.set()
    for handled in await asyncio.gather(*tasks):
        world.take(handled)
    await world.drain()
    assert most == 2
    assert world.city.doubled() == 0


async def test_waiting_payments_follow_each_other_without_the_sweeper(world):
    hold = asyncio.Event()

    async def slow(order):
        await hold.wait()
        return Accepted(world.city.make(order).receipt_number)

    world.city.script = [slow, slow]
    tasks = [asyncio.create_task(world.app.post_payment.accept(body(message()), f"w-{n}")) for n in range(30)]
    for _ in range(200):
        await asyncio.sleep(0)
    hold.set()
    for handled in await asyncio.gather(*tasks):
        world.take(handled)
    await world.drain()
    assert len(world.city.orders) == 30
    assert [result.outcome for result in world.results] == ["posted"] * 30


async def test_what_a_lost_ledger_posted_is_found_and_not_posted_again(world):
    paid = message()
    await world.deliver(paid)
    await world.lose_the_ledger()
    await world.deliver(paid)
    entry = await world.entry(paid)
    assert (entry.state, entry.reason, entry.attempt) == (State.UNKNOWN, "ledger_lost", 0)
    await world.pass_time(120)
    assert [result.outcome for result in world.results] == ["posted", "posted"]
    assert world.results[0].receipt_number == world.results[1].receipt_number
    assert len(world.city.orders) == 1


@pytest.mark.parametrize("day", [14, 19, 20])
async def test_what_a_lost_ledger_had_not_sent_is_posted_once_its_absence_is_shown(world, day):
    """Shown twice, between one of ours that the list itself brought back, by its date or its number, and a new one."""
    before = await world.proven(paidAt=f"2026-11-{day}T03:04:05-08:00")
    await world.lose_the_ledger()
    paid = message()
    await world.deliver(before)
    await world.deliver(paid)
    await world.pass_time(3600)
    assert (await world.entry(before)).state is State.POSTED
    assert world.city.orders == []
    await world.deliver(message(paidAt=world.clock.now().isoformat()))
    assert len(world.city.orders) == 1, "what was paid after the loss flows at once"
    await world.pass_time(3 * 3600)
    assert (await world.entry(paid)).state is State.POSTED
    assert len(world.city.orders) == 2


async def test_without_the_receipt_query_what_a_lost_ledger_may_have_posted_is_held(world):
    await world.lose_the_ledger(connectVersion="2024.05.001")
    await world.deliver(message())
    await world.pass_time(120)
    assert [(result.outcome, result.reason.code) for result in world.results] == [("held", "outcome_unknown")]
    assert world.city.orders == []
