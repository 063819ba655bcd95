"""The steps of ``docs/region-lost.md`` for whole cities, in virtual time: busy or quiet, with a list of receipts or without.

Something is in flight at the loss, some is in doubt, some waits; Invoice Cloud has not read the last results. In the end
the region that was lost comes back as it was.
"""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from shared.billers.homecoming import Homecoming
from shared.ledger.answer import Ambiguous, NotSent
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from shared.repair.take_back import TakeBack
from shared.repair.witness import read
from shared.vocabulary.errors import Unavailable
from tests.beliefs.scenes import DAY, HOUR, MINUTE, live, small, town
from tests.billers.test_homecoming import HERE, Others
from tests.payments.world import World, key_of, message, reject
from tests.repair.world import SAID, person

LOST = Ambiguous("ReadTimeout")
LISTED = {"rejectStrategy": "void"}
UNLISTED = {"rejectStrategy": "manual", "connectVersion": "2024.05"}
WENT_LIVE = "2026-11-01T00:00:00-07:00"
UNREAD = 3
"""Results that lay in the queue of the lost region."""


class City:
    """One city, the region that posts for it until the loss, and what Invoice Cloud enqueued and read."""

    def __init__(self, west, biller):
        self.west, self.east, self.biller = west, None, biller
        self.sent, self.paid, self.back, self.read = [], [], [], []

    @property
    def city(self):
        return self.west.city

    async def pays(self, fields=None):
        number = len(self.paid) + 2
        fields = fields or small(f"{number}.00", paidAt=self.west.clock.now().isoformat())
        self.paid.append(fields)
        await self.enqueued(fields)
        return fields

    async def returns(self, paid):
        self.back.append(reject(paid))
        await self.enqueued(self.back[-1])

    async def enqueued(self, fields):
        self.sent.append(fields)
        await delivered(self.west, fields)

    async def goes_on(self, number, apart):
        """Some answers are lost, with their receipts made or not; some payments go back."""
        for each in range(number):
            if each % 7 == 6:
                self.city.next(LOST, made=each % 2 == 0)
            paid = await self.pays()
            if each % 5 == 4:
                await self.returns(paid)
            await self.west.pass_time(apart, step=min(apart, 20 * MINUTE))

    async def at_the_loss(self):
        """Posted and untold, in doubt with and without a receipt, returned while in doubt, never tried, held."""
        for made in (True, False):
            self.city.next(LOST, made=made)
            await self.returns(await self.pays())
        self.city.next(LOST, made=True)
        await self.pays()
        self.city.next(NotSent("ConnectError"))
        await self.pays()
        self.held = message(tender="VENMO", paidAt=self.west.clock.now().isoformat())
        await self.enqueued(self.held)
        for _ in range(UNREAD):
            await self.pays()
        states = {(await self.west.entry(each)).state for each in [*self.paid, *self.back]}
        doubt = State.HELD if self.biller is UNLISTED else State.UNKNOWN
        assert states >= {State.POSTED, doubt, State.RECEIVED, State.WAITING}
        self.read = self.west.results[:-UNREAD]

    async def taken_over(self):
        """Steps 3 to 7: the record as a draft in recovery, what Invoice Cloud was told, live again; one goes first."""
        self.west.clock.advance(MINUTE)
        self.east = World(clock=self.west.clock)
        self.east.city = self.city
        self.east.app = self.east.process()
        lost_at = self.west.clock.now()
        self.west.clock.advance(HOUR)
        record = self.biller | {"recoverBefore": lost_at.isoformat(), "goLiveAt": WENT_LIVE}
        await self.east.set_up(mode="draft", **record)
        found = read([each.model_dump_json(by_alias=True).encode() for each in self.read])
        assert found.wrong == []
        take_back = TakeBack(self.east.store, self.east.ledger)
        for told in found.final():
            await take_back(told, lost_at, SAID)
        await self.east.gates.resume("2493")
        await self.east.set_up(**record)

    async def enqueued_again(self):
        """Step 8: whatever has no final result."""
        final = {result.id for result in self.read if result.final}
        for each in self.sent:
            if key_of(each).id not in final:
                await delivered(self.east, each)

    async def recovers(self, seconds, every):
        """Payments come as they always did."""
        for _ in range(int(seconds // every)):
            await self.east.pass_time(every, step=min(every, 20 * MINUTE))
            await self.east.deliver(small(paidAt=self.east.clock.now().isoformat()))
            await self.east.drain()

    async def states(self, *fields):
        return Counter([str((await self.east.entry(each)).state) for each in fields])

    def told(self, fields):
        """The last word that Invoice Cloud has of it."""
        return max(
            (each for each in [*self.read, *self.east.results] if each.id == key_of(fields).id),
            key=lambda result: result.version,
        )

    def receipts(self, fields):
        return [each for _, each in self.city.receipts_made if each.reference == fields["confirmationNumber"]]

    async def is_whole(self):
        """Each payment has one receipt, void where it went back; Invoice Cloud knows; only one is held, for its cause."""
        returned = {each["paymentId"] for each in self.back}
        assert [each for each in self.paid if len(self.receipts(each)) != 1] == []
        assert [each for each in self.paid if live(self.west, each) != (each["paymentId"] not in returned)] == []
        assert [each for each in self.paid if not self.told(each).final] == []
        assert {str(self.told(each).outcome) for each in self.back} == {"reversed"}
        assert max(Counter(self.city.voids).values(), default=0) <= 1
        [held] = self.east.keys("H~")
        assert self.held["paymentId"] in held
        assert (await self.east.entry(self.held)).reason == "unknown_tender"
        assert self.receipts(self.held) == []

    async def comes_back(self, claims):
        """The old region, with its ledger and its queues as they were."""
        done = (len(self.city.orders), list(self.city.voids))
        await Homecoming(self.west.billers, Others(eastus2=claims), HERE)(timedelta(days=1))
        for each in self.sent[-5:]:
            await delivered(self.west, each)
        await self.west.pass_time(DAY, step=HOUR)
        assert (len(self.city.orders), self.city.voids) == done
        assert (await self.west.billers.get("2493")).paused.reason.startswith("stamp_was_away")


async def delivered(world, fields):
    await (world.undo(fields) if "rejectId" in fields else world.deliver(fields))
    await world.drain()


async def before_the_loss(number, apart, biller):
    city = City(await town(goLiveAt=WENT_LIVE, **biller), biller)
    await city.goes_on(number, apart)
    await city.at_the_loss()
    return city


@pytest.mark.parametrize("claims", [{"2493"}, Unavailable("stamp eastus2: ConnectTimeout")], ids=["claimed", "silent"])
@pytest.mark.parametrize(
    ("number", "apart", "settled"),
    [(60, 3 * MINUTE, 6 * HOUR), (10, 8 * HOUR, 4 * DAY)],
    ids=["300 a day", "3 a day"],
)
async def test_every_payment_is_posted_once_and_none_is_held_without_cause(number, apart, settled, claims):
    city = await before_the_loss(number, apart, LISTED)
    await city.taken_over()
    await city.enqueued_again()
    await city.recovers(settled, max(apart, 10 * MINUTE))
    await city.is_whole()
    await city.comes_back(claims)
    await city.is_whole()


async def test_what_came_before_the_biller_was_live_again_is_let_go_by_its_cause():
    """Invoice Cloud enqueued before it was asked to."""
    city = await before_the_loss(20, 3 * MINUTE, LISTED)
    final = {result.id for result in city.read if result.final}
    early = [each for each in city.paid if key_of(each).id not in final]
    await city.taken_over()
    await city.east.set_up(**city.biller, mode="draft", recoverBefore=(await recovering(city)), goLiveAt=WENT_LIVE)
    for each in early:
        await delivered(city.east, each)
    assert await city.states(*early) == {"held": len(early)}
    await city.east.set_up(**city.biller, recoverBefore=(await recovering(city)), goLiveAt=WENT_LIVE)
    await city.enqueued_again()
    for _ in range(2):  # what is there ends by itself; what is not goes once that was shown twice
        for each in early:
            with suppress(NotAllowed):
                await person(city.east).retry(key_of(each), SAID)
        await city.recovers(3 * HOUR, 10 * MINUTE)
    await city.is_whole()


async def recovering(city):
    return (await city.east.billers.get("2493")).recover_before.isoformat()


async def test_without_a_list_only_what_no_final_result_speaks_of_is_held_until_the_city_says():
    city = await before_the_loss(30, 3 * MINUTE, UNLISTED)
    admin = person(city.west)
    for each in city.back:  # the clerk voids what goes back, as far as it is known to be there
        if (await city.west.entry(each)).state is State.HELD:
            city.city.void(city.receipts({"confirmationNumber": number_of(city, each)})[0].receipt_number)
            await admin.resolve.posted(key_of(each), None, SAID)
    await city.west.pass_time(5 * MINUTE)
    city.read = city.west.results[:-UNREAD]
    open_ = [each for each in city.paid if not any(r.id == key_of(each).id and r.final for r in city.read)]
    orders = len(city.city.orders)
    await city.taken_over()
    await city.enqueued_again()
    await city.recovers(2 * HOUR, 10 * MINUTE)
    sent = city.city.orders[orders:]
    assert not {each.reference for each in sent} & {each["confirmationNumber"] for each in city.paid}
    held = [each for each in city.paid if (await city.east.entry(each)).state is State.HELD]
    assert held == open_
    assert {(await city.east.entry(each)).reason for each in held} == {"outcome_unknown"}
    admin = person(city.east)
    for each in held:
        if found := city.receipts(each):
            await admin.resolve.posted(key_of(each), found[0].receipt_number, SAID, override=True)
        else:
            await admin.retry(key_of(each), SAID, override=True)
    await city.recovers(HOUR, 10 * MINUTE)
    assert [each for each in city.paid if len(city.receipts(each)) != 1] == []
    assert [each for each in city.paid if not city.told(each).final] == []


def number_of(city, back):
    return next(each["confirmationNumber"] for each in city.paid if each["paymentId"] == back["paymentId"])
