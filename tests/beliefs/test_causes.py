"""That one wrong code is the whole city's fault, and that the workspace is to blame for what nobody can explain."""

import json
from collections import Counter
from itertools import count

import pytest

from shared.caselle import create_receipt
from shared.caselle.protocol import read
from shared.ledger.answer import Ambiguous, Refused, Scope
from shared.ledger.entry import State
from shared.ledger.gates import Gates
from tests.beliefs.scenes import DAY, HOUR, MINUTE, ended, go_on, small, town
from tests.payments.world import key_of
from tests.repair.world import SAID, person

TWO = {
    "AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}},
    "UM": {"categoryCode": "1", "distributionCode": "101", "paymentCodes": {"ACH": "7", "CC": "8"}},
}
EARLY = "2026-11-10T12:00:00-08:00"
CLOSED = Refused("period_closed", Scope.ENTRY)

_traces = count(1)


async def two_applications(**biller):
    """All four channels have been used before."""
    world = await town(earlier=0, applications=TWO, **biller)
    for application in ("AR", "UM"):
        for tender in ("ACH", "CC"):
            await world.proven(application=application, tender=tender)
    return world


async def gate_of(world):
    """As it lies in the table."""
    return await Gates(world.store, world.clock, world.times).look("2493")


async def states(world, *paid):
    return [(await world.entry(each)).state for each in paid]


class TestOneChannel:
    @pytest.mark.parametrize(
        ("refusal", "stops", "others"),
        [
            (Refused("payment_code_unknown", Scope.CHANNEL), "AR/CC", [("AR", "ACH"), ("UM", "CC"), ("UM", "ACH")]),
            (Refused("category_unknown", Scope.APPLICATION), "AR", [("UM", "CC"), ("UM", "ACH")]),
            (Refused("distribution_unknown", Scope.APPLICATION), "AR", [("UM", "CC"), ("UM", "ACH")]),
        ],
        ids=lambda each: getattr(each, "code", None),
    )
    async def test_a_wrong_code_stops_what_it_is_of(self, refusal, stops, others):
        world = await two_applications()
        world.city.next(refusal)
        await world.deliver(first := small(tender="CC"))
        await world.pass_time(MINUTE)
        await world.deliver(second := small(tender="CC"))
        going = [small(application=application, tender=tender) for application, tender in others]
        for each in going:
            await world.deliver(each)
        await go_on(world, HOUR, application="UM")
        assert await states(world, *going) == [State.POSTED] * len(going)
        assert (await gate_of(world)).stops == (f"{stops} {refusal.code}",)
        assert await states(world, second) == [State.RECEIVED]
        assert (await world.entry(second)).reason == refusal.code
        await world.gates.unblock("2493")
        assert (await gate_of(world)).stops == ()
        await go_on(world, 2 * HOUR)
        assert await states(world, first, second) == [State.POSTED] * 2
        assert world.city.doubled() == 0

    async def test_a_licence_stops_them_all(self):
        world = await two_applications()
        world.city.next(Refused("licence_missing", Scope.BILLER))
        for tender in ("CC", "ACH"):
            await world.deliver(small(tender=tender))
        waits = small(application="UM")
        await world.deliver(waits)
        await world.pass_time(2 * HOUR)
        assert ((await gate_of(world)).blocked, await states(world, waits)) == ("licence_missing", [State.RECEIVED])
        assert (await gate_of(world)).blocked_until is None, "only a person ends it"


class TestOneDate:
    async def refused(self, times, **changes):
        world = await two_applications()
        await world.proven(paidAt="2026-11-09T12:00:00-08:00")
        paid = [small(paidAt=EARLY, **changes) for _ in range(times)]
        for each in paid:
            world.city.next(CLOSED)
            await world.deliver(each)
        assert await states(world, *paid) == [State.HELD] * times
        return world, paid

    async def test_three_refusals_in_a_row_stop_that_date_alone(self):
        world, _ = await self.refused(3)
        sent = len(world.city.orders)
        await world.deliver(fourth := small(paidAt=EARLY))
        await world.deliver(other := small())
        assert await states(world, fourth, other) == [State.RECEIVED, State.POSTED]
        assert (await world.entry(fourth)).reason == "period_closed"
        assert len(world.city.orders) == sent + 1
        assert (await gate_of(world)).stops == ("2026-11-10 period_closed",)

    async def test_of_any_application_and_tender(self):
        world, _ = await self.refused(3)
        await world.deliver(fourth := small(paidAt=EARLY, application="UM", tender="CC"))
        assert await states(world, fourth) == [State.RECEIVED]

    async def test_two_do_not(self):
        world, _ = await self.refused(2)
        await world.deliver(third := small(paidAt=EARLY))
        assert (await states(world, third), (await gate_of(world)).stops) == ([State.POSTED], ())

    async def test_nor_three_with_a_success_between(self):
        world, _ = await self.refused(2)
        await world.deliver(small(paidAt=EARLY))
        world.city.next(CLOSED)
        await world.deliver(small(paidAt=EARLY))
        assert (await gate_of(world)).stops == ()

    async def test_nor_three_of_three_dates(self):
        world = await two_applications()
        for day in (10, 11, 12):
            world.city.next(CLOSED)
            await world.deliver(small(paidAt=f"2026-11-{day}T12:00:00-08:00"))
        assert (await gate_of(world)).stops == ()

    async def test_dated_anew_what_waits_goes_on_and_what_was_held_is_let_go(self):
        world, held = await self.refused(3)
        await world.deliver(waits := small(paidAt=EARLY))
        await world.set_up(applications=TWO, redated={"2026-11-10": "2026-11-12"})
        await world.gates.allow_date("2493", "2026-11-10")
        await go_on(world, 2 * HOUR)
        assert await states(world, waits, *held) == [State.POSTED, *[State.HELD] * 3]
        admin = person(world)
        for each in held:
            await admin.retry(key_of(each), SAID)
        await world.pass_time(10 * MINUTE)
        assert await states(world, *held) == [State.POSTED] * 3
        references = {each["confirmationNumber"] for each in (waits, *held)}
        days = {str(day) for day, each in world.city.receipts_made if each.reference in references}
        assert (days, world.city.doubled()) == ({"2026-11-12"}, 0)


def unexplained(words="An error has occurred.", *, code="SOME_ERROR", data=True, made=False):
    """An answer of a real server, read by the real reader."""

    def reaction(world):
        async def react(order):
            if made:
                world.city.make(order)
            error = {"message": words.format(next(_traces)), "extensions": {"code": code}}
            if data:
                error["path"] = ["create_receipt"]
            answered = {"errors": [error], **({"data": {"create_receipt": None}} if data else {})}
            return create_receipt.answer(read(200, json.dumps(answered).encode()))

        return react

    return reaction


UNEXPLAINED = {
    "same words": unexplained(),
    "a trace in it": unexplained("An error has occurred. Trace 00-{:032x}"),
    "no data": unexplained("Unexpected Execution Error {}", code="INTERNAL", data=False),
    "our own document": unexplained("Variable $input got an invalid value {}", code="BAD_USER_INPUT", data=False),
}


class TestWhatNobodyCanExplain:
    @pytest.mark.parametrize("answer", UNEXPLAINED.values(), ids=UNEXPLAINED)
    async def test_two_in_a_row_block_whatever_varies_in_them(self, answer):
        """s10: and half an hour later one tries whether it is over."""
        world = await town()
        world.city.script = [answer(world)] * 500
        paid = [small() for _ in range(60)]
        for each in paid:
            await world.deliver(each)
        await world.pass_time(25 * MINUTE)
        assert (await gate_of(world)).blocked
        assert len(world.city.orders) == 2
        await world.pass_time(DAY, step=10 * MINUTE)
        assert len(world.city.orders) == 3, "the second block waits for a person"
        assert (await gate_of(world)).blocked_until is None
        world.city.script = []
        await world.gates.unblock("2493")
        await go_on(world, 4 * HOUR)
        counted = Counter(await states(world, *paid))
        assert counted[State.POSTED] >= 57
        assert world.city.doubled() == 0

    async def test_the_machine_goes_on_by_itself_when_the_trial_is_accepted(self):
        world = await town()
        world.city.script = [UNEXPLAINED["same words"](world)] * 2
        paid = [small() for _ in range(30)]
        for each in paid:
            await world.deliver(each)
        await world.pass_time(25 * MINUTE)
        assert len(world.city.receipts_made) == 1
        await go_on(world, 4 * HOUR)
        assert ((await gate_of(world)).blocked, set(await states(world, *paid))) == (None, {State.POSTED})

    async def test_of_the_trial_one_goes_alone(self):
        world = await town()
        world.city.script = [UNEXPLAINED["same words"](world)] * 2
        paid = [small() for _ in range(30)]
        for each in paid:
            await world.deliver(each)
        await world.pass_time(29 * MINUTE)
        busy, most = 0, 0

        async def watched(order):
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            busy -= 1
            return Ambiguous("unlisted_error", unlisted="unlisted_error")

        world.city.script = [watched] * 30
        sent = len(world.city.orders)
        await world.pass_time(HOUR)
        assert (len(world.city.orders) - sent, most) == (1, 1)

    async def test_one_success_between_two_is_enough(self):
        world = await town()
        for answer in (UNEXPLAINED["same words"], None, UNEXPLAINED["same words"]):
            if answer:
                world.city.script = [answer(world)]
            await world.deliver(small())
            await world.pass_time(10 * MINUTE)
        assert (await gate_of(world)).blocked is None

    async def test_a_trial_after_a_block_that_was_over_is_the_machine_s_again(self):
        """Blocked, tried, accepted; weeks later two more: that is a first block once more."""
        world = await town()
        for _ in range(2):
            world.city.script = [UNEXPLAINED["same words"](world)] * 2
            for _ in range(3):
                await world.deliver(small())
                await world.pass_time(MINUTE)
            assert (await gate_of(world)).blocked_until is not None
            await go_on(world, 3 * HOUR)
            assert (await gate_of(world)).blocked is None

    @pytest.mark.parametrize("made", [True, False])
    async def test_the_workspace_is_suspected_only_where_no_receipt_was_made(self, made):
        world = await town()
        answer = unexplained(made=made)
        world.city.script = [answer(world)] * 2
        for _ in range(2):
            await world.deliver(small())
            await world.pass_time(30)
        await world.pass_time(20 * MINUTE)
        assert (await gate_of(world)).blocked == ("unlisted_error" if made else "suspected_workspace")

    async def test_the_suspicion_ends_with_the_receipt_that_is_found(self):
        world = await town()
        paid = small()
        world.city.next(Ambiguous("ReadTimeout"), made=True)
        await world.deliver(paid)
        await world.gates.block("2493", "suspected_workspace")
        await world.pass_time(10 * MINUTE)
        assert await ended(world, paid) == (State.POSTED, 1)
        assert (await gate_of(world)).blocked == "unlisted_error"

    async def test_another_block_keeps_its_name(self):
        world = await town()
        world.city.next(Ambiguous("ReadTimeout"), made=True)
        await world.deliver(small())
        await world.gates.block("2493", "licence_missing")
        await world.pass_time(10 * MINUTE)
        assert (await gate_of(world)).blocked == "licence_missing"

    async def test_unblocking_ends_stops_dates_and_suspicions_at_once(self):
        world = await town()
        for what, code in (
            (None, "licence_missing"),
            ("AR/CC", "payment_code_unknown"),
            ("2026-11-10", "period_closed"),
        ):
            await world.gates.stop("2493", what, code)
        await world.gates.refused_date("2493", "2026-11-11", "period_closed")
        await world.gates.unblock("2493")
        gate = await gate_of(world)
        assert (gate.blocked, gate.stops, gate.dates, gate.unlisted, gate.tried) == (None, (), (), None, False)
        assert gate.channels == ("AR/ACH",), "what was accepted here is remembered"
