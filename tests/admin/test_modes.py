"""Pausing, unblocking, going live and retiring; and what status and a support incident then say."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from admin.status import sweeper
from local.csm import CUSTOMER
from local.traffic import Traffic
from shared.azure_stores.table_runs import TableRuns
from shared.billers.model import PassedCheck
from shared.ledger.answer import Accepted
from shared.payments.message import parse
from shared.payments.peer import order_of
from shared.vocabulary.money import Money
from tests.admin.cities import at_stamp, complete, put, switch
from tests.fakes.billers import overwrite
from tests.payments.world import reject
from tests.waiting import SECONDS, until_now

_cities = count(680_001)
_payments = count(1)


@pytest.fixture
def city(stack, state):
    return asyncio.run(complete(stack, state, str(next(_cities))))


@pytest.fixture
def live(icadmin, city):
    assert icadmin("biller", "check", city.biller_id, *TRIED).code == 0
    assert icadmin("biller", "go-live", city.biller_id, *SINCE_NOVEMBER).code == 0
    return city


SINCE_NOVEMBER = ("--at", "2026-11-01T00:00", "--override", "0", "--yes")
TRIED = ("--post-and-void", "0.01", "--customer", CUSTOMER, "--yes")


def payment(city, **changes):
    number = next(_payments)
    fields = {
        "schemaVersion": 1,
        "billerId": city.biller_id,
        "paymentId": f"p-{number}",
        "confirmationNumber": f"REF-{number}",
        "application": "AR",
        "customerNumber": CUSTOMER,
        "tender": "ACH",
        "amount": "1.00",
        "paidAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "payerName": "Ada Byron",
        "allocations": [{"invoiceNumber": "10023", "amount": "1.00"}],
    }
    return fields | changes


def enqueued(stack, *messages):
    """The outcomes of these messages; pending ones have none."""

    async def sent():
        async with QueueServiceClient.from_connection_string(stack.storage) as queues:
            traffic = Traffic(queues, [json.dumps(message) for message in messages])
            await traffic.enqueue()
            await traffic.collect(patience=20, each_time=lambda: None)
            return traffic.counts()

    return asyncio.run(sent())


def left_waiting(icadmin, stack, city, sending="paused", state="received", **changes):
    """Enqueues a payment that is not posted; what status says once it waits, and sending stands as it begins here."""

    async def sent():
        async with QueueServiceClient.from_connection_string(stack.storage) as queues:
            await Traffic(queues, [json.dumps(payment(city, **changes))]).enqueue()

    asyncio.run(sent())

    def waits():
        said = icadmin("status", city.biller_id, "--json").json
        return said if said["openByState"].get(state) and said["sending"].startswith(sending) else None

    return until_now(waits)


class TestGoingLive:
    def test_a_biller_that_went_live_posts_what_was_paid_since(self, icadmin, stack, live):
        before = (datetime(2026, 10, 31, tzinfo=UTC)).isoformat()
        assert enqueued(stack, payment(live), payment(live, paidAt=before)) == {"posted": 1, "held": 1}
        said = icadmin("status", live.biller_id, "--json").json
        assert (said["mode"], said["held"], said["heldByReason"]) == ("live", 1, {"before_go_live": 1})
        assert "the old data pump" in icadmin("status", live.biller_id).out.replace("earlier", "old")

    def test_without_a_check_it_does_not(self, icadmin, city):
        said = icadmin("biller", "go-live", city.biller_id, *SINCE_NOVEMBER)
        assert (said.code, "No check has passed" in said.err) == (2, True)

    def test_nor_after_the_set_up_has_changed(self, icadmin, city):
        icadmin("biller", "check", city.biller_id, *TRIED)
        icadmin("biller", "set", city.biller_id, "applications.AR.paymentCodes.CC=9", "--yes")
        said = icadmin("biller", "go-live", city.biller_id, *SINCE_NOVEMBER)
        assert (said.code, "check again" in said.err) == (2, True)

    def test_nor_with_a_check_of_last_month(self, icadmin, state, city):
        icadmin("biller", "check", city.biller_id, *TRIED)

        async def age():
            async with at_stamp(state) as stamp:
                biller = await stamp.billers.get(city.biller_id)
                old = PassedCheck(at=stamp.clock.now() - timedelta(days=8), fingerprint=biller.passed_check.fingerprint)
                await overwrite(stamp.billers, biller.model_copy(update={"passed_check": old}))

        asyncio.run(age())
        said = icadmin("biller", "go-live", city.biller_id, *SINCE_NOVEMBER)
        assert (said.code, "too old" in said.err) == (2, True)

    def test_a_check_that_fails_takes_the_earlier_one_away(self, icadmin, stack, city):
        icadmin("biller", "check", city.biller_id, *TRIED)
        asyncio.run(switch(stack, city, cows="http_503"))
        assert icadmin("biller", "check", city.biller_id).code == 1
        assert "passedCheck" not in icadmin("biller", "show", city.biller_id, "--json").json

    def test_the_time_is_the_city_s_own(self, icadmin, live):
        shown = icadmin("biller", "show", live.biller_id, "--json").json
        assert shown["goLiveAt"] == "2026-11-01T00:00:00-07:00"

    def test_a_moment_that_has_passed_is_refused_with_what_lies_between(self, icadmin, stack, city):
        assert icadmin("biller", "check", city.biller_id, *TRIED).code == 0
        icadmin("biller", "shadow", city.biller_id, "--yes")
        before = datetime(2026, 10, 31, tzinfo=UTC).isoformat()
        paid = [payment(city), payment(city), payment(city, paidAt=before)]
        assert enqueued(stack, *paid) == {"skipped": 3}
        going = ("biller", "go-live", city.biller_id, "--at", "2026-11-01T00:00", "--yes")
        for override in ((), ("--override", "1"), ("--override", "3")):
            said = icadmin(*going, *override)
            assert (said.code, "2 payments that were paid since are here: 2 skipped" in said.err) == (2, True)
        assert icadmin(*going, "--override", "2").code == 0
        said = icadmin("status", city.biller_id, "--json").json
        assert (said["mode"], said["heldByReason"]) == ("live", {"shadow_overlap": 2})
        assert enqueued(stack, payment(city)) == {"posted": 1}
        assert enqueued(stack, *paid) == {"duplicate": 3}

    def test_a_moment_to_come_needs_no_override_and_takes_none(self, icadmin, city):
        icadmin("biller", "check", city.biller_id, *TRIED)
        going = ("biller", "go-live", city.biller_id, "--at", "2126-11-01T00:00", "--yes")
        assert "is for a time that has passed" in icadmin(*going, "--override", "0").err
        assert icadmin(*going).code == 0

    def test_a_wrong_moment_is_put_right_while_nothing_paid_since_was_sent(self, icadmin, stack, city):
        icadmin("biller", "check", city.biller_id, *TRIED)
        assert icadmin("biller", "go-live", city.biller_id, "--at", "2126-11-01T00:00", "--yes").code == 0
        early = payment(city)
        assert enqueued(stack, early) == {"held": 1}
        again = ("biller", "go-live", city.biller_id, "--at", "2026-11-01T00:00", "--yes")
        assert "`biller pause" in icadmin(*again).err
        icadmin("biller", "pause", city.biller_id, "--reason", "wrong moment", "--yes")
        said = icadmin(*again)
        assert (said.code, "1 payments that were paid since are here: 1 held before_go_live" in said.err) == (2, True)
        assert icadmin(*again, "--override", "1").code == 0
        icadmin("biller", "resume", city.biller_id, "--yes")
        id_ = early["paymentId"]
        retry = ("payments", "retry", city.biller_id, id_, "--reason", "the moment was wrong", "--yes")
        assert "nobody answered the question; --not-by-hand goes on" in icadmin(*retry).err
        said = icadmin(*retry, "--not-by-hand")
        assert said.code == 0, said.err
        until_now(lambda: icadmin("payments", "show", city.biller_id, id_, "--json").json["state"] == "posted")

    def test_a_moment_stands_once_something_paid_since_was_sent(self, icadmin, stack, live):
        assert enqueued(stack, payment(live)) == {"posted": 1}
        icadmin("biller", "pause", live.biller_id, "--reason", "wrong moment?", "--yes")
        said = icadmin("biller", "go-live", live.biller_id, "--at", "2126-11-01T00:00", "--yes")
        assert (said.code, "1 payments paid since were sent" in said.err) == (2, True)
        assert icadmin("biller", "show", live.biller_id, "--json").json["goLiveAt"].startswith("2026-11-01")

    @pytest.mark.parametrize("at", ["soon", "2026-13-01", "0001-01-01T00:00+23:59x", ""])
    def test_a_time_that_cannot_be_read(self, icadmin, city, at):
        said = icadmin("biller", "go-live", city.biller_id, "--at", at, "--yes")
        assert (said.code, "is not a time such as" in said.err) == (2, True)


class TestShadow:
    def test_payments_are_checked_and_never_sent(self, icadmin, stack, city):
        assert icadmin("biller", "shadow", city.biller_id, "--yes").code == 0
        assert enqueued(stack, payment(city)) == {"skipped": 1}

    def test_its_report_compares_with_what_the_old_data_pump_posted(self, icadmin, stack, state, city):
        icadmin("biller", "shadow", city.biller_id, "--yes")
        same, other, missing = (payment(city) for _ in range(3))
        enqueued(stack, same, other, missing)
        asyncio.run(_pumped(state, city, same, "1.00"))
        asyncio.run(_pumped(state, city, other, "1.10"))
        said = icadmin("biller", "shadow-report", city.biller_id, "--json")
        verdicts = {row["payment"]: row["verdict"] for row in said.json}
        assert (said.code, verdicts) == (
            1,
            {same["paymentId"]: "same", other["paymentId"]: "other amount: 1.10", missing["paymentId"]: "missing"},
        )

    def test_it_needs_the_receipt_query(self, icadmin, state, city):
        asyncio.run(put(state, city.record.model_copy(update={"connect_version": "2023.08"})))
        said = icadmin("biller", "shadow", city.biller_id, "--yes")
        assert (said.code, "comes with Connect 2025.11" in said.err) == (2, True)


async def _pumped(state, city, paid, amount):
    """What the old data pump does with a payment."""
    async with at_stamp(state) as stamp:
        order = order_of(parse(json.dumps(paid).encode()), city.record, datetime.now(city.record.zone).date())
        answer = await stamp.caselle.receipting.create_receipt(
            city.record, replace(order, amount=Money.parse(amount), shares=())
        )
        assert isinstance(answer, Accepted)


class TestPausing:
    def test_payments_wait_until_it_is_resumed(self, icadmin, stack, live):
        reason = ("--reason", "migration to Caselle Cloud", "--yes")
        assert icadmin("biller", "pause", live.biller_id, *reason).code == 0
        said = left_waiting(icadmin, stack, live)
        assert (said["sending"], said["open"]) == ("paused: migration to Caselle Cloud", 1)
        assert icadmin("biller", "resume", live.biller_id, "--yes").code == 0
        what = [(row["what"], row["why"]) for row in icadmin("audit", live.biller_id, "--json").json][-2:]
        assert what == [("biller.pause", "migration to Caselle Cloud"), ("biller.resume", "")]
        assert "is not paused" in icadmin("biller", "resume", live.biller_id, "--yes").err

    @pytest.mark.parametrize(
        ("until", "says"), [("tomorrow", "is not a time"), ("2020-01-01T00:00", "has passed already")]
    )
    def test_an_end_that_cannot_be(self, icadmin, city, until, says):
        said = icadmin("biller", "pause", city.biller_id, "--until", until, "--reason", "x", "--yes")
        assert (said.code, says in said.err) == (2, True)


class TestBlocked:
    def test_it_is_shown_with_what_to_do_and_ended_by_a_person(self, icadmin, stack, live):
        asyncio.run(switch(stack, live, licence=False))
        said = left_waiting(icadmin, stack, live, sending="blocked", state="unknown")
        assert said["sending"] == "blocked: licence_missing"
        assert "CRM" in said["whatToDo"][0]["do"]
        assert live.biller_id in icadmin("status", "--json").json["blocked"]
        incident = icadmin("support-incident", live.biller_id)
        assert "What we see: licence_missing" in incident.out
        asyncio.run(switch(stack, live, licence=True))
        assert icadmin("biller", "unblock", live.biller_id, "--reason", "added", "--yes").code == 0
        assert icadmin("status", live.biller_id, "--json").json["sending"] == "one at a time"

    def test_what_is_not_blocked(self, icadmin, city):
        said = icadmin("biller", "unblock", city.biller_id, "--reason", "x", "--yes")
        assert (said.code, "is not blocked" in said.err) == (2, True)


class TestRedating:
    def test_a_date_that_caselle_refuses_is_stopped_and_dated_anew(self, icadmin, stack, live):
        """Three refusals in a row stop that date alone; one command has its payments dated anew."""
        closed = {"paidAt": "2026-11-10T12:00:00-08:00"}
        assert enqueued(stack, payment(live)) == {"posted": 1}
        asyncio.run(switch(stack, live, closedThrough="2026-11-10"))
        refused = [payment(live, **closed) for _ in range(3)]
        assert enqueued(stack, *refused) == {"held": 3}
        waits = left_waiting(icadmin, stack, live, sending="stopped in part", **closed)
        assert waits["sending"] == "stopped in part: 2026-11-10: period_closed"
        assert enqueued(stack, payment(live)) == {"posted": 1}
        redate = ("biller", "redate", live.biller_id, "2026-11-10")
        assert icadmin(*redate, "2026-11-10", "--yes").code == 2
        assert icadmin(*redate, "2026-11-12", "--reason", "closed, says the clerk", typed="n\n").code == 1
        said = icadmin(*redate, "2026-11-12", "--reason", "closed, says the clerk", "--yes")
        assert (said.code, "Payments of 2026-11-10 are dated 2026-11-12" in said.out) == (0, True)
        assert not icadmin("status", live.biller_id, "--json").json["sending"].startswith("stopped")
        assert enqueued(stack, payment(live, **closed)) == {"posted": 1}
        [change] = [each for each in icadmin("audit", live.biller_id, "--json").json if each["what"] == "biller.redate"]
        assert change["why"] == "closed, says the clerk"
        # The sweeper comes once a minute, and what waits may have been put off once more meanwhile.
        until_now(
            lambda: not icadmin("status", live.biller_id, "--json").json["openByState"].get("received"), 2 * SECONDS
        )


class TestRetiring:
    def test_a_retired_biller_s_callback_is_unknown(self, icadmin, stack, city):
        assert icadmin("biller", "retire", city.biller_id, "--reason", "over", "--yes").code == 0
        assert icadmin("status", "--json").json["billers"]["retired"] >= 1
        assert "is retired already" in icadmin("biller", "retire", city.biller_id, "--reason", "x", "--yes").err

    def test_not_while_something_waits(self, icadmin, stack, live):
        icadmin("biller", "pause", live.biller_id, "--reason", "x", "--yes")
        left_waiting(icadmin, stack, live)
        said = icadmin("biller", "retire", live.biller_id, "--reason", "over", "--yes")
        assert (said.code, "1 payments or reversals" in said.err) == (2, True)

    def test_what_waits_for_a_payment_that_never_comes_is_ended_first(self, icadmin, stack, live):
        back = reject(payment(live))

        async def sent():
            async with QueueServiceClient.from_connection_string(stack.storage) as queues:
                await Traffic(queues, [json.dumps(back)], "ach-rejects").enqueue()

        asyncio.run(sent())
        until_now(lambda: icadmin("status", live.biller_id, "--json").json["openByState"].get("waiting"))
        retiring = ("biller", "retire", live.biller_id, "--reason", "over", "--yes")
        assert "1 payments or reversals" in icadmin(*retiring).err
        ending = ("payments", "resolve", live.biller_id, back["rejectId"], "--kind", "achReject", "--not-posted")
        assert icadmin(*ending, "--reason", "Invoice Cloud knows no such payment", "--yes").code == 0
        assert icadmin(*retiring).code == 0


class TestSupportIncident:
    def test_a_payment_s_text_names_no_payer_and_no_customer(self, icadmin, stack, live):
        paid = payment(live)
        enqueued(stack, paid)
        text = icadmin("support-incident", f"{live.biller_id}/{paid['paymentId']}").out
        for shown in (paid["confirmationNumber"], "1.00", live.subdomain, "2025.11.014", "attempts: 1"):
            assert shown in text
        for hidden in ("Ada Byron", CUSTOMER, live.key, live.at_caselle["clientSecret"]):
            assert hidden not in text

    @pytest.mark.parametrize("target", ["2493/none", "2493/ä", "2493//", "1", "x/y", "/"])
    def test_what_is_not_there(self, icadmin, target):
        said = icadmin("support-incident", target)
        assert said.code == 2
        assert len(said.err.splitlines()) == 1


def test_the_stamp_on_one_screen(icadmin, live):
    said = icadmin("status")
    assert said.code == 0
    for words in ("relay", "sweeper", live.biller_id):
        assert words in said.out


async def test_the_screen_says_when_each_timer_last_ran(icadmin, stack):
    ran = datetime(2026, 11, 20, 4, 20, tzinfo=UTC)
    async with TableClient.from_connection_string(stack.storage, "runs") as table:
        await TableRuns(table).note("another", ran)
    shown = await asyncio.to_thread(icadmin, "--json", "status")
    assert shown.json["lastRuns"]["another"] == "2026-11-20 04:20 UTC"


@pytest.mark.parametrize(
    ("ran", "late", "says"),
    [
        (None, 0, "has never run"),
        (1, 0, "on time"),
        (1, 11, "behind: something is due for 11 minutes"),
        (11, 0, "has not run since 2026-11-20 11:49 UTC"),
        (11, 11, "has not run since 2026-11-20 11:49 UTC"),
        (None, 11, "behind: something is due for 11 minutes"),
    ],
)
def test_the_sweeper_in_words(ran, late, says):
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert sweeper(None if ran is None else now - timedelta(minutes=ran), timedelta(minutes=late), now) == says
