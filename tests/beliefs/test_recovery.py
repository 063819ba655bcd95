"""That a ledger which was lost, or lies before us as an old copy, remembers what it sent and told."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shared.ledger.answer import Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State
from shared.ledger.loss import version_base
from shared.repair.decision import NotAllowed
from tests.beliefs.scenes import DAY, HOUR, MINUTE, at_the_counter, live, small, town, twice
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.world import SAID, person

RULES = ["paid", "sent", "nextOpen", "settlement"]
MONDAY = {"settlementDate": "2026-11-23"}
REFUSED = Refused("customer_unknown", Scope.ENTRY)
VOID = {"rejectStrategy": "void"}
UNTRIED = NotSent("ConnectError")

_counter = count(1)


def copied(world):
    """The table as the last sync left it."""
    return dict(world.store.rows)


async def lose(world, copy=None, **changes):
    """The region is lost; what takes over has nothing, or a copy that lags."""
    await world.lose_the_ledger(**changes)
    for (shard, key), row in (copy or {}).items():
        world.store.rows[shard, key] = row
        world.store._ordered[shard].add(key)
    world.queue.clear()


async def goes_on(world, seconds, *, every=10 * MINUTE):
    """Time passes in the new region, with payments that were made since, and the counter's."""
    for _ in range(int(seconds // every)):
        await world.pass_time(every)
        at_the_counter(world, f"1.{next(_counter):05}")
        await world.deliver(small(paidAt=world.clock.now().isoformat()))
        await world.drain()


async def states(world, *paid):
    return [(await world.entry(each)).state for each in paid]


def told(world, fields):
    own = fields.get("reversalId") or fields.get("rejectId") or fields["paymentId"]
    return [result for result in world.results if result.id == own]


@pytest.mark.parametrize("days", [0, 4])
@pytest.mark.parametrize("rule", RULES)
class TestAnyRule:
    async def test_what_was_posted_is_found_on_whatever_day_it_was_dated(self, rule, days):
        """r1: Invoice Cloud enqueues it again."""
        world = await town(postingDateRule=rule)
        paid = message(**MONDAY)
        await world.deliver(paid)
        world.clock.advance(days * DAY)
        await lose(world, postingDateRule=rule)
        await world.deliver(paid)
        assert await states(world, paid) == [State.UNKNOWN]
        await goes_on(world, HOUR)
        assert (await states(world, paid), live(world, paid), twice(world)) == ([State.POSTED], 1, [])
        assert told(world, paid)[-1].outcome == "posted"

    async def test_what_was_not_is_sent_once(self, rule, days):
        """Beside one that was posted the day before, and found again."""
        world = await town(earlier=0, postingDateRule=rule)
        earlier, paid = message(paidAt="2026-11-19T03:04:05-08:00"), message(**MONDAY)
        world.clock.advance(-DAY)
        await world.deliver(earlier)
        world.clock.advance((1 + days) * DAY)
        await lose(world, postingDateRule=rule)
        for each in (earlier, paid):
            await world.deliver(each)
        await goes_on(world, 3 * HOUR)
        assert await states(world, earlier, paid) == [State.POSTED] * 2
        assert (live(world, earlier), live(world, paid), twice(world)) == (1, 1, [])

    async def test_what_came_while_the_record_was_not_ready_is_never_sent_unasked(self, rule, days):
        """r2: it is held here for another reason first, and a person lets it go."""
        world = await town(postingDateRule=rule)
        paid = message(**MONDAY)
        await world.deliver(paid)
        world.clock.advance(days * DAY)
        await lose(world, postingDateRule=rule)
        record = await world.billers.get("2493")
        await world.billers.put(record.model_copy(update={"mode": "draft"}))
        await world.deliver(paid)
        assert (await world.entry(paid)).reason == "biller_not_live"
        await world.billers.put(record)
        world.clock.advance(HOUR)
        for override in (False, True):
            with pytest.raises(NotAllowed, match=r"has it, under receipt 5\.00002"):
                await person(world).retry(key_of(paid), SAID, override=override)
        await goes_on(world, HOUR)
        assert (await states(world, paid), live(world, paid)) == ([State.POSTED], 1), "nobody need do anything"


@pytest.mark.parametrize("rule", RULES)
async def test_what_came_before_the_record_was_here_again_is_found_by_the_retry(rule):
    """Imported late: it was held as unknown_biller."""
    world = await town(postingDateRule=rule)
    paid = message(**MONDAY)
    await world.deliver(paid)
    await lose(world, postingDateRule=rule)
    record = await world.billers.get("2493")
    world.billers._billers.clear()
    await world.deliver(paid)
    assert (await world.entry(paid)).reason == "unknown_biller"
    await world.billers.put(record)
    world.clock.advance(HOUR)
    with pytest.raises(NotAllowed, match=r"has it, under receipt 5\.00002"):
        await person(world).retry(key_of(paid), SAID, override=True)
    await person(world).resolve.posted(key_of(paid), "5.00002", SAID)
    await world.pass_time(HOUR)
    assert (live(world, paid), told(world, paid)[-1].outcome) == (1, "posted")


async def test_what_was_paid_after_the_loss_goes_at_once():
    world = await town()
    await lose(world)
    questions = world.city.questions
    await world.deliver(paid := message(paidAt=world.clock.now().isoformat()))
    assert (await states(world, paid), world.city.questions) == ([State.POSTED], questions)


class TestALaggingCopy:
    """r3: what the copy shows as not sent was sent and posted after it."""

    async def as_copied(self, *answers, proven=(), **biller):
        """A payment as it stands in the copy; it was posted since, and the region is lost."""
        world = await town()
        await world.set_up(**biller)
        for code in proven:
            await world.gates.prove("2493", code)
        paid = message()
        world.city.next(*answers)
        await world.deliver(paid)
        return world, paid, copied(world), await world.entry(paid)

    async def after(self, world, paid, copy, *, by_hand=False, again=True):
        assert (await states(world, paid), live(world, paid)) == ([State.POSTED], 1)
        world.clock.advance(MINUTE)
        await lose(world, copy)
        asked = world.city.questions
        if by_hand:
            with pytest.raises(NotAllowed):
                await person(world).retry(key_of(paid), SAID, override=True)
        if again:
            await world.deliver(paid)
        await goes_on(world, HOUR)
        assert (await states(world, paid), live(world, paid), twice(world)) == ([State.POSTED], 1, [])
        assert world.city.questions > asked

    @pytest.mark.parametrize("again", [True, False])
    async def test_received_after_an_attempt_that_was_not_sent(self, again):
        world, paid, copy, entry = await self.as_copied(UNTRIED)
        assert (entry.state, entry.attempt) == (State.RECEIVED, 1)
        await world.pass_time(2 * MINUTE)
        await self.after(world, paid, copy, again=again)

    @pytest.mark.parametrize("again", [True, False])
    async def test_received_and_never_tried(self, again):
        world, paid, copy, entry = await self.as_copied(paused={"reason": "maintenance"})
        assert (entry.state, entry.attempt) == (State.RECEIVED, 0)
        await world.set_up()
        await world.pass_time(10 * MINUTE)
        await self.after(world, paid, copy, again=again)

    @pytest.mark.parametrize("again", [True, False])
    async def test_unknown(self, again):
        world, paid, copy, entry = await self.as_copied(Ambiguous("ReadTimeout"))
        assert entry.state is State.UNKNOWN
        await goes_on(world, HOUR)
        await self.after(world, paid, copy, again=again)

    async def test_held_and_let_go_by_a_person(self):
        world, paid, copy, entry = await self.as_copied(REFUSED, proven=["customer_unknown"])
        assert (entry.state, entry.perhaps_there) == (State.HELD, False)
        await person(world).retry(key_of(paid), SAID)
        await world.pass_time(2 * MINUTE)
        await self.after(world, paid, copy, by_hand=True)

    async def test_an_old_proof_of_absence_counts_no_more(self):
        """The copy shows it proved absent, and paused; it went out since."""
        world = await town()
        paid = message()
        world.city.next(Ambiguous("ReadTimeout"))
        await world.deliver(paid)
        await goes_on(world, 20 * MINUTE)
        await world.set_up(paused={"reason": "maintenance"})
        await world.pass_time(41 * MINUTE)
        copy = copied(world)
        assert (await world.entry(paid)).proved_at is not None
        await world.set_up()
        await world.pass_time(20 * MINUTE)
        await self.after(world, paid, copy)


class TestVoids:
    """r4: what the lost ledger posted does not end as never sent."""

    async def test_of_what_came_before_the_record_was_here_again(self):
        world = await town(**VOID)
        paid = message()
        await world.deliver(paid)
        await lose(world, **VOID)
        record = await world.billers.get("2493")
        world.billers._billers.clear()
        await world.deliver(paid)
        await world.billers.put(record)
        await world.undo(back := reversal(paid))
        await goes_on(world, HOUR)
        assert await states(world, paid, back) == [State.REVERSED, State.POSTED]
        assert (live(world, paid), world.city.voids) == (0, ["5.00002"])

    @pytest.mark.parametrize("undo", [reversal, reject])
    async def test_of_what_a_copy_shows_as_received(self, undo):
        world = await town()
        await world.set_up(**VOID, paused={"reason": "maintenance"})
        paid = message()
        await world.deliver(paid)
        copy = copied(world)
        await world.set_up(**VOID)
        await world.pass_time(20 * MINUTE)
        assert live(world, paid) == 1
        await lose(world, copy, **VOID, paused={"reason": "westus2 is lost"})
        await world.undo(back := undo(paid))
        await world.pass_time(20 * MINUTE)
        await world.set_up(**VOID, recoverBefore=(await world.billers.get("2493")).recover_before.isoformat())
        await goes_on(world, HOUR)
        assert await states(world, paid, back) == [State.REVERSED, State.POSTED]
        assert (live(world, paid), world.city.voids) == (0, ["5.00002"])

    async def test_of_what_a_copy_shows_as_held(self):
        world = await town(**VOID)
        await world.gates.prove("2493", "customer_unknown")
        paid = message()
        world.city.next(REFUSED)
        await world.deliver(paid)
        copy = copied(world)
        await person(world).retry(key_of(paid), SAID)
        await world.pass_time(2 * MINUTE)
        await lose(world, copy, **VOID)
        await world.undo(back := reversal(paid))
        await goes_on(world, 2 * HOUR)
        assert await states(world, paid, back) == [State.REVERSED, State.POSTED]
        assert (live(world, paid), world.city.voids) == (0, ["5.00002"])

    async def test_that_was_done_before_the_loss_is_not_done_again(self):
        world = await town(**VOID)
        paid = small("77.00")
        await world.deliver(paid)
        await world.undo(back := reversal(paid))
        await world.drain()
        assert world.city.voids == ["5.00002"]
        await lose(world, **VOID)
        for each in (paid, back):
            await (world.undo(each) if "reversalId" in each else world.deliver(each))
        await goes_on(world, 2 * HOUR)
        assert (world.city.voids, live(world, paid)) == (["5.00002"], 0)
        assert await states(world, paid, back) == [State.REVERSED, State.POSTED], "nobody need do anything"
        last = [str(told(world, each)[-1].outcome) for each in (paid, back)]
        assert last == ["posted", "reversed"], "as it was told before the loss"

    async def test_of_one_that_nobody_ever_sent_leaves_nothing_at_the_city(self):
        """It is sent as soon as its absence is proved, unless the void looks first."""
        world = await town(earlier=0, **VOID)
        earlier, paid = message(paidAt="2026-11-19T03:04:05-08:00"), message()
        world.clock.advance(-DAY)
        await world.deliver(earlier)
        world.clock.advance(DAY)
        await lose(world, **VOID)
        for each in (earlier, paid):
            await world.deliver(each)
        await world.undo(back := reversal(paid))
        await goes_on(world, 3 * HOUR)
        assert await states(world, earlier, back) == [State.POSTED] * 2
        assert (await world.entry(paid)).state in {State.REVERSED, State.NOT_POSTED}
        assert (live(world, paid), twice(world)) == (0, [])


class TestVersions:
    """s5: by the contract a result with a lower version is stale."""

    async def test_all_that_is_told_is_above_what_was_told_before(self):
        """It was never sent; the one before it is found again, and shows that."""
        world = await town(earlier=0)
        earlier, paid = message(paidAt="2026-11-19T03:04:05-08:00"), message()
        await world.deliver(earlier)
        await world.gates.prove("2493", "customer_unknown")
        world.city.next(UNTRIED, UNTRIED, REFUSED)
        await world.deliver(paid)
        await world.pass_time(15 * MINUTE)
        before = max(result.version for result in told(world, paid))
        assert before > 3
        await lose(world)
        world.results.clear()
        for each in (earlier, paid):
            await world.deliver(each)
        await goes_on(world, 3 * HOUR)
        assert told(world, paid)[-1].outcome == "posted"
        assert min(result.version for result in told(world, paid)) > before

    async def test_what_is_found_at_once_too(self):
        world = await town()
        await world.gates.prove("2493", "customer_unknown")
        paid = message()
        world.city.next(UNTRIED, UNTRIED, REFUSED)
        await world.deliver(paid)
        await world.pass_time(15 * MINUTE)
        await person(world).retry(key_of(paid), SAID)
        await world.pass_time(2 * MINUTE)
        before = max(result.version for result in told(world, paid))
        await lose(world)
        world.results.clear()
        await world.deliver(paid)
        await world.pass_time(2 * MINUTE)
        assert [(each.outcome, each.version > before) for each in told(world, paid)] == [("posted", True)]

    async def test_and_after_a_second_loss(self):
        world = await town()
        paid = message()
        await world.deliver(paid)
        seen = [max(result.version for result in told(world, paid))]
        for _ in range(2):
            world.clock.advance(HOUR)
            await lose(world)
            world.results.clear()
            await world.deliver(paid)
            await goes_on(world, HOUR)
            assert (await states(world, paid), live(world, paid)) == ([State.POSTED], 1)
            versions = [result.version for result in told(world, paid)]
            assert min(versions) > seen[-1]
            seen.append(max(versions))

    async def test_of_what_a_copy_showed(self):
        world = await town()
        await world.set_up(paused={"reason": "maintenance"})
        paid = message()
        await world.deliver(paid)
        copy = copied(world)
        await world.set_up()
        await world.pass_time(20 * MINUTE)
        before = max(result.version for result in told(world, paid))
        await lose(world, copy)
        world.results.clear()
        await goes_on(world, HOUR)
        assert min(result.version for result in told(world, paid)) > before

    async def test_of_a_reject_too(self):
        world = await town()
        paid = message()
        back = reject(paid)
        await world.undo(back)
        await world.pass_time(HOUR)
        await world.deliver(paid)
        await world.pass_time(2 * HOUR)
        before = max(result.version for result in told(world, back))
        await lose(world)
        world.results.clear()
        await world.deliver(paid)
        await world.undo(back)
        await goes_on(world, 2 * HOUR)
        assert (await world.entry(back)).reason == "reversal_by_hand"
        assert min(result.version for result in told(world, back)) > before

    def test_the_base_grows_with_the_moment_of_the_loss(self):
        first = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        assert version_base(None) == 0
        assert version_base(first + timedelta(hours=1)) - version_base(first) == 60


async def test_a_person_is_told_nothing_of_what_caselle_cannot_show():
    """Without a list it is held, and stays so until somebody says what the city found."""
    old = {"connectVersion": "2024.05"}
    world = await town(**old)
    paid = message()
    await world.deliver(paid)
    await lose(world, **old)
    await world.deliver(paid)
    await goes_on(world, DAY, every=HOUR)
    assert (await states(world, paid), live(world, paid)) == ([State.HELD], 1)
    await person(world).resolve.posted(key_of(paid), "5.00002", SAID, override=True)
    await world.pass_time(HOUR)
    assert told(world, paid)[-1].outcome == "posted"


class TestAWholeCity:
    """Everything that Invoice Cloud has no final result for is enqueued again, in its own order."""

    async def before_the_loss(self, *, apart, number, lost_every):
        """Payments so far apart; of some the answer is lost, and of some of those the receipt was never made."""
        world = await town(postingDateRule="nextOpen")
        paid = []
        for each in range(number):
            fields = small(f"{each + 2}.00", paidAt=world.clock.now().isoformat())
            if each % lost_every == lost_every - 1:
                world.city.next(Ambiguous("ReadTimeout"), made=each % 2 == 0)
            await world.deliver(fields)
            paid.append(fields)
            await world.pass_time(apart, step=min(apart, 20 * MINUTE))
        return world, paid

    @pytest.mark.parametrize(
        ("apart", "number", "later"),
        [(3 * MINUTE, 120, 10 * MINUTE), (48 * MINUTE, 60, 48 * MINUTE), (8 * HOUR, 15, 8 * HOUR)],
        ids=["300 a day", "30 a day", "3 a day"],
    )
    async def test_every_payment_is_posted_once_and_none_is_held(self, apart, number, later):
        world, paid = await self.before_the_loss(apart=apart, number=number, lost_every=7)
        await lose(world, postingDateRule="nextOpen")
        world.results.clear()
        for each in paid:
            await world.deliver(each)
        await goes_on(world, 20 * HOUR if later == 8 * HOUR else 8 * HOUR, every=later)
        await world.pass_time(HOUR)
        found = await states(world, *paid)
        assert [each["paymentId"] for each, state in zip(paid, found, strict=True) if state is not State.POSTED] == []
        assert ([live(world, each) for each in paid], twice(world)) == ([1] * number, [])
        assert {str(result.outcome) for result in world.results} == {"posted"}

    async def test_without_a_list_all_is_held_and_nothing_sent(self):
        old = {"connectVersion": "2024.05", "postingDateRule": "nextOpen"}
        world = await town(**old)
        paid = [small() for _ in range(10)]
        for each in paid:
            await world.deliver(each)
        await lose(world, **old)
        sent = len(world.city.orders)
        for each in paid:
            await world.deliver(each)
        await world.pass_time(HOUR)
        assert (set(await states(world, *paid)), len(world.city.orders)) == ({State.HELD}, sent)
