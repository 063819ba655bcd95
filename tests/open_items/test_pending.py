"""What is on its way here stands beside Caselle's balances, and only that."""

import pytest

from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.ledger.entry import Kind, State
from shared.ledger.unfinished import Unfinished
from shared.vocabulary.errors import Unavailable
from tests.payments.world import message, reject, reversal

PAUSED = {"reason": "year end"}
LOST = Ambiguous("ReadTimeout")


async def waiting(world, **changes):
    """A payment that was taken and is not sent."""
    await world.set_up(paused=PAUSED)
    paid = message(**changes)
    await world.deliver(paid)
    await world.set_up()
    return paid


async def held(world):
    """A payment that a person must look at."""
    paid = message(tender="CASH")
    await world.deliver(paid)
    return paid


async def unknown(world):
    """A payment whose answer was lost."""
    world.city.next(LOST)
    paid = message()
    await world.deliver(paid)
    return paid


@pytest.mark.parametrize(("made", "state"), [(waiting, "received"), (held, "held"), (unknown, "unknown")])
async def test_a_payment_that_is_not_in_caselle_is_pending_under_each_of_its_invoices(world, portal, made, state):
    paid = await made(world)
    owed = await portal.items()
    assert (owed.balance, owed.pending_amount, owed.collectable) == (12540, 12540, 0)
    assert [(each.payment_id, each.state, each.amount) for each in owed.pending_payments] == [
        (paid["paymentId"], state, 12540)
    ]
    shares = [(each.invoice_number, each.balance, each.pending_amount, each.collectable) for each in owed.open_items]
    assert shares == [("10023", 10000, 10000, 0), ("10044", 2540, 2540, 0)]
    assert owed.pending_payments[0].since == world.clock.now()


async def test_a_payment_is_pending_while_it_is_sent_and_gone_once_it_is_posted(world, portal):
    """The money's way: taken, on the wire, in Caselle."""
    seen = []

    async def react(order):
        seen.append(await portal.items())
        return Accepted(world.city.make(order).receipt_number)

    world.city.script.append(react)
    await world.deliver(message())
    after = await portal.items()
    assert [(each.pending_payments[0].state, each.balance, each.collectable) for each in seen] == [
        ("sending", 12540, 0)
    ]
    assert (after.balance, after.pending_amount, after.collectable, after.open_items) == (0, 0, 0, ())


async def test_a_payment_that_waits_for_a_dead_city_is_pending_until_it_is_posted(world, portal):
    world.city.next(NotSent("ConnectError"))
    await world.deliver(message())
    assert (await portal.items()).collectable == 0
    await world.pass_time(300)
    after = await portal.items()
    assert (after.balance, after.pending_payments) == (0, ())


async def test_part_of_an_invoice_leaves_the_rest_to_be_paid(world, portal):
    await waiting(world, amount="30.00", allocations=[{"invoiceNumber": "10023", "amount": "30.00"}])
    owed = await portal.items()
    assert [(each.invoice_number, each.collectable) for each in owed.open_items] == [("10023", 7000), ("10044", 2540)]
    assert owed.collectable == 12540 - 3000


async def test_two_lines_and_two_payments_for_one_invoice_add_up(world, portal):
    lines = [{"invoiceNumber": "10023", "amount": "10.00"}, {"invoiceNumber": "10023", "amount": "5.00"}]
    await waiting(world, amount="15.00", allocations=lines)
    world.clock.advance(1)
    await waiting(world, amount="20.00", allocations=[{"invoiceNumber": "10023", "amount": "20.00"}])
    item = (await portal.items()).open_items[0]
    assert (item.pending_amount, item.collectable) == (3500, 6500)
    assert [each.amount for each in item.pending_payments] == [1500, 2000]  # the longest waiting first


async def test_a_payment_without_invoices_counts_for_the_customer(world, portal):
    await waiting(world, amount="50.00", allocations=None)
    owed = await portal.items()
    assert (owed.pending_amount, owed.collectable) == (5000, 7540)
    assert [each.pending_amount for each in owed.open_items] == [0, 0]


async def test_more_than_is_owed_leaves_nothing_and_not_less(world, portal):
    for _ in range(2):
        await waiting(world)
    owed = await portal.items()
    assert (owed.pending_amount, owed.collectable) == (25080, 0)
    assert [each.collectable for each in owed.open_items] == [0, 0]


@pytest.mark.parametrize(
    "changes", [{"customerNumber": "000413"}, {"customerNumber": "412"}, {"billerId": "2137"}, {"application": "UM"}]
)
async def test_somebody_else_s_payment_is_not_pending(world, portal, changes):
    await waiting(world, **changes)
    assert (await portal.items()).pending_payments == ()


async def test_what_ended_is_not_pending(world, portal):
    """The money's way: posted and returned; voided before it was sent; never to be sent."""
    returned, voided, shadowed = message(), await waiting(world), message()
    await world.deliver(returned)
    await world.undo(reject(returned))
    await world.undo(reversal(voided))
    await world.drain()
    await world.set_up(mode="shadow")
    await world.deliver(shadowed)
    states = [(await world.entry(each)).state for each in (voided, shadowed)]
    assert states == [State.NOT_POSTED, State.SKIPPED]
    assert (await portal.items()).pending_payments == ()


async def test_a_held_payment_that_a_person_ends_is_not_pending_any_more(world, portal):
    entry = await world.entry(await held(world))
    await world.ledger.move(entry, entry._replace(state=State.NOT_POSTED, held_at=None))
    assert (await portal.items()).pending_payments == ()


async def test_years_of_posted_payments_are_not_read(world, portal):
    for _ in range(200):
        await world.deliver(message(amount="0.01", allocations=[{"invoiceNumber": "10023", "amount": "0.01"}]))
    await waiting(world, amount="1.00", allocations=[{"invoiceNumber": "10044", "amount": "1.00"}])
    world.store.reads = 0
    scanned = []
    scan = world.store.scan

    async def noted(shard, start, end, **options):
        rows = await scan(shard, start, end, **options)
        scanned.extend((start, row.key) for row in rows)
        return rows

    world.store.scan = noted
    assert (await portal.items()).collectable == 12540 - 200 - 100
    # Before the call and after it: open rows, held rows, and the one state row.
    assert world.store.reads == 6
    assert [start for start, _ in scanned] == ["O~", "O~"]


async def test_more_payments_than_can_be_listed_are_an_error_and_not_a_shorter_list(world, portal, monkeypatch):
    monkeypatch.setattr("shared.ledger.unfinished.MOST", 2)
    for _ in range(2):
        await waiting(world)
    with pytest.raises(Unavailable, match="too many"):
        await Unfinished(world.store).of("2493", Kind.PAYMENT, "000412")


async def test_a_question_writes_nothing(world, portal):
    await waiting(world)
    commits, rows = world.store.commits, dict(world.store.rows)
    await portal.items()
    assert (world.store.commits, world.store.rows) == (commits, rows)
