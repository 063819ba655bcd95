"""Whatever has not ended has a command that ends it, and the commands that are shown are those that are taken."""

import pytest
import typer

from admin.payments.app import app
from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.repair.decision import NotAllowed
from shared.repair.ways_out import ways_out
from tests.payments.world import World, key_of, message, reject, reversal
from tests.repair.world import SAID, SINCE, by_hand, person, told

STANDS = {"C01", "C05"}
"""Nothing is held: it is told as final at once."""
NOTHING_UNDONE = {"R61", "R70", "R77"}
CODES = ["C01", "C05", "R61", "R70", "R77", "R01", "XYZ"]
TYPES = ["void", "refund", "chargeback", "chargeback_won"]


async def absent(world):
    """A payment that never comes."""
    return message()


async def posted(world):
    paid = message()
    await world.deliver(paid)
    return paid


async def held(world):
    paid = message(tender="VENMO")
    await world.deliver(paid)
    return paid


async def undone(world):
    paid = await posted(world)
    await world.undo(reject(paid))
    await world.drain()
    return paid


async def ended(world):
    paid = await held(world)
    await person(world).resolve.not_posted(key_of(paid), SAID)
    return paid


PAYMENTS = [absent, posted, held, undone, ended]


def ways_of(entry, world):
    return ways_out(entry, world.clock.now())


async def lost(_):
    return Ambiguous("ReadTimeout")


async def drained(world, back):
    await world.undo(back)
    await world.drain()
    return await world.entry(back)


async def is_ended_by(world, fields, way):
    """Type the command; Invoice Cloud is told a final outcome, and nothing of the entry is open or held."""
    key, resolve = key_of(fields), person(world).resolve
    match way.command.split()[-2:]:
        case ["--posted", "RECEIPT"]:
            await resolve.posted(key, by_hand(world, fields), SAID)
        case [*_, "--done"]:
            await resolve.posted(key, None, SAID)
        case [*_, "--not-posted"]:
            await resolve.not_posted(key, SAID)
    await told(world)
    last = [result for result in world.results if result.id == key.id][-1]
    open_or_held = [row for prefix in ("O~", "H~") for row in world.keys(prefix) if row.endswith(f"~{key.id}")]
    return last.final and open_or_held == []


async def each_way_ends_it(scene):
    """Build the scene anew for each of the ways that its entry has, but to send it; how many there were."""
    world, fields = await scene()
    ways = [way for way in ways_of(await world.entry(fields), world) if not way.command.startswith("retry")]
    for number in range(len(ways)):
        world, fields = await scene()
        way = [way for way in ways_of(await world.entry(fields), world) if not way.command.startswith("retry")][number]
        assert await is_ended_by(world, fields, way), way
    return len(ways)


@pytest.mark.parametrize("strategy", ["void", "manual"])
@pytest.mark.parametrize("payment", PAYMENTS)
@pytest.mark.parametrize("code", CODES)
async def test_of_a_reject(code, payment, strategy):
    async def scene():
        world = World()
        await world.set_up(rejectStrategy=strategy)
        back = reject(await payment(world), returnCode=code)
        await drained(world, back)
        return world, back

    world, back = await scene()
    entry, last = await world.entry(back), world.results[-1] if world.results else None
    found = await each_way_ends_it(scene)
    if code in STANDS:
        assert (entry.state, last.final, found) == (State.SKIPPED, True, 0)
    elif code in NOTHING_UNDONE:
        assert (entry.state, entry.reason, found) == (State.HELD, "return_dishonoured", 1)
        with pytest.raises(NotAllowed, match="end it with --not-posted"):
            await person(world).resolve.posted(key_of(back), None, SAID)
    else:
        assert found == (0 if entry.state is State.POSTED else 2)


@pytest.mark.parametrize("strategy", ["void", "manual"])
@pytest.mark.parametrize("payment", PAYMENTS)
@pytest.mark.parametrize("type_", TYPES)
async def test_of_a_reversal(type_, payment, strategy):
    async def scene():
        world = World()
        await world.set_up(rejectStrategy=strategy)
        back = reversal(await payment(world), type_)
        await drained(world, back)
        return world, back

    world, back = await scene()
    entry = await world.entry(back)
    assert await each_way_ends_it(scene) == (0 if entry.state is State.POSTED else 2)


@pytest.mark.parametrize("hours", [0.5, 100])
@pytest.mark.parametrize("make", [reject, reversal])
async def test_of_a_void_whose_answer_was_lost_at_a_city_that_never_answers_again(make, hours):
    async def scene():
        world = World()
        await world.set_up(rejectStrategy="void")
        paid = await posted(world)
        world.city.void_script.append(lost)
        back = make(paid)
        await drained(world, back)
        world.city.up = False
        await world.pass_time(hours * 3600, step=min(600, hours * 360))
        return world, back

    world, back = await scene()
    assert (await world.entry(back)).state in {State.UNKNOWN, State.HELD}
    assert await each_way_ends_it(scene) == 2


async def test_of_what_waits_at_a_city_that_is_gone_for_good():
    """Blocked, paused or without a token, with nobody left who would mend it."""

    async def scene():
        world = World()
        await world.set_up(paused={"reason": "it left"})
        paid = message()
        await world.deliver(paid)
        await world.pass_time(25 * 3600, step=3600)
        return world, paid

    world, paid = await scene()
    assert (await world.entry(paid)).state is State.RECEIVED
    assert await each_way_ends_it(scene) == 2
    assert world.city.orders == []


async def test_nobody_ends_what_another_person_let_go_a_moment_ago():
    """However long it was held before."""
    world = World()
    await world.set_up()
    paid = await held(world)
    world.clock.advance(3 * 86_400)
    await world.set_up(paused={"reason": "year end"})
    await person(world).retry(key_of(paid), SAID)
    assert ways_of(await world.entry(paid), world) == []
    with pytest.raises(NotAllowed, match="It is received"):
        await person(world).resolve.not_posted(key_of(paid), SAID)


async def test_what_is_ended_while_it_waits_is_never_sent_and_nobody_ends_what_is_being_sent():
    world = World()
    await world.set_up(paused={"reason": "it left"})
    paid = message()
    await world.deliver(paid)
    waiting = await world.entry(paid)
    with pytest.raises(NotAllowed, match="for a day"):
        await person(world).resolve.not_posted(key_of(paid), SAID)
    await world.pass_time(25 * 3600, step=3600)
    await person(world).resolve.not_posted(key_of(paid), SAID)
    await world.set_up()
    await world.pass_time(3600)
    assert (world.city.orders, (await world.entry(paid)).state) == ([], State.NOT_POSTED)
    sending = waiting._replace(state=State.SENDING)
    assert ways_of(sending, world) == []


@pytest.mark.parametrize("scene", [held, posted])
async def test_an_end_that_was_wrong_is_put_right(scene):
    """Of a reject as of a payment; what was told as done has undone its payment, and stays."""
    world = World()
    await world.set_up(rejectStrategy="manual")
    back = reject(await scene(world), returnCode="R70")
    await drained(world, back)
    admin = person(world)
    await admin.resolve.not_posted(key_of(back), SAID)
    await told(world)
    before = world.results[-1]
    await admin.resolve.reopen(key_of(back), SAID)
    assert await told(world) == [f"held {back['rejectId']}"]
    assert world.results[-1].version > before.version
    await admin.resolve.not_posted(key_of(back), SAID)
    done = reject(await posted(world))
    await drained(world, done)
    await admin.resolve.posted(key_of(done), None, SAID)
    with pytest.raises(NotAllowed, match="nothing to put right"):
        await admin.resolve.reopen(key_of(done), SAID)


async def test_what_a_command_asks_is_what_it_asks():
    """What never left is let go on a word; what may be there is not, and says why."""
    world = World()
    await world.set_up()
    world.city.next(Ambiguous("ReadTimeout"), made=False)
    doubtful = await posted(world)
    [retry, done, gone] = ways_of(await world.entry(doubtful), world)
    assert ("twice" in retry.asks, "by hand" in retry.asks) == (True, False)
    assert "125.40" in done.asks
    assert "15 minutes" in gone.asks
    with pytest.raises(NotAllowed, match="may still arrive"):
        await person(world).resolve.not_posted(key_of(doubtful), SAID)
    world.clock.advance(SINCE)
    await person(world).resolve.not_posted(key_of(doubtful), SAID)
    never_left = await held(world)
    [retry, *_] = ways_of(await world.entry(never_left), world)
    assert ("twice" in retry.asks, "by hand" in retry.asks) == (False, True)


async def test_every_command_that_is_shown_is_one():
    """The command line takes each as it is shown, with a reason."""
    world = World()
    await world.set_up(rejectStrategy="manual")
    back = reject(await posted(world))
    await drained(world, back)
    commands = typer.main.get_command(app).commands
    for fields in (await held(world), back):
        for way in ways_of(await world.entry(fields), world):
            name, *words = way.command.split()
            context = commands[name].make_context(name, [*words, "--reason", "x"])
            assert (context.params["id_"], str(context.params["kind"])) == (key_of(fields).id, key_of(fields).kind)
