"""A step that this code cannot do waits longer each time, and keeps nobody else waiting."""

import pytest

from shared.exchange.drive import Drive
from shared.ledger import rows
from shared.ledger.answer import NotSent
from shared.ledger.entry import State
from shared.ledger.store import ANY, Replace
from shared.ledger.sweep import MOST_WAITING_PER_BILLER
from tests.payments.world import key_of, message

HOUR = 3600.0


async def spoil(world, fields):
    """What lies in the ledger as this payment's message can no longer be read."""
    entry = await world.entry(fields)
    values = rows.entry_values(entry._replace(message=b"{}"))
    await world.store.commit(rows.shard_of(entry.key.biller), [Replace(rows.state_key(entry.key), values, ANY)])


async def waiting(world, **changes):
    """A payment that certainly was not sent."""
    paid = message(**changes)
    world.city.next(NotSent("ConnectError", peer_failed=False))
    await world.deliver(paid)
    assert (await world.entry(paid)).state is State.RECEIVED
    return paid


async def test_rows_that_cannot_be_driven_do_not_keep_the_billers_others_from_the_sweeper(world):
    for _ in range(3 * MOST_WAITING_PER_BILLER):
        await spoil(world, await waiting(world))
    world.clock.advance(1)
    paid = await waiting(world)
    await world.pass_time(HOUR)
    assert (await world.entry(paid)).state is State.POSTED


async def test_its_pause_grows_to_an_hour(world, caplog):
    paid = await waiting(world)
    await spoil(world, paid)
    pauses = []
    for _ in range(6):
        world.clock.advance(HOUR)
        (due,) = await world.app.sweep.run()
        world.take(await world.app.drive.step(due, redelivered=False))
        pauses.append(((await world.entry(paid)).due - world.clock.now()).total_seconds())
    assert pauses == [300, 900, 3600, 3600, 3600, 3600]
    assert caplog.text.count('"event": "due.failed"') == 6
    assert '"error": "ValidationError"' in caplog.text


async def test_one_that_can_be_read_again_goes_on(world):
    paid = await waiting(world)
    good = world.store.rows[rows.shard_of("2493"), rows.state_key(key_of(paid))].values["message"]
    await spoil(world, paid)
    await world.pass_time(HOUR)
    entry = await world.entry(paid)
    mended = Replace(rows.state_key(entry.key), rows.entry_values(entry._replace(message=good)), entry.etag)
    await world.store.commit(rows.shard_of("2493"), [mended])
    await world.pass_time(HOUR)
    assert (await world.entry(paid)).state is State.POSTED


async def test_a_step_that_fails_after_it_wrote_comes_again_and_reports(world, monkeypatch):
    paid = await waiting(world)
    world.clock.advance(HOUR)
    (due,) = await world.app.sweep.run()
    monkeypatch.setattr(Drive, "_told", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await world.app.drive.step(due, redelivered=False)
    monkeypatch.undo()
    assert (await world.entry(paid)).state is State.POSTED
    handled = await world.app.drive.step(due, redelivered=True)
    assert [result.outcome for result in handled.results] == ["posted"]
