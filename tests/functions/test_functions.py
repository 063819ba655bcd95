"""Each entry point: decode, one use case, map its outcome."""

import base64
import json

import azure.functions as func
import pytest

from functions import drive_due, health, payment_status, poison, post_payments, sweep
from functions.entry import Failed
from shared.ledger.due import due_of, to_message
from shared.runtime import process
from shared.runtime.app import App
from shared.vocabulary.errors import Malformed, Misconfigured, Unavailable
from tests.fakes.app import given
from tests.payments.world import World, body, message


class Out:
    """Stands where the host's output binding is."""

    def __init__(self):
        self.texts = None

    def set(self, texts):
        assert self.texts is None, "the host keeps only the last one"
        self.texts = texts

    @property
    def read(self):
        return [json.loads(text) for text in self.texts or []]


class Queued(func.QueueMessage):
    """A message as the host hands it over."""

    def __init__(self, raw, count=1):
        super().__init__(id="m-a", body=raw)
        self._count = count

    @property
    def dequeue_count(self):
        return self._count


@pytest.fixture
async def wired(running):
    """The functions over the in-memory world."""
    world = World()
    await world.set_up()
    running(world.app)
    return world


async def call(function, raw, **options):
    results, due = Out(), Out()
    await function(Queued(raw, **options), results, due)
    return results, due


def refuse(monkeypatch, name, error, owner=App):
    """Let this part be impossible to make."""

    def refused(_):
        raise error

    monkeypatch.setattr(owner, name, property(refused))


# The queue ``payments``.


@pytest.mark.parametrize("encode", [bytes, base64.b64encode])
async def test_a_payment_is_posted_and_its_result_written(wired, encode):
    paid = message()
    results, due = await call(post_payments.post_payments, encode(body(paid)))
    [told] = results.read
    assert (told["outcome"], told["messageId"], told["id"]) == ("posted", "m-a", paid["paymentId"])
    assert told["receiptNumber"] == "5.00001"
    assert due.texts is None


@pytest.mark.parametrize("text", ["\ufffe", "\0", "Zo\xeb \U0001f600"])
async def test_a_result_travels_in_a_queue_message_whatever_it_repeats(wired, text):
    """That is XML; a result that cannot be written would bring the payment back until it is poison."""
    results, _ = await call(post_payments.post_payments, json.dumps(message(correlationId=f"a{text}")).encode())
    assert results.read[0]["correlationId"] == f"a{text}"
    assert all(line.isascii() and line.isprintable() for line in results.texts)


@pytest.mark.parametrize("odd", ["\ud800", "Ada \udfff"])
@pytest.mark.parametrize("name", ["payerName", "paymentId", "correlationId", "\ud800"])
async def test_half_a_surrogate_pair_ends_a_payment_only_in_its_id(wired, name, odd):
    results, _ = await call(post_payments.post_payments, json.dumps(message() | {name: odd}).encode())
    assert results.read[0]["outcome"] == ("invalid" if name == "paymentId" else "posted")
    assert "\ud800" not in (results.read[0]["correlationId"] or "")


async def test_what_cannot_be_posted_is_told_and_taken_from_the_queue(wired):
    results, _ = await call(post_payments.post_payments, b"no JSON")
    assert [each["outcome"] for each in results.read] == ["invalid"]
    assert ("payments", "m-a") in wired.quarantine.items


async def test_a_payment_that_waits_tells_nothing_yet(wired):
    await wired.set_up(paused={"reason": "year end"})
    assert (await call(post_payments.post_payments, body(message())))[0].texts is None


@pytest.mark.parametrize("error", [Unavailable("tables"), Misconfigured("setting X is missing"), ValueError("a bug")])
async def test_an_error_brings_the_payment_again(wired, monkeypatch, error):
    refuse(monkeypatch, "post_payment", error)
    results, due = Out(), Out()
    with pytest.raises(Failed, match=type(error).__name__):
        await post_payments.post_payments(Queued(body(message())), results, due)
    assert results.texts is due.texts is None


async def test_a_store_that_is_down_brings_the_payment_again(wired):
    wired.billers.down = True
    with pytest.raises(Failed, match="Unavailable"):
        await call(post_payments.post_payments, body(message()))
    assert wired.city.orders == []


# The queue ``due``.


async def waiting(world):
    """A payment that waited, and is free to be sent now."""
    await world.set_up(paused={"reason": "year end"})
    paid = message()
    await world.deliver(paid)
    await world.set_up()
    return await world.entry(paid)


async def test_a_step_sends_what_waited(wired):
    step = to_message(due_of(await waiting(wired))).encode()
    results, _ = await call(drive_due.drive_due, step)
    assert [each["outcome"] for each in results.read] == ["posted"]


@pytest.mark.parametrize(("count", "told"), [(1, 0), (2, 1), (None, 0)])
async def test_only_a_second_delivery_of_an_old_step_reports_again(wired, count, told):
    step = to_message(due_of(await waiting(wired))).encode()
    await call(drive_due.drive_due, step)
    results, _ = await call(drive_due.drive_due, step, count=count)
    assert len(results.read) == told
    assert len(wired.city.orders) == 1


async def test_a_step_that_is_none_is_an_error(wired):
    with pytest.raises(Failed, match="ValidationError"):
        await call(drive_due.drive_due, b"{}")


# Poison queues.


async def test_a_poisoned_payment_waits_in_the_ledger(wired):
    paid = message()
    results, _ = await call(poison.poison_payments, body(paid))
    assert results.texts is None
    assert (await wired.entry(paid)).state == "received"
    assert wired.city.orders == []
    await wired.pass_time(300)
    assert [result.outcome for result in wired.results] == ["posted"]


async def test_a_poisoned_payment_that_was_posted_is_told_again_and_not_sent(wired):
    paid = message()
    await wired.deliver(paid, "m-a")
    results, _ = await call(poison.poison_payments, body(paid))
    assert [each["outcome"] for each in results.read] == ["posted"]
    assert len(wired.city.orders) == 1


async def test_poison_that_is_no_payment_is_set_aside(wired):
    results, _ = await call(poison.poison_payments, b"\x00")
    assert [each["outcome"] for each in results.read] == ["invalid"]
    assert wired.quarantine.items


async def test_a_poisoned_step_makes_up_for_a_lost_report(wired):
    paid = message()
    await wired.deliver(paid)
    results, _ = await call(poison.poison_due, to_message(due_of(await wired.entry(paid))).encode())
    assert [each["outcome"] for each in results.read] == ["posted"]


async def test_a_poisoned_step_of_a_waiting_payment_tells_nothing(wired):
    entry = await waiting(wired)
    results, due = await call(poison.poison_due, to_message(due_of(entry)).encode())
    assert results.texts is due.texts is None


# The sweeper.


async def test_the_sweeper_enqueues_what_is_due_and_nothing_else(wired):
    entry = await waiting(wired)
    early, late = Out(), Out()
    await sweep.sweep(None, early)
    wired.clock.advance(3600)
    await sweep.sweep(None, late)
    assert early.texts is None
    assert late.read == [{"billerId": "2493", "kind": "payment", "id": entry.key.id, "version": 1, "reported": False}]


async def test_the_sweeper_notes_its_run(wired, noted):
    await sweep.sweep(None, Out())
    assert set(noted.noted) == {"sweep"}


async def test_a_note_that_cannot_be_written_loses_nothing_of_the_run(wired, noted):
    await waiting(wired)
    wired.clock.advance(3600)
    await wired.app.before_sending()
    noted.down, due = True, Out()
    await sweep.sweep(None, due)
    assert len(due.read) == 1


# HTTP.


def request(**parts):
    return func.HttpRequest("GET", "https://host/api/x", route_params=parts, body=b"")


async def ask(biller, payment):
    response = await payment_status.payment_status(request(billerId=biller, paymentId=payment))
    return response.status_code, response.mimetype, json.loads(response.get_body())


async def test_a_known_payment_s_state_is_told_as_its_result_was(wired):
    paid = message()
    results, _ = await call(post_payments.post_payments, body(paid))
    status, mimetype, told = await ask("2493", paid["paymentId"].upper())
    assert (status, mimetype) == (200, "application/json")
    assert told == results.read[0]


async def test_an_unknown_payment_is_not_found(wired):
    status, mimetype, told = await ask("2493", "nobody")
    assert (status, mimetype, told["status"]) == (404, "application/problem+json", 404)


@pytest.mark.parametrize(("biller", "payment"), [("24a3", "Canary"), ("2493", "Canary x")])
async def test_a_name_that_cannot_exist_is_a_bad_request_and_not_repeated(wired, biller, payment):
    status, mimetype, told = await ask(biller, payment)
    assert (status, mimetype) == (400, "application/problem+json")
    assert "Canary" not in told["detail"]
    assert told["detail"]


async def test_a_ledger_that_is_down_says_so_without_its_address(wired, monkeypatch):
    refuse(monkeypatch, "payment_status", Unavailable("table ledger: https://secret.table.core.windows.net"))
    status, mimetype, told = await ask("2493", "p")
    assert (status, mimetype) == (503, "application/problem+json")
    assert "secret" not in json.dumps(told)


async def test_health_depends_on_nothing(monkeypatch):
    def no_app():
        raise RuntimeError("down")

    monkeypatch.setattr(process, "app", no_app)
    response = await health.health(request())
    nameless = {"status": "up", "version": None, "digest": None}
    assert (response.status_code, json.loads(response.get_body())) == (200, nameless), "a checkout is no package"


async def test_ready_answers_when_everything_does(app):
    async def check():
        pass

    given(app, check=check)
    response = await health.ready(request())
    assert (response.status_code, json.loads(response.get_body())) == (200, {"status": "ready"})


@pytest.mark.parametrize("error", [Misconfigured("setting X is missing"), Unavailable("tables"), Malformed("odd")])
async def test_ready_names_the_first_that_does_not_answer(app, error):
    async def check():
        raise error

    given(app, check=check)
    response = await health.ready(request())
    assert (response.status_code, response.mimetype) == (503, "application/json")
    assert json.loads(response.get_body())["detail"] == str(error)
