"""That nobody types in what waits, that a person is always right, and that one can always do something."""

import pytest

from shared.ledger.answer import Ambiguous, Refused, Scope
from shared.ledger.entry import State, Wait
from shared.repair.decision import Decision, NotAllowed
from shared.vocabulary.money import Money
from tests.beliefs.scenes import DAY, HOUR, MINUTE, at_the_counter, commit_late, go_on, live, lose, small, town, twice
from tests.payments.world import key_of, message, reject, reversal
from tests.repair.world import SAID, by_hand, person

OLD = {"connectVersion": "2024.05"}
"""A release without the receipt query."""
VENMO = {"AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "VENMO": "9"}}}
REFUSED = Refused("customer_unknown", Scope.ENTRY)


async def held(world, **changes):
    """Told as held before it was ever sent; its cause is mended an hour later."""
    paid = message(tender="VENMO", **changes)
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.HELD
    world.clock.advance(HOUR)
    await world.set_up(applications=VENMO)
    return paid


async def retried(world, paid, **how):
    """A person lets it go; None, or why not."""
    try:
        await person(world).retry(key_of(paid), SAID, **how)
    except NotAllowed as refused:
        return str(refused)
    await world.pass_time(5 * MINUTE)
    return None


def told(world, fields):
    own = fields.get("reversalId") or fields.get("rejectId") or fields["paymentId"]
    return [result for result in world.results if result.id == own]


def listed_as_posted(world, fields):
    return [key for key in world.keys("A~") if fields["paymentId"] in key]


class TestWhatAClerkEnteredMeanwhile:
    """D2 and its kind: whatever it was held for."""

    @pytest.mark.parametrize("override", [False, True])
    async def test_with_our_reference(self, override):
        world = await town()
        paid = await held(world)
        await commit_late(world, paid)
        assert "resolve it as posted" in await retried(world, paid, override=override)
        assert live(world, paid) == 1

    @pytest.mark.parametrize("override", [False, True])
    async def test_without_it(self, override):
        world = await town()
        paid = await held(world)
        by_hand(world, paid, "5.00017")
        assert "5.00017 of 125.40" in await retried(world, paid, override=override)
        assert world.city.orders == []

    @pytest.mark.parametrize("override", [False, True])
    async def test_at_another_counter(self, override):
        world = await town()
        paid = await held(world)
        by_hand(world, paid, "3.00001")
        assert "3.00001" in await retried(world, paid, override=override)
        assert world.city.orders == []

    async def test_named_as_another_s_it_is_passed_over(self):
        world = await town()
        paid = await held(world)
        by_hand(world, paid, "5.00017")
        by_hand(world, paid, "5.00018")
        assert "5.00018" in await retried(world, paid, others=["5.00017"])
        assert await retried(world, paid, others=["5.00018", "5.00017"]) is None
        assert live(world, paid) == 1

    async def test_one_that_was_there_before_it_arrived_is_not_it(self):
        world = await town()
        other = message()
        world.clock.advance(-2 * DAY)
        by_hand(world, other, "5.00000")
        world.clock.advance(2 * DAY)
        paid = await held(world)
        assert await retried(world, paid) is None

    async def test_nor_one_numbered_below_what_was_posted_before(self):
        """Of the same day and cents, in our own number group."""
        world = await town(earlier=0)
        by_hand(world, message(), "5.00000")
        await world.set_up(applications=VENMO)
        world.clock.advance(MINUTE)
        await world.deliver(small(tender="VENMO"))
        world.clock.advance(MINUTE)
        await world.set_up()
        paid = await held(world)
        assert await retried(world, paid) is None

    async def test_nor_another_payment_of_ours(self):
        world = await town()
        paid = await held(world)
        await world.deliver(message())
        assert await retried(world, paid) is None

    async def test_nor_one_that_the_clerk_voided_again(self):
        world = await town()
        paid = await held(world)
        by_hand(world, paid, "5.00017", live=False, voided=True)
        assert await retried(world, paid) is None

    async def test_of_other_cents_is_not_it(self):
        world = await town()
        paid = await held(world)
        by_hand(world, paid, "5.00017", amount=Money(1))
        assert await retried(world, paid) is None

    async def test_what_was_refused_and_let_go_hours_later_is_looked_for(self):
        """The code is known to come before any effect; a clerk has hands all the same."""
        world = await town()
        await world.gates.prove("2493", "customer_unknown")
        paid = message()
        world.city.next(REFUSED)
        await world.deliver(paid)
        world.clock.advance(HOUR)
        await commit_late(world, paid)
        assert "resolve it as posted" in await retried(world, paid, override=True)

    async def test_where_nobody_can_be_asked_the_person_was_asked(self):
        world = await town()
        paid = message(tender="VENMO")
        await world.set_up(**OLD)
        await world.deliver(paid)
        world.clock.advance(HOUR)
        await world.set_up(**OLD, applications=VENMO)
        silent = Decision(SAID.by, SAID.why)
        with pytest.raises(NotAllowed, match="entered it by hand"):
            await person(world).retry(key_of(paid), silent, override=True)
        assert await retried(world, paid) is None
        steps = (await person(world).show(key_of(paid))).steps
        kept = [row.values for (_, name), row in world.store.rows.items() if name.startswith(f"E~{key_of(paid)}")]
        assert any(each.get("not_by_hand") for each in kept)
        assert [step.by for step in steps].count(SAID.by) == 1

    async def test_let_go_and_paused_for_an_hour_it_is_asked_about_once_more(self):
        world = await town()
        paid = await held(world)
        await world.set_up(applications=VENMO, paused={"reason": "maintenance"})
        await person(world).retry(key_of(paid), SAID)
        await world.pass_time(HOUR)
        await commit_late(world, paid)
        await world.set_up(applications=VENMO)
        await world.pass_time(30 * MINUTE)
        assert ((await world.entry(paid)).state, live(world, paid)) == (State.POSTED, 1)


@pytest.mark.parametrize("override", [False, True])
async def test_two_live_receipts_with_our_reference_are_never_three(override):
    """s9."""
    world = await town()
    paid = message()

    async def made_twice(order):
        world.city.make(order)
        world.city.make(order)
        return Ambiguous("ReadTimeout")

    world.city.script = [made_twice]
    await world.deliver(paid)
    await world.pass_time(30 * MINUTE)
    assert (await world.entry(paid)).reason == "several_receipts"
    refused = await retried(world, paid, override=override)
    assert "5.00002" in refused
    assert "5.00003" in refused
    assert live(world, paid) == 2


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("amount", [1, 99999])
async def test_nor_one_of_other_cents(override, amount):
    world = await town()
    paid = await held(world)
    by_hand(world, paid, "5.00017", reference=paid["confirmationNumber"], amount=Money(amount))
    assert "amount_differs" in await retried(world, paid, override=override)
    assert world.city.orders == []


class TestResolving:
    async def in_doubt(self, **biller):
        world = await town(**biller)
        return world, await lose(world, message(), made=False)

    @pytest.mark.parametrize("override", [False, True])
    @pytest.mark.parametrize(
        ("made", "says"),
        [
            (None, "shows no receipt 5.00017"),
            ({"live": False, "voided": True}, "shows receipt 5.00017 as void"),
            ({"amount": Money(1)}, "is of 0.01"),
        ],
    )
    async def test_caselle_s_word_goes_before_the_person_s(self, made, says, override):
        world, paid = await self.in_doubt()
        if made is not None:
            by_hand(world, paid, "5.00017", **made)
        with pytest.raises(NotAllowed, match=says):
            await person(world).resolve.posted(key_of(paid), "5.00017", SAID, override=override)
        assert (await world.entry(paid)).state is State.UNKNOWN

    @pytest.mark.parametrize("override", [False, True])
    async def test_another_payment_s_is_never_taken(self, override):
        world, paid = await self.in_doubt()
        other = message()
        by_hand(world, paid, "5.00017", reference=other["confirmationNumber"])
        await world.set_up(mode="draft")
        await world.deliver(other)
        await world.set_up()
        with pytest.raises(NotAllowed, match=f"has the confirmation number of {key_of(other)}"):
            await person(world).resolve.posted(key_of(paid), "5.00017", SAID, override=override)

    @pytest.mark.parametrize("reference", [None, "ours", "a clerk's words"])
    async def test_its_own_or_no_reference_is_fine(self, reference):
        world, paid = await self.in_doubt()
        by_hand(world, paid, "5.00017", reference=paid["confirmationNumber"] if reference == "ours" else reference)
        await person(world).resolve.posted(key_of(paid), "5.00017", SAID)
        assert (await world.entry(paid)).receipt_number == "5.00017"

    @pytest.mark.parametrize("biller", [OLD, {}], ids=["no list", "no answer"])
    async def test_where_caselle_cannot_be_asked_the_person_has_seen_it(self, biller):
        world, paid = await self.in_doubt(**biller)
        world.city.up = False
        with pytest.raises(NotAllowed, match="say so with --override"):
            await person(world).resolve.posted(key_of(paid), "5.00017", SAID)
        await person(world).resolve.posted(key_of(paid), "5.00017", SAID, override=True)
        assert (await world.entry(paid)).state is State.POSTED

    async def test_a_wrong_posted_is_put_right(self):
        """The number is free again, what was told is told anew, and posted again it counts once."""
        world, paid = await self.in_doubt()
        by_hand(world, paid, "5.00017")
        admin = person(world)
        await admin.resolve.posted(key_of(paid), "5.00017", SAID)
        await world.pass_time(MINUTE)
        assert len(listed_as_posted(world, paid)) == 1
        await admin.resolve.reopen(key_of(paid), SAID)
        await world.pass_time(MINUTE)
        assert [(str(each.outcome), each.final) for each in told(world, paid)][-2:] == [
            ("posted", True),
            ("held", False),
        ]
        versions = [each.version for each in told(world, paid)]
        assert versions == sorted(set(versions))
        entry = await world.entry(paid)
        assert (entry.state, entry.reason, entry.receipt_number) == (State.HELD, "reopened", None)
        assert await world.ledger.receipt_owner("2493", "5.00017") is None
        assert listed_as_posted(world, paid) == []
        by_hand(world, paid, "5.00018")
        await admin.resolve.posted(key_of(paid), "5.00018", SAID)
        await world.pass_time(MINUTE)
        assert (await world.entry(paid)).receipt_number == "5.00018"
        assert len(listed_as_posted(world, paid)) == 1

    async def test_the_number_that_was_taken_wrongly_goes_to_whom_it_belongs(self):
        world, paid = await self.in_doubt()
        await world.deliver(other := message(tender="VENMO"))
        by_hand(world, paid, "5.00017")
        admin = person(world)
        await admin.resolve.posted(key_of(paid), "5.00017", SAID)
        with pytest.raises(NotAllowed, match="belongs to"):
            await admin.resolve.posted(key_of(other), "5.00017", SAID)
        await admin.resolve.reopen(key_of(paid), SAID)
        await admin.resolve.posted(key_of(other), "5.00017", SAID)
        assert (await world.entry(other)).state is State.POSTED

    async def test_a_wrong_not_posted_is_put_right_and_sent_by_the_same_proofs(self):
        world, paid = await self.in_doubt()
        world.clock.advance(20 * MINUTE)
        admin = person(world)
        await admin.resolve.not_posted(key_of(paid), SAID)
        await world.pass_time(MINUTE)
        await admin.resolve.reopen(key_of(paid), SAID)
        await world.pass_time(MINUTE)
        assert [str(each.outcome) for each in told(world, paid)][-2:] == ["not_posted", "held"]
        await go_on(world, 2 * HOUR)
        assert await retried(world, paid) is None
        assert ((await world.entry(paid)).state, live(world, paid)) == (State.POSTED, 1)

    async def test_what_was_there_after_all_is_found_once_it_is_reopened(self):
        world = await town()
        paid = await lose(world, message(), made=True)
        world.city.up = False
        world.clock.advance(20 * MINUTE)
        await person(world).resolve.not_posted(key_of(paid), SAID)
        world.city.up = True
        await person(world).resolve.reopen(key_of(paid), SAID)
        await world.pass_time(13 * HOUR, step=10 * MINUTE)
        assert ((await world.entry(paid)).state, live(world, paid)) == (State.POSTED, 1)

    async def test_what_the_machine_concluded_is_not_reopened(self):
        world = await town()
        await world.deliver(paid := message())
        with pytest.raises(NotAllowed, match="not by a person's word"):
            await person(world).resolve.reopen(key_of(paid), SAID)

    async def test_a_receipt_that_is_posted_again_counts_once(self):
        """Caselle lost it, from a copy of the day before; a person let it go by proof."""
        world = await town()
        paid = message()
        await world.deliver(paid)
        world.city.receipts_made.pop()
        world.clock.advance(20 * MINUTE)
        await world.deliver(small())
        admin = person(world)
        with pytest.raises(NotAllowed, match="once more after"):
            await admin.retry(key_of(paid), SAID)
        world.clock.advance(40 * MINUTE)
        await admin.retry(key_of(paid), SAID)
        assert listed_as_posted(world, paid) == []
        await world.pass_time(5 * MINUTE)
        assert (len(listed_as_posted(world, paid)), live(world, paid)) == (1, 1)


class TestAWayOut:
    """s15: nothing waits for ever without a command that ends it."""

    async def test_of_a_reject_whose_payment_never_comes(self):
        world = await town()
        back = reject(message())
        await world.undo(back)
        await world.pass_time(2 * DAY, step=HOUR)
        assert (await world.entry(back)).state is State.WAITING
        await person(world).resolve.not_posted(key_of(back), SAID)
        await world.pass_time(HOUR)
        assert (str(told(world, back)[-1].outcome), told(world, back)[-1].final) == ("not_posted", True)
        assert world.keys("O~") == []

    async def test_or_that_somebody_undid(self):
        world = await town()
        back = reversal(message(), "refund")
        await world.undo(back)
        await world.drain()
        await person(world).resolve.posted(key_of(back), None, SAID)
        await world.pass_time(HOUR)
        assert str(told(world, back)[-1].outcome) == "reversed"

    @pytest.mark.parametrize("days", [0, 30])
    async def test_of_an_unknown_one_of_a_city_that_never_answers_again(self, days):
        world = await town()
        paid = await lose(world, message(), made=False)
        world.city.up = False
        await world.pass_time(HOUR)
        await world.pass_time(days * DAY, step=HOUR)
        await person(world).resolve.not_posted(key_of(paid), SAID)
        await world.pass_time(HOUR)
        assert (str(told(world, paid)[-1].outcome), world.keys("O~")) == ("not_posted", [])

    async def test_which_may_be_sent_on_a_person_s_word(self):
        world = await town()
        paid = await lose(world, message(), made=False)
        world.city.up = False
        await world.pass_time(HOUR)
        assert "proves nothing" in await retried(world, paid)
        world.city.up = True
        assert await retried(world, paid, override=True) is None
        await world.pass_time(HOUR)
        assert ((await world.entry(paid)).state, live(world, paid)) == (State.POSTED, 1)

    async def test_a_doubt_that_was_told_is_still_asked_about(self):
        world = await town()
        paid = await lose(world, message(), made=False)
        await world.pass_time(21 * HOUR, step=20 * MINUTE)
        entry = await world.entry(paid)
        assert (entry.state, entry.reason, entry.wait) == (State.HELD, "absence_not_provable", Wait.ASK)
        assert [key for key in world.keys("O~") if paid["paymentId"] in key]
        await commit_late(world, paid)
        await world.pass_time(DAY, step=20 * MINUTE)
        assert ((await world.entry(paid)).state, world.keys("O~"), twice(world)) == (State.POSTED, [], [])

    async def test_a_clerk_s_own_receipt_never_ends_a_doubt_by_itself(self):
        world = await town()
        paid = await lose(world, message(), made=False)
        await world.pass_time(21 * HOUR, step=20 * MINUTE)
        at_the_counter(world, "1.00001", 12540)
        await world.pass_time(DAY, step=20 * MINUTE)
        assert (await world.entry(paid)).state is State.HELD
