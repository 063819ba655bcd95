"""A slice of the campaign of kills, and proof that the campaign and its tripwire can fail."""

import asyncio
import signal
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from aiohttp import web
from azure.storage.queue.aio import QueueServiceClient

from local.billers_file import read_billers
from local.processes import ROOT
from local.report import Findings
from local.traffic import Traffic
from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Key, Kind, State
from tests.faults import tripwire
from tests.faults.kills import Campaign, NotTripped, drawn
from tests.faults.kills_courses import OTHERS, QUEUE
from tests.faults.kills_figures import KillFigures
from tests.faults.kills_others import Others
from tests.faults.kills_points import EVERYWHERE, POINTS, Point
from tests.faults.kills_stage import Stage
from tests.faults.tripwire import Moment, Trap, Tripwire
from tests.ledger.samples import entry

CHOSEN = {("X8", Moment.ANSWERED, False), ("X10", Moment.ANSWERED, False), ("X7", Moment.ARRIVED, True)}
SLICE = [point for point in POINTS if (point.id, point.moment, point.outlived) in CHOSEN]
OTHER_SLICE = [
    next(point for point in EVERYWHERE if (point.course.kind, point.id, point.moment, point.outage) == chosen)
    for chosen in [
        (Kind.ACH_REJECT, "X8", Moment.ANSWERED, False),
        (Kind.AUTOPAY_CHANGE, "X10", Moment.ANSWERED, False),
        (Kind.REVERSAL, "X9", Moment.ARRIVED, True),
    ]
]
"""A void that is made and not heard of; an update that is written down and not told; storage gone after a void."""
NEVER = Point("X0", "at a request that nobody makes", tripwire.Kind(QUEUE, lambda request: False), Moment.ARRIVED)
BILLERS = read_billers(ROOT / "local/samples/billers.json")
CAN_BE_ASKED, CANNOT_BE_ASKED = "2493", "3180"

CALLER = """
import http.client, sys
for turn in ("first", "second"):
    caller = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    caller.request("POST", "/" + turn, body=b"x" * 1000)
    print(turn, caller.getresponse().status, flush=True)
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Stage(tmp_path_factory.mktemp("kills") / "state") as running:
        yield running


@pytest.mark.parametrize("kind", Kind)
def test_every_point_of_the_catalogue_is_there(kind):
    """Whatever is on its way; and for each, storage ends as well."""
    points = [point for point in EVERYWHERE if point.course.kind is kind]
    assert {point.id for point in points if not point.outage} == {f"X{number}" for number in range(1, 13)}
    assert [point for point in points if point.outage]
    assert len({point.words for point in EVERYWHERE}) == len(EVERYWHERE)


def test_each_round_of_a_campaign_visits_every_point():
    size = len(EVERYWHERE)
    rounds = list(islice(drawn(EVERYWHERE, Random(1)), 2 * size))
    assert set(rounds[:size]) == set(rounds[size:]) == set(EVERYWHERE)
    assert rounds[:size] != rounds[size:]


def test_a_short_campaign_meets_every_kind_of_message_with_and_without_storage():
    first = list(islice(drawn(EVERYWHERE, Random(1)), 2 * len(Kind)))
    assert {(point.course.kind, point.outage) for point in first} == {(kind, out) for kind in Kind for out in (0, 1)}


@pytest.mark.timeout(600)
def test_killed_six_times_and_nothing_lost_or_doubled(stage):
    """Once the host alone, whose worker goes on to send a payment that the next host is given again."""
    said, points = [], [*SLICE, *OTHER_SLICE]
    figures = asyncio.run(Campaign(stage, Random(1), said.append).run(len(points), points))
    assert figures.sound, said
    assert figures.points == {"X8": 2, "X10": 2, "X7": 1, "X9": 1}
    assert figures.posted + figures.reversed + figures.held == figures.payments
    assert (figures.reversed, figures.others) == (6, 9)


def test_a_kill_that_does_not_happen_fails_the_campaign(stage):
    with pytest.raises(NotTripped, match="X0"):
        asyncio.run(Campaign(stage, Random(2), lambda line: None).run(1, [NEVER]))


# The tripwire itself: a real process calls a real service twice.


class Service:
    """Notes the requests that begin and those that arrive whole."""

    def __init__(self):
        self.begun, self.whole = [], []

    async def answer(self, request):
        self.begun.append(request.path)
        await request.read()
        self.whole.append(request.path)
        return web.Response()


@pytest.fixture
async def service():
    noting = Service()
    app = web.Application()
    app.router.add_post("/{turn}", noting.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    noting.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield noting
    await runner.cleanup()


@pytest.fixture
def wires(service):
    with Tripwire({"service": service.url}) as running:
        yield running


async def _call(wires, trap=None):
    """What the caller has read, and how it ended."""
    port = wires.urls["service"].rpartition(":")[2]
    started = Future()
    if trap is not None:
        wires.arm(trap, lambda: started.result().kill())  # armed first: the caller does not wait
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", CALLER, port, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    started.set_result(caller)
    read, _ = await caller.communicate()
    return read.decode().split(), caller.returncode


ANY = tripwire.Kind("service", lambda request: True)
FIRST, BOTH = ["/first"], ["/first", "/second"]


@pytest.mark.parametrize(
    ("trap", "seen"),
    [
        (Trap(ANY, Moment.ARRIVED), ([], [], [])),
        (Trap(ANY, Moment.HALF_SENT), (FIRST, [], [])),
        (Trap(ANY, Moment.SENT), (FIRST, FIRST, [])),
        (Trap(ANY, Moment.ANSWERED), (FIRST, FIRST, [])),
        (Trap(ANY, Moment.RELAYED), (FIRST, FIRST, ["first", "200"])),
        (Trap(ANY, Moment.ARRIVED, passing=1), (FIRST, FIRST, ["first", "200"])),
        (Trap(ANY, Moment.ANSWERED, passing=1), (BOTH, BOTH, ["first", "200"])),
    ],
)
async def test_a_trap_ends_the_process_at_its_moment(wires, service, trap, seen):
    """``seen``: requests begun and whole at the service, and what the caller read of the answers."""
    read, code = await _call(wires, trap)
    await asyncio.to_thread(wires.mend)
    assert (service.begun, service.whole, read) == seen
    assert code == -signal.SIGKILL


@pytest.mark.parametrize(("moment", "begun_by_then"), [(Moment.ARRIVED, []), (Moment.ANSWERED, FIRST)])
async def test_a_trap_that_cuts_nothing_kills_somebody_else(wires, service, moment, begun_by_then):
    """As a host whose worker goes on; the caller notices nothing."""
    seen = []
    killed = wires.arm(Trap(ANY, moment), lambda: seen.append(list(service.begun)), cuts=False)
    assert await _call(wires) == (["first", "200", "second", "200"], 0)
    assert (seen, killed.done(), service.whole) == ([begun_by_then], True, BOTH)


async def test_a_wire_that_is_not_cut_goes_on(wires, service):
    """As Caselle does while storage is gone: the caller is cut off elsewhere."""
    killed = wires.arm(Trap(ANY, Moment.ANSWERED), lambda: None, wires={"another"})
    assert await _call(wires) == (["first", "200", "second", "200"], 0)
    assert (killed.done(), wires.is_cut("another"), wires.is_cut("service")) == (True, True, False)
    wires.restore()
    assert (wires.is_cut("another"), await _call(wires)) == (False, (["first", "200", "second", "200"], 0))


async def test_all_passes_before_a_trap_and_after_mending(wires, service):
    everything = (["first", "200", "second", "200"], 0)
    assert await _call(wires) == everything
    assert await _call(wires, Trap(ANY, Moment.ARRIVED)) == ([], -signal.SIGKILL)
    await asyncio.to_thread(wires.mend)
    assert await _call(wires) == everything
    assert service.whole == BOTH + BOTH


async def test_a_failed_request_is_none_that_a_late_trap_waits_for(wires, service):
    failing = tripwire.Kind("service", lambda request: True, lambda answer: answer.status == 500)
    assert await _call(wires, Trap(failing, Moment.ANSWERED)) == (["first", "200", "second", "200"], 0)


# The figures: what a campaign must not call sound.


def _posted(biller=CAN_BE_ASKED, **fields):
    usual = {"state": State.POSTED, "reference": "IC1", "receipt_number": "1", "cents": 100}
    return entry(key=Key(biller, Kind.PAYMENT, "p-1"), **usual | fields)


def _figures(entries, receipts, unsettled=(), doubled=0):
    rows = [{"receiptNumber": str(n), "reference": "IC1", "cents": 100, "status": "POSTED"} for n in range(receipts)]
    biller = entries[0].key.biller if entries else CAN_BE_ASKED
    figures = KillFigures(payments=1)
    summary = {biller: {"receipts": receipts, "cents": 100 * receipts, "doubled": doubled}}
    figures.count(Findings({}, list(unsettled), [], entries, {biller: rows}, summary, 0), BILLERS)
    return figures


def _counts(figures):
    return (figures.lost, figures.doubled, figures.stuck)


def test_figures_of_a_payment_that_went_wrong():
    assert _counts(_figures([_posted()], receipts=1)) == (0, 0, 0)
    assert _counts(_figures([], receipts=0, unsettled=[1])) == (1, 0, 1)
    assert _counts(_figures([_posted()], receipts=0)) == (1, 0, 0)
    assert _counts(_figures([_posted()], receipts=2, doubled=1)) == (0, 1, 0)
    assert _counts(_figures([_posted(state=State.UNKNOWN)], receipts=1)) == (0, 0, 1)


def test_only_a_biller_that_cannot_be_asked_may_leave_a_payment_held():
    held = {"state": State.HELD, "reason": "outcome_unknown", "receipt_number": None}
    assert _counts(_figures([_posted(CANNOT_BE_ASKED, **held)], receipts=1)) == (0, 0, 0)
    assert _counts(_figures([_posted(CAN_BE_ASKED, **held)], receipts=1)) == (0, 0, 1)
    assert _counts(_figures([_posted(CANNOT_BE_ASKED, **held | {"reason": "poison"})], receipts=1)) == (0, 0, 1)


def test_each_figure_alone_makes_a_campaign_unsound():
    assert KillFigures().sound
    for field in ("lost", "doubled", "stuck", "astray"):
        assert not replace(KillFigures(), **{field: 1}).sound
    assert not replace(KillFigures(), wrong=["Line 1 has no outcome."]).sound


# What must have become of a reject, and of a customer update.

PAID = {
    "billerId": CAN_BE_ASKED,
    "paymentId": "p-1",
    "confirmationNumber": "IC1",
    "customerNumber": "7",
    "amount": "1.00",
}
VOID, LIVE = "VOIDED", "POSTED"


def _told(course, payments=(PAID,), *, outcome=Outcome.REVERSED):
    """Messages about payments, each told with an outcome."""
    queues = QueueServiceClient.from_connection_string("UseDevelopmentStorage=true")
    others = Others(queues, course, Traffic(queues, []), Random(1))
    others.follow(payments)
    for each in others.sent:
        fields = {"kind": course.kind, "billerId": CAN_BE_ASKED, "id": each[course.id_field], "outcome": outcome}
        fields |= {"messageId": each[course.id_field], "version": 1, "at": "2026-11-30T12:00:00Z", "final": True}
        others.take(PostingResult.model_validate(fields | {"attempts": 1}))
    return others


def _kept(others, state=State.POSTED):
    return [
        entry(key=Key(CAN_BE_ASKED, others.course.kind, result.id), state=state) for result in others.results.values()
    ]


def _rows(*statuses):
    return {CAN_BE_ASKED: [{"receiptNumber": str(n), "reference": "IC1", "status": s} for n, s in enumerate(statuses)]}


@pytest.mark.parametrize("course", OTHERS[:2])
def test_a_reject_is_done_when_its_payment_s_receipt_is_void_and_that_is_told(course):
    done = _told(course)
    assert list(done.wrong(_kept(done), _rows(VOID), {})) == []
    for entries, receipts in (
        ([], _rows(VOID)),
        (_kept(done, State.UNKNOWN), _rows(VOID)),
        (_kept(done), _rows(LIVE)),
        (_kept(done), _rows(VOID, LIVE)),
        (_kept(done), _rows()),
    ):
        assert len(list(done.wrong(entries, receipts, {}))) == 1
    otherwise = _told(course, outcome=Outcome.HELD)
    assert len(list(otherwise.wrong(_kept(otherwise), _rows(VOID), {}))) == 1


@pytest.mark.parametrize("course", OTHERS[2:])
def test_of_updates_the_last_one_is_what_the_customer_has(course):
    done = _told(course, [PAID, PAID], outcome=Outcome.APPLIED)
    first, last = done.sent
    set_last = {"email": last.get("email"), "autopay": last.get("change") == "enrolled"}
    set_otherwise = {"email": first.get("email"), "autopay": not set_last["autopay"]}
    assert list(done.wrong(_kept(done), {}, {CAN_BE_ASKED: {"7": set_last}})) == []
    assert len(list(done.wrong(_kept(done), {}, {CAN_BE_ASKED: {"7": set_otherwise}}))) == 1
    assert len(list(done.wrong(_kept(done), {}, {}))) == 1
    assert len(list(done.wrong(_kept(done)[:1], {}, {CAN_BE_ASKED: {"7": set_last}}))) == 1
