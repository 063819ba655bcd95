"""What the pages say, over the real use cases on memory stores."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.billers.model import Biller
from shared.console.access import Person
from shared.console.console import Console
from shared.console.one_biller import calls_of
from shared.console.views import Recorder
from shared.exchange.reasons import REASONS
from shared.ledger.entry import Key, Kind
from shared.ledger.gate import Gate
from shared.tokens.row import TokenRow
from shared.vocabulary.errors import Unavailable
from tests.console.page import Page
from tests.fakes.tokens import FakeTokenRows
from tests.payments.world import NEWPORT, World, body, message, reject

ADA = Person("ada-id", "Ada Byron", frozenset({"reader"}))
CLERK = {"name": "Rosa Vega", "phone": "+1 541 555 0100", "email": "rosa@newport.example", "hours": "8 to 5"}
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\u202e"


class MemoryViews:
    def __init__(self):
        self.seen = []
        self.down = False

    async def add(self, person, subject):
        if self.down:
            raise Unavailable("fake views are down")
        self.seen.append((person.object_id, subject))


class Desk(World):
    """The world, looked at."""

    def __post_init__(self):
        super().__post_init__()
        self.tokens, self.views = FakeTokenRows(), MemoryViews()
        self.console = Console(self.store, self.billers, self.tokens, Recorder(self.views))

    async def stamp(self):
        return Page(await self.console.stamp(ADA))

    async def biller(self, biller="2493", day=None):
        return Page(await self.console.biller(ADA, biller, day))

    async def entry(self, fields, kind=Kind.PAYMENT, id_=None):
        return Page(await self.console.entry(ADA, Key(fields["billerId"], kind, id_ or fields["paymentId"])))

    async def token(self, days, **fields):
        now = self.clock.now()
        usual = {"biller_id": "2493", "generation": 1, "since": now - timedelta(days=2), "version": "v"}
        row = TokenRow.model_validate(usual | {"fingerprint": "f", "expires_at": now + timedelta(days=days)} | fields)
        assert await self.tokens.write(row, None)


@pytest.fixture
async def desk():
    desk = Desk()
    await desk.set_up(contacts={"clerk": CLERK})
    return desk


async def test_the_first_page_says_where_every_biller_stands(desk):
    await desk.set_up(billerId="3180", name="Cedar Flats UT", mode="draft")
    await desk.token(12)
    await desk.deliver(message(amount="30.00", allocations=None))  # held: it names no invoices
    for amount in ("100.00", "25.40"):
        paid = message(amount=amount, allocations=[{"invoiceNumber": "1", "amount": amount}])
        await desk.deliver(paid)
    page = await desk.stamp()
    newport = page.row("billers", "Newport")
    assert (newport["State"], newport["Breaker"]) == ("live", "closed")
    assert (newport["Posted today"], newport["Amount"]) == ("2", "125.40")
    assert (newport["Held today"], newport["Held"], newport["Waiting"]) == ("1", "1", "0")
    assert (newport["Token days left"], newport["Last delivery"]) == ("12", "2026-11-18 12:00 UTC")
    cedar = page.row("billers", "Cedar")
    assert (cedar["State"], cedar["Posted today"], cedar["Token days left"]) == ("draft", "0", "none")
    assert (page.ids["posted-today"], page.ids["posted-amount"], page.ids["held"]) == ("2", "125.40", "1")
    assert desk.views.seen == [("ada-id", "stamp")]


async def test_today_begins_at_the_city_s_midnight(desk):
    """12:00 UTC is 4 in the morning at Newport, whose day began at 08:00 UTC."""
    desk.clock.step(hours=-4, seconds=-1)
    await desk.deliver(message())
    desk.clock.step(seconds=2)
    await desk.deliver(message())
    assert (await desk.stamp()).row("billers", "Newport")["Posted today"] == "1"
    day = (await desk.biller()).row("tenders", "ACH")
    assert (day["Posted"], day["Amount"]) == ("1", "125.40")
    before = await desk.biller(day=datetime(2026, 11, 19, tzinfo=UTC).date())
    assert before.row("tenders", "ACH")["Posted"] == "1"


async def test_what_waits_is_shown_with_its_age_and_late_after_four_hours(desk):
    await desk.set_up(paused={"reason": "year end"})
    await desk.deliver(message())
    desk.clock.advance(3600)
    page = await desk.stamp()
    row = page.row("billers", "Newport")
    assert (row["State"], row["Waiting"], row["Oldest waiting"]) == ("pausedyear end", "1", "1 h 0 min")
    assert ("span", {"class": "act"}) not in page.elements
    desk.clock.advance(4 * 3600)
    late = await desk.stamp()
    assert late.row("billers", "Newport")["Oldest waiting"] == "5 h 0 min"
    assert ("span", {"class": "act"}) in late.elements


async def test_who_needs_a_person_is_listed_first(desk):
    for number, name in enumerate(("Astoria OR", "Bend OR", "Zillah WA")):
        await desk.set_up(billerId=str(3000 + number), name=name)
    await desk.deliver(message(billerId="3002", allocations=None))
    names = [row["Biller"] for row in (await desk.stamp()).tables["billers"]]
    assert names == ["Zillah WA3002", "Astoria OR3000", "Bend OR3001", "Newport OR2493"]


async def test_money_for_a_biller_that_nobody_set_up_is_shown(desk):
    paid = message(billerId="777")
    await desk.deliver(paid)
    page = await desk.stamp()
    row = page.row("billers", "777")
    assert (row["State"][:15], row["Held"]) == ("not set up here", "1")
    stranger = await desk.biller("777")
    assert stranger.tables["cause-unknown_biller"][0]["Id"] == paid["paymentId"]
    assert await desk.console.biller(ADA, "778", None) is None


async def test_a_retired_biller_is_shown_while_something_is_left(desk):
    await desk.deliver(message(allocations=None))
    await desk.set_up(mode="retired")
    assert (await desk.stamp()).row("billers", "Newport")["Held"] == "1"
    await desk.set_up(billerId="3000", name="Gone OR", mode="retired")
    assert [row["Biller"] for row in (await desk.stamp()).tables["billers"]] == ["Newport OR2493"]


async def test_a_block_goes_before_a_pause_and_is_said_in_words(desk):
    await desk.set_up(paused={"reason": "year end"})
    await desk.gates.block("2493", "licence_missing")
    row = (await desk.stamp()).row("billers", "Newport")
    assert row["State"] == f"blocked{REASONS['licence_missing'].message}"
    assert (await desk.biller()).facts["State"] == f"blocked: {REASONS['licence_missing'].message}"


async def test_a_breaker_is_shown_open_since_its_first_opening(desk):
    for _ in range(5):
        await desk.gates.failed("2493")
    assert (await desk.stamp()).row("billers", "Newport")["Breaker"] == "opensince 2026-11-20 12:00 UTC"
    await desk.gates.remember_outage(Gate(), desk.clock.now())
    assert (await desk.stamp()).ids["relay"] == "Caselle's relay is down since 2026-11-20 12:00 UTC. Call Caselle."


async def test_what_stops_customer_updates_does_not_look_like_what_stops_payments(desk):
    await desk.gates.block("2493.updates", "licence_missing")
    page = await desk.biller()
    assert (page.facts["State"], page.facts["Customer updates"]) == ("live", "blocked: licence_missing")


async def test_held_payments_are_grouped_by_cause_with_what_to_do_and_whom_to_call(desk):
    held = [message(allocations=None), message(allocations=None, amount="10.00"), message(tender="CASH")]
    for each in held:
        await desk.deliver(each)
        desk.clock.advance(60)
    page = await desk.biller()
    assert [row["Id"] for row in page.tables["cause-no_allocations"]] == [each["paymentId"] for each in held[:2]]
    assert [row["Amount"] for row in page.tables["cause-no_allocations"]] == ["125.40", "10.00"]
    assert REASONS["no_allocations"].action in page.text
    assert "no_allocations: 2, 135.40, the oldest for 3 min" in page.text
    assert page.facts["Call the clerk"] == "Rosa Vega, +1 541 555 0100, rosa@newport.example, 8 to 5"
    assert page.links["+1 541 555 0100"] == "tel:+15415550100"
    assert page.facts["Call the CSM"] == "nobody is entered"


async def test_the_page_of_what_is_held_says_what_each_command_asks(desk):
    held = message(allocations=None)
    await desk.deliver(held)
    page = await desk.entry(held)
    named = f"icadmin payments {{}} 2493 {held['paymentId']}{{}}"
    retry, posted, gone = page.tables["commands"]
    assert retry["Command"] == named.format("retry", "")
    assert "entered it by hand" in retry["Asks first"]
    assert posted["Command"] == named.format("resolve", " --posted RECEIPT")
    assert "a live receipt of 125.40" in posted["Asks first"]
    assert gone["Command"] == named.format("resolve", " --not-posted")
    back = reject(held, returnCode="R70")
    desk.take(await desk.app.reverse_payment.accept(Kind.ACH_REJECT, body(back), "m-1"))
    [only] = (await desk.entry(back, Kind.ACH_REJECT, back["rejectId"])).tables["commands"]
    assert only["Command"] == f"icadmin payments resolve 2493 {back['rejectId']} --kind achReject --not-posted"


async def test_what_has_ended_has_no_command(desk):
    paid = message()
    await desk.deliver(paid)
    assert "commands" not in (await desk.entry(paid)).tables


async def test_a_held_payment_leads_to_its_action(desk):
    paid = message(allocations=None)
    await desk.deliver(paid)
    link = (await desk.biller()).links[paid["paymentId"]]
    assert link == f"/api/console/billers/2493/payments/{paid['paymentId']}"
    page = await desk.entry(paid)
    assert page.ids["action"] == REASONS["no_allocations"].action
    assert (page.facts["State"], page.facts["Amount"], page.facts["Customer"]) == ("held", "125.40", "000412")
    assert [(row["Became"], row["Cause"]) for row in page.tables["history"]] == [("held", "no_allocations")]


async def test_money_that_went_back_is_counted_for_its_tender_on_its_day(desk):
    await desk.set_up(rejectStrategy="void")
    paid, card = (
        message(),
        message(tender="CC", amount="10.00", allocations=[{"invoiceNumber": "1", "amount": "10.00"}]),
    )
    await desk.deliver(paid)
    await desk.deliver(card)
    back = reject(paid)
    await desk.undo(back)
    await desk.drain()
    page = await desk.biller()
    assert list(page.row("tenders", "ACH").values()) == ["ACH", "1", "125.40", "1", "125.40", "0.00"]
    assert list(page.row("tenders", "CC").values()) == ["CC", "1", "10.00", "0", "0.00", "10.00"]
    entry = await desk.entry(paid)
    assert (entry.facts["State"], entry.facts["Undone by"]) == ("reversed", back["rejectId"])
    other = await desk.entry(paid, Kind.ACH_REJECT, back["rejectId"])
    assert other.facts["Undoes"] == paid["paymentId"]


async def test_the_chart_has_a_bar_for_each_of_thirty_days(desk):
    for days in (40, 29, 1, 0):
        at = World().clock.now() - timedelta(days=days)
        desk.clock.step(seconds=(at - desk.clock.now()).total_seconds())
        await desk.deliver(message())
    page = await desk.biller()
    assert sum(tag == "rect" for tag, _ in page.elements) == 30
    assert [day for day in ("2026-10-22", "2026-11-19", "2026-11-20") if f"{day}: 1 payments, 125.40" in page.text] == [
        "2026-10-22",
        "2026-11-19",
        "2026-11-20",
    ]
    assert page.text.count(": 0 payments") == 27


async def test_markup_in_any_text_stays_text(desk):
    contacts = {"clerk": {"name": NASTY, "phone": NASTY, "email": NASTY, "hours": NASTY}}
    await desk.set_up(name=NASTY, maintenanceWindow=NASTY, paused={"reason": NASTY}, contacts=contacts)
    paid = message(customerNumber=NASTY[:20], depositId=NASTY, allocations=None)
    await desk.deliver(paid)
    for page in (await desk.stamp(), await desk.biller(), await desk.entry(paid)):
        assert "<script>alert(1)</script>" in page.text
        assert not {"script", "img"} & {tag for tag, _ in page.elements}
        assert not [name for _, named in page.elements for name in named if name.startswith("on")]


async def test_nothing_of_the_payer_is_shown_but_the_customer_s_number(desk):
    paid = message(payerName="Grace Hopper", checkoutId="checkout-1", allocations=None)
    await desk.deliver(paid)
    for page in (await desk.stamp(), await desk.biller(), await desk.entry(paid)):
        assert "Hopper" not in page.text
        assert "checkout-1" not in page.text


async def test_a_look_that_cannot_be_recorded_shows_nothing(desk):
    desk.views.down = True
    reads = desk.store.reads
    for look in (desk.stamp(), desk.biller(), desk.entry(message())):
        with pytest.raises(Unavailable):
            await look
    assert desk.store.reads == reads


@pytest.mark.slow
async def test_the_first_page_reads_as_often_for_a_thousand_billers_as_for_one(desk):
    async def reads():
        before = desk.store.reads, desk.tokens.reads, desk.billers.reads
        await desk.stamp()
        return tuple(
            now - was
            for now, was in zip((desk.store.reads, desk.tokens.reads, desk.billers.reads), before, strict=True)
        )

    one = await reads()
    assert one == (4 * 32, 1, 0)
    for number in range(1, 1000):
        await desk.set_up(billerId=str(number), name=f"City {number}")
        await desk.token(100, biller_id=str(number))
    for number in range(1, 1000, 10):
        await desk.deliver(message(billerId=str(number), tender="CC" if number % 3 else "CASH"))
    assert await reads() == one
    assert len((await desk.stamp()).tables["billers"]) == 1000


@pytest.mark.parametrize("code", [code for code, reason in REASONS.items() if "CSM" in reason.action])
def test_an_action_that_names_the_csm_says_whom_to_call(code):
    biller = Biller.model_validate(NEWPORT | {"contacts": {"csm": "Kim"}})
    assert ("CSM", "Kim") in [
        (call.role, call.contact and call.contact.name) for call in calls_of(REASONS[code].action, biller.contacts)
    ]


@pytest.mark.parametrize("stopped", ["AR/CC payment_code_unknown", "AR category_unknown", "2026-11-10 period_closed"])
async def test_what_alone_is_stopped_is_named_with_its_cause(desk, stopped):
    what, _, code = stopped.partition(" ")
    await desk.gates.stop("2493", what, code)
    for page in (await desk.stamp(), await desk.biller()):
        assert "stopped in part" in page.text
        assert f"{what}: {REASONS[code].message}" in page.text
    await desk.gates.unblock("2493")
    assert "stopped in part" not in (await desk.stamp()).text


async def test_a_whole_block_goes_before_one_in_part(desk):
    await desk.gates.stop("2493", "AR/CC", "payment_code_unknown")
    await desk.gates.block("2493", "licence_missing")
    assert (await desk.stamp()).row("billers", "Newport")["State"].startswith("blocked")
