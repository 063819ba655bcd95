"""What is told of a payment beside its outcome: how long it lay in its queue, which city a message was meant for."""

from datetime import timedelta

from shared.ledger.answer import Accepted
from tests.fakes.told import told
from tests.payments.world import body, message


async def test_a_payment_that_lay_in_its_queue_is_told_with_the_time(world, caplog):
    """Nobody took it while the app was down: the ledger begins to count only now."""
    caplog.set_level("INFO")
    paid = message()
    await world.app.post_payment.accept(body(paid), "m-1", world.clock.now() - timedelta(hours=2))
    assert told(caplog, "payment.taken_late") == [{"biller": "2493", "id": paid["paymentId"], "queued": 7200.0}]
    assert told(caplog, "payment.posted")[0]["id"] == paid["paymentId"]


async def test_one_that_was_taken_at_once_is_not(world, caplog):
    caplog.set_level("INFO")
    await world.app.post_payment.accept(body(message()), "m-1", world.clock.now() - timedelta(seconds=30))
    await world.app.post_payment.accept(body(message()), "m-2")
    assert told(caplog, "payment.taken_late") == []
    assert len(told(caplog, "payment.posted")) == 2


async def test_a_repetition_that_lay_there_says_nothing_about_the_payment(world, caplog):
    caplog.set_level("INFO")
    paid = message()
    await world.app.post_payment.accept(body(paid), "m-1", world.clock.now())
    await world.app.post_payment.accept(body(paid), "m-2", world.clock.now() - timedelta(hours=2))
    assert told(caplog, "payment.taken_late") == []


async def test_errors_beside_a_receipt_are_told_with_city_and_payment(world, caplog):
    """The runbook's first command takes both."""
    world.city.next(Accepted("5.00099", beside=("CR0-17", "NONE")))
    paid = message()
    await world.deliver(paid)
    named = {"biller": "2493", "id": paid["paymentId"], "codes": ["CR0-17", "NONE"]}
    assert told(caplog, "caselle.accepted_with_errors") == [named]


async def test_an_invalid_message_is_told_with_its_city_where_that_can_be_read(world, caplog):
    paid = message(amount="0.00")
    await world.app.post_payment.accept(body(paid), "m-1")
    await world.app.post_payment.accept(b"not json", "m-2")
    first, second = told(caplog, "payment.invalid")
    assert (first["biller"], first["id"], first["message"]) == ("2493", paid["paymentId"], "m-1")
    assert "biller" not in second
    assert second["message"] == "m-2"
