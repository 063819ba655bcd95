"""What clerks do beside typing in, and what those do who let held entries go or finish them."""

import asyncio
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Final

from shared.ledger import rows
from shared.ledger.entry import Key, Kind, State
from shared.ledger.store import Row, Values
from shared.repair.decision import Decision
from shared.vocabulary.errors import CaselleError
from tests.fakes.faulty_ledger import Crash
from tests.faults.auditor import OPEN
from tests.faults.books import Made
from tests.faults.catalogue import CATALOGUE
from tests.faults.city import City
from tests.faults.errand import ERRAND
from tests.faults.fate import Call
from tests.faults.habit import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.faults.weather import Storm
    from tests.faults.world import World

SAID: Final = Decision("object-id-7", "the city's books were looked at", not_by_hand=True)
"""What everybody says, also whoever does not know that the clerk typed it in."""
UNSAID: Final = Decision("object-id-8", "the cause is mended")
"""Of somebody who says nothing about the counter before they are asked."""
TRIES: Final = 4
_AGAIN: Final = 12 * MINUTE
"""After which a person repeats a retry that needed a second look."""
_WITH_REFERENCE: Final = 0.25
_LATEST_VOID: Final = 13 * MINUTE


async def retried(world: "World", key: Key, said: Decision, *, override: bool = False, tries: int = TRIES) -> bool:
    """Whether a person's retry was let through, by one of several tries."""
    for number in range(tries):
        if number:
            await asyncio.sleep(_AGAIN)
        if said.not_by_hand:
            world.auditor.swears(str(key))
        with suppress(CaselleError, Crash):
            await world.instances[0].app.retry(key, said, override=override)
            world.note("person", f"retries {key}")
            return True
    return False


async def resolved(world: "World", key: Key, number: str | None) -> None:
    """A person says that it is done, under that receipt; of what Caselle cannot be asked about they vouch for it."""
    world.note("person", f"resolves {key} as {number}")
    with suppress(CaselleError, Crash):
        await world.instances[0].app.resolve.posted(key, number, SAID, override=True)


async def passes(world: "World", storm: "Storm", dice: Random, between: tuple[float, float]) -> bool:
    """Some minutes, in a town hours; False where the storm is over by then."""
    pause = dice.uniform(*between) * (MINUTE if world.plan.town() is None else HOUR)
    if not storm.blows(world.loop.time() + pause):
        return False
    await asyncio.sleep(pause)
    return world.weather.blows(storm.fault.id)


async def makes_anew(world: "World") -> None:
    """M5: of what is posted or told as held, and nobody undoes at this moment; some payments are then retried."""
    storm, dice = world.weather.storm("M5"), world.plan.dice("M5")
    while storm is not None and await passes(world, storm, dice, (1, 4)):
        for number in sorted(storm.billers):
            city = world.cities[f"city{number}"]
            if found := [made for made in city.receipts if _may_be_made_anew(world, made)]:
                await _make_anew(world, city, dice.choice(found), dice)


def _may_be_made_anew(world: "World", made: Made) -> bool:
    if not made.live or made.user != "web service":
        return False
    state = state_row(world, made.key or "").get("state")
    return state in {State.POSTED, State.HELD} and not any(
        each["state"] in OPEN for each in undoing(world, made.key or "")
    )


async def _make_anew(world: "World", city: City, made: Made, dice: Random) -> None:
    world.struck("M5")
    key, posted = made.key or "", state_row(world, made.key or "")["state"] == State.POSTED
    anew = city.made_anew(made, made.reference if dice.random() < _WITH_REFERENCE else None)
    world.note("clerk", f"voids {made.number} of {key}, and makes it anew as {anew.number}")
    if posted and dice.random() < 0.3 and not any(CATALOGUE[fault].lie for fault in world.plan.faults):
        # Nobody's word may send again what is posted.
        ERRAND.set(key)
        await retried(world, rows.key_in(f"H~0~{key}"), SAID, override=True, tries=1)


async def code_missing(world: "World") -> None:
    """M6: what never left is held; some of it the clerk types in, and somebody lets it go once the code is there."""
    storm = world.weather.storm("M6")
    if storm is None:
        return
    whole = {number: world.cities[f"city{number}"].biller.applications for number in sorted(storm.billers)}
    await asyncio.sleep(storm.start)
    for number, applications in whole.items():
        without = {
            name: each.model_copy(
                update={
                    "payment_codes": {tender: code for tender, code in each.payment_codes.items() if tender != "CC"}
                }
            )
            for name, each in applications.items()
        }
        await world.change_biller(number, applications=without)
    town, share = world.plan.town(), world.plan.dice("M6").uniform(0.3, 0.8)
    await asyncio.sleep(share * (world.plan.lasting("M6") if town is None else town.span / 3))
    for number, applications in whole.items():
        await world.change_biller(number, applications=applications)


async def lets_go(world: "World", key: Key, city: City, dice: Random) -> None:
    """Who retries is asked about the counter, asks the clerk, and one in three swears without having asked."""
    world.struck("M6")
    life = world.auditor.chronicle.lives.get(str(key))
    held = state_row(world, str(key)).get("state") == State.HELD and "M6" in world.plan.faults
    if life is not None and held and dice.random() < 0.6 and not city.live(str(key)):
        city.counter_receipt(life.cents, str(key))
        world.note("clerk", f"types in {key}")
        await asyncio.sleep(dice.uniform(0.5, 3) * HOUR)
    if await retried(world, key, UNSAID, tries=1):
        return
    there = city.live(str(key))
    if there and dice.random() < 0.7:
        await mistyped(world, key, city, dice)
        await resolved(world, key, there[0].number)
        return
    await retried(world, key, SAID)


async def mistyped(world: "World", key: Key, city: City, dice: Random) -> None:
    """A person names the receipt beside the right one, of other cents; where Caselle can be asked, it says so."""
    life = world.auditor.chronicle.lives.get(str(key))
    others = [made for made in city.receipts if life is not None and made.live and made.cents != life.cents]
    if others and world.asked(city) and dice.random() < 0.5:
        await resolved(world, key, dice.choice(others[-20:]).number)


async def voids_late(world: "World") -> None:
    """M7: some orders to void a receipt land minutes later, and their answers are lost."""
    dice = world.plan.dice("M7")

    def meet(call: Call) -> None:
        if call.operation == "void_receipt" and world.weather.blows("M7") and dice.random() < 0.4:
            world.struck("M7")
            call.hangs, call.lands_after = True, dice.uniform(0.5 * MINUTE, _LATEST_VOID)

    world.weather.beside.append(meet)


async def finishes(world: "World", key: Key, city: City, dice: Random) -> None:
    """A held reject or reversal: once more by machine, or done in the city's books and written down."""
    world.struck("M7")
    row = state_row(world, str(key))
    payment_key = f"{key.biller}~{Kind.PAYMENT}~{row.get('reverses')}"
    payment = state_row(world, payment_key)
    if dice.random() < 0.4 and await retried(world, key, SAID, tries=2):
        return
    if row.get("state") != State.HELD or payment.get("state") not in {State.POSTED, State.REVERSED}:
        return
    if row["reason"] in {"already_reversed", "more_than_paid"} or payment["state"] == State.REVERSED:
        with suppress(CaselleError, Crash):
            await world.instances[0].app.resolve.not_posted(key, SAID)
        return
    if row["cents"] == payment["cents"]:
        for made in city.live(payment_key):
            city.void(made)
    await resolved(world, key, None)


def state_row(world: "World", key: str) -> Values:
    """The state row of an entry, empty where there is none."""
    found = world.table.rows.get((rows.shard_of(key.partition("~")[0]), f"P~{key}"))
    return found.values if found else {}


def undoing(world: "World", payment: str) -> list[Values]:
    """The rejects and reversals of a payment."""
    biller, _, id_ = payment.split("~", 2)
    found: list[Row] = []
    for kind in (Kind.ACH_REJECT, Kind.REVERSAL):
        found += world.table.between(rows.shard_of(biller), f"P~{biller}~{kind}~", f"P~{biller}~{kind}~\x7f")
    return [row.values for row in found if row.values.get("reverses") == id_]
