"""What is told of a customer: the newest counts, whatever order it comes in, and nothing personal is logged."""

import json

import pytest

from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import Kind, State
from tests.customers.world import ON, autopay, registration
from tests.payments.world import body, message

MINUTE = 60.0
EARLY, LATE = "2026-11-19T09:00:00-08:00", "2026-11-20T09:00:00-08:00"
LOST = Ambiguous("ReadTimeout")


@pytest.mark.parametrize(
    ("update", "kept"),
    [
        (autopay(), {"autopay": True}),
        (autopay(change="modified"), {"autopay": True}),
        (autopay(change="cancelled"), {"autopay": False}),
        (registration(), {"email": "ada@example.test"}),
    ],
)
async def test_it_is_set_in_caselle_and_told_as_applied(world, update, kept):
    entry = await world.told(update)
    shown = {"autopay": world.records.autopay.get("000412"), "email": world.records.emails.get("000412")}
    assert (entry.state, shown) == (State.POSTED, {"autopay": None, "email": None} | kept)
    [result] = world.results
    assert (result.outcome, result.final, result.reason, result.amount, result.receipt_number) == (
        "applied",
        True,
        None,
        None,
        None,
    )
    assert world.keys("O~") == world.keys("S~") == world.keys("L~") == []


async def test_an_older_one_that_comes_late_is_skipped_and_never_sent(world):
    await world.told(autopay(LATE, "cancelled"))
    entry = await world.told(old := autopay(EARLY, "enrolled"))
    assert (entry.state, entry.reason, world.outcomes(old)) == (State.SKIPPED, "superseded", ["skipped"])
    assert world.records.calls == [("000412", False)]


async def test_one_that_is_overtaken_while_it_waits_is_skipped(world):
    await world.tell(old := autopay(EARLY))
    await world.tell(new := autopay(LATE, "cancelled"))
    await world.drain()
    assert (world.outcomes(old), world.outcomes(new)) == (["skipped"], ["applied"])
    assert world.records.calls == [("000412", False)]


async def test_kinds_and_customers_and_billers_do_not_overtake_each_other(world):
    await world.set_up(**ON, billerId="2494", subdomain="elsewhere")
    updates = [autopay(LATE), registration(EARLY), autopay(EARLY, customerNumber="000413")]
    for each in [*updates, autopay(EARLY, billerId="2494")]:
        assert (await world.told(each)).state is State.POSTED


async def test_of_two_at_the_same_instant_the_greater_id_counts(world):
    await world.told(autopay(LATE, "cancelled", changeId="b"))
    assert (await world.told(autopay(LATE, "enrolled", changeId="a"))).reason == "superseded"
    assert (await world.told(autopay("2026-11-20T17:00:00Z", "enrolled", changeId="c"))).state is State.POSTED


async def test_the_same_message_again_is_answered_and_not_sent_again(world):
    await world.told(once := autopay())
    await world.told(once)
    assert (world.outcomes(once), world.results[-1].duplicate) == (["applied", "applied"], True)
    assert len(world.records.calls) == 1


async def test_the_same_id_with_another_content_is_a_conflict_and_moves_no_mark(world):
    await world.told(first := autopay(EARLY, changeId="x"))
    await world.tell(autopay("2026-11-20T23:00:00-08:00", "cancelled", changeId="x"))
    assert world.outcomes(first) == ["applied", "conflict"]
    assert (await world.told(autopay(LATE, "cancelled"))).state is State.POSTED


@pytest.mark.parametrize("done", [True, False])
async def test_after_a_lost_answer_it_is_sent_again_when_the_first_can_land_no_more(world, done):
    world.records.next(LOST, done=done)
    update = autopay()
    assert (await world.told(update)).state is State.UNKNOWN
    await world.pass_time(14 * MINUTE)
    assert len(world.records.calls) == 1
    await world.pass_time(3 * MINUTE)
    assert ((await world.state_of(update)).state, world.records.autopay["000412"]) == (State.POSTED, True)
    assert (len(world.records.calls), world.outcomes(update)) == (2, ["applied"])


async def test_a_newer_one_waits_for_one_that_may_still_land(world):
    world.records.next(LOST)
    await world.told(old := autopay(EARLY))
    await world.told(new := autopay(LATE, "cancelled"))
    await world.pass_time(14 * MINUTE)
    assert [value for _, value in world.records.calls] == [True]
    world.records.autopay["000412"] = True  # only now the old one lands
    await world.pass_time(15 * MINUTE)
    assert (world.outcomes(old), world.outcomes(new)) == (["skipped"], ["applied"])
    assert world.records.autopay["000412"] is False


async def test_one_that_is_overtaken_between_looking_and_claiming_is_not_sent(world):
    """Two hosts: the older one has looked and stalls, the newer one comes and is sent, the older one goes on."""
    new, slow = autopay(LATE, "cancelled"), world.process()
    claim = slow.newest.claim

    async def overtaken(entry):
        seen = await claim(entry)
        if not world.outcomes(new):
            await world.tell(new)
            [following], world.queue = world.queue, []
            world.results += (await world.app.drive.step(following, redelivered=False)).results
        return seen

    await world.tell(old := autopay(EARLY))
    [step], world.queue = world.queue, []
    slow.newest.claim = overtaken
    world.take(await slow.drive.step(step, redelivered=False))
    assert (set(world.outcomes(new)), set(world.outcomes(old))) == ({"applied"}, {"skipped"})
    assert world.records.calls == [("000412", False)]


async def test_four_sends_without_an_answer_are_for_a_person(world):
    for _ in range(4):
        world.records.next(LOST)
    update = registration()
    await world.told(update)
    await world.pass_time(70 * MINUTE)
    entry = await world.state_of(update)
    assert (entry.state, entry.reason, world.outcomes(update)) == (State.HELD, "update_unanswered", ["held"])


async def test_what_never_left_goes_again_by_itself(world):
    world.records.next(NotSent("ConnectError"))
    update = autopay()
    assert (await world.told(update)).state is State.RECEIVED
    await world.pass_time(3 * MINUTE)
    assert world.outcomes(update) == ["applied"]


async def test_a_refused_address_is_reported(world):
    world.records.refused_emails.add("ada@example.test")
    entry = await world.told(update := registration())
    assert (entry.state, entry.reason, world.outcomes(update)) == (State.HELD, "email_refused", ["held"])
    assert "another one" in world.results[-1].reason.action


async def test_an_unknown_customer_is_for_a_person(world):
    assert (await world.told(autopay(customerNumber="000999"))).reason == "customer_unknown"


async def test_joining_autopay_beside_direct_pay_warns_of_a_double_draft(world, caplog):
    world.records.direct_pay.add("000412")
    await world.told(autopay(EARLY))
    [line] = [json.loads(each.message) for each in caplog.records if "double_draft" in each.message]
    assert line["event"] == "autopay_change.double_draft"
    assert (world.results[-1].outcome, world.results[-1].reason.code) == ("applied", "direct_pay_active")
    caplog.clear()
    await world.told(autopay(LATE, "cancelled"))
    assert "double_draft" not in caplog.text
    assert world.results[-1].reason is None


# Off.


@pytest.mark.parametrize(
    ("biller", "reason"),
    [
        ({"contractPasses": {}}, "operation_unchecked"),
        ({"contractPasses": {"set_autopay": {"at": "2026-11-01T00:00:00Z", "document": "old"}}}, "operation_unchecked"),
        ({"features": {}}, "operation_off"),
        ({"mode": "shadow"}, "shadow_mode"),
    ],
)
async def test_what_is_off_is_skipped_for_good(world, biller, reason):
    await world.set_up(**ON | biller)
    entry = await world.told(update := autopay())
    assert (entry.state, entry.reason, world.outcomes(update)) == (State.SKIPPED, reason, ["skipped"])
    await world.set_up(**ON)
    await world.told(update)
    await world.pass_time(30 * MINUTE)
    assert world.records.calls == []
    assert world.outcomes(update) == ["skipped", "skipped"]


async def test_what_was_skipped_stands_above_older_ones_that_come_after_it_was_switched_on(world):
    """The clerk has entered the newer one by hand."""
    await world.set_up()
    await world.told(autopay(LATE, "cancelled"))
    await world.set_up(**ON)
    assert (await world.told(autopay(EARLY))).reason == "superseded"
    assert world.records.calls == []


async def test_one_that_waits_when_its_operation_goes_off_is_skipped(world):
    world.records.next(NotSent("ConnectError"))
    await world.told(update := autopay())
    await world.set_up()
    await world.pass_time(3 * MINUTE)
    assert world.outcomes(update) == ["skipped"]


async def test_a_paused_biller_waits(world):
    await world.set_up(**ON, paused={"reason": "maintenance"})
    assert (await world.told(update := autopay())).reason == "paused"
    await world.set_up(**ON)
    await world.pass_time(15 * MINUTE)
    assert world.outcomes(update) == ["applied"]


@pytest.mark.parametrize(
    ("biller", "changes", "reason"),
    [
        ({}, {"billerId": "77"}, "unknown_biller"),
        ({"region": "eastus2"}, {}, "wrong_region"),
        ({"mode": "draft"}, {}, "biller_not_live"),
        ({"subdomain": None}, {}, "application_not_configured"),
        ({}, {"changedAt": "2026-12-31T00:00:00Z"}, "dated_ahead"),
    ],
)
async def test_what_the_biller_does_not_allow_is_held(world, biller, changes, reason):
    await world.set_up(**ON | biller)
    entry = await world.told(autopay(**changes))
    assert (entry.state, entry.reason) == (State.HELD, reason)
    assert world.records.calls == []


async def test_a_date_far_ahead_does_not_stand_above_what_follows(world):
    await world.told(autopay("2026-12-31T00:00:00Z"))
    assert (await world.told(autopay(LATE, "cancelled"))).state is State.POSTED


# Payments go their own way.


async def test_trouble_with_updates_holds_up_no_payment(world):
    for number in range(6):
        world.records.next(LOST)
        await world.told(autopay(customerNumber=f"00041{number}"))
        await world.deliver(paid := message())
        assert (await world.entry(paid)).state is State.POSTED
        await world.pass_time(MINUTE)
    assert ((await world.gates.look("2493")).healthy, world.keys("B~")) == (True, ["B~2493", "B~2493.updates"])


async def test_a_missing_licence_blocks_the_updates_lane_only(world, caplog):
    world.records.next(Refused("licence_missing", Scope.BILLER))
    await world.told(first := autopay())
    await world.told(second := registration())
    await world.pass_time(MINUTE)
    assert '"biller": "2493.updates", "code": "licence_missing"' in caplog.text
    await world.gates.unblock("2493.updates")
    await world.pass_time(10 * MINUTE)
    assert (world.outcomes(first), world.outcomes(second)) == (["applied"], ["applied"])


async def test_a_blocked_city_holds_up_no_update(world):
    world.city.next(Refused("receipt_numbers_exhausted", Scope.BILLER))
    await world.deliver(message())
    assert (await world.told(autopay())).state is State.POSTED


# Nothing personal.


async def test_an_email_is_in_no_log_and_in_no_result(world, caplog):
    caplog.set_level(0)
    secret = "canary.zq7@example.test"
    updates = [registration(email=secret), registration(email=secret, billerId="77"), registration(email=f"{secret} x")]
    world.records.next(LOST)
    for each in updates:
        await world.tell(each)
        await world.drain()
    world.records.refused_emails.add(secret)
    await world.told(registration(email=secret, customerNumber="000413"))
    await world.pass_time(20 * MINUTE)
    told = "".join(result.model_dump_json() for result in world.results)
    kept = "".join(str(item) for item in world.quarantine.items.values())
    assert len(world.results) >= 4
    assert "canary" not in caplog.text + told + kept


@pytest.mark.parametrize(
    "changes",
    [
        {"change": "paused"},
        {"changedAt": "2026-11-20"},
        {"changedAt": 1763650000},
        {"effectiveOn": "soon"},
        {"customerNumber": ""},
        {"change": None},
    ],
)
async def test_a_broken_change_is_set_aside(world, changes):
    await world.tell(autopay(**changes), "broken")
    assert list(world.quarantine.items) == [("autopay-changes", "broken")]
    assert world.results[-1].outcome == "invalid"


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.test", "a b@example.test", "ada@x\n", "a@b@c", "ä@b.c", f"{'a' * 65}@b"]
)
async def test_what_is_no_address_is_set_aside(world, email):
    await world.tell(registration(email=email), "broken")
    if email == "ada@x\n":  # trimmed, it is one
        assert world.results == []
        return
    assert world.results[-1].outcome == "invalid"
    assert world.results[-1].reason.code == "rule_broken"


async def test_what_ends_as_poison_is_accepted_or_set_aside(world):
    update = autopay()
    world.take(await world.app.update_customer.shelve(Kind.AUTOPAY_CHANGE, body(update), "m-poison"))
    await world.drain()
    assert world.outcomes(update) == ["applied"]
