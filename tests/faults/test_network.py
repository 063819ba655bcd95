"""Each shape of failure over real sockets: the answer is of its class, and the payment is posted exactly once."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.ledger.entry import State
from shared.payments.gateway import ReceiptOrder, Share
from shared.vocabulary.money import Money
from tests.fakes.clock import StoppedClock
from tests.faults import network_endings as ending
from tests.faults.network_app import HASTY, PATIENT, App
from tests.faults.network_shapes import SHAPES, STATES, Shape

BILLER = "2493"
MOST_GROWTH = 20 * 1000 * 1000
NAMED = {shape.name: shape for shape in SHAPES}
ORDER = ReceiptOrder(
    customer_number="000412",
    category_code="12",
    distribution_code="1201",
    payment_code="7",
    amount=Money(12540),
    receipt_date=date(2026, 11, 20),
    reference="IC1",
    payer="Ada",
    shares=(Share("10023", Money(10000)), Share("10044", Money(2540))),
)


@pytest.fixture
async def app(line, city, control) -> App:
    app = App(line, city, control, StoppedClock(datetime.now(UTC)))
    await app.begin()
    return app


@pytest.fixture
def references(control):
    """How many receipts there are, by reference."""

    async def count():
        return Counter(row["reference"] for row in (await control.receipts())[BILLER])

    return count


async def ordered(line, city, shape):
    """The answer to one order that meets the shape."""
    await line.meet(shape)
    answer = await line.cash(city, shape).create_receipt(city.biller, ORDER)
    await line.heal()
    return answer


@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_an_answer_is_of_its_class_and_the_order_leaves_once(line, city, references, shape):
    answer = await ordered(line, city, shape)
    assert type(answer) is shape.answer
    assert getattr(answer, "scope", None) is shape.scope
    assert await references() == Counter({"IC1": shape.processed} if shape.processed else ())
    if shape.connect_phase:
        assert line.proxy.requests == []
    else:
        assert line.proxy.connections == 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_a_payment_whose_first_attempt_ends_so_is_posted_exactly_once(app, references, shape):
    payment = await app.post(shape)
    assert (await app.world.entry(payment)).state is STATES[shape.answer, shape.scope]
    await app.heal()
    settled = await app.settle(payment)
    assert settled.state is (State.HELD if shape.ends_held else State.POSTED)
    assert settled.attempt == 1 + (not shape.processed and not shape.ends_held)
    made = await references()
    assert made.pop(payment["confirmationNumber"], 0) == (not shape.ends_held)
    assert list(made.values()) == [1, 1]


@pytest.mark.parametrize("minutes", [14, 20])
async def test_a_request_that_lands_late_is_found_and_not_sent_again(app, line, references, minutes):
    """P19: absences that were seen before it landed, a control beside them, are not believed."""
    shape = replace(NAMED["reads and hangs"], fault="P19", act=ending.lands_late)
    payment = await app.post(shape)
    app.start_again()
    await app.pass_minutes(4)
    await app.deliver(app.new_payment())
    for _ in range(minutes - 4):
        await app.pass_minutes(1)
    assert payment["confirmationNumber"] not in await references()
    line.proxy.release.set()
    await line.heal()
    settled = await app.settle(payment)
    assert (settled.state, settled.attempt) == (State.POSTED, 1)
    assert set((await references()).values()) == {1}


async def test_a_redirect_is_never_followed(line, city):
    answer = await ordered(line, city, NAMED["307"])
    assert isinstance(answer, Ambiguous)
    assert (line.proxy.connections, line.elsewhere.connections) == (1, 0)


async def test_200_megabytes_are_not_kept(line, city):
    await line.cash(city).reachable(city.biller, "000412")
    before = _peak_of_memory(forget=True)
    answer = await ordered(line, city, NAMED["flood"])
    assert answer == Ambiguous("answer_too_large")
    assert _peak_of_memory() - before < MOST_GROWTH


@pytest.mark.parametrize(
    "told", [("0", 0.0), ("30", 30.0), ("1000000000", 1e9), ("soon", None), ("-1", None), ("NaN", None)]
)
@pytest.mark.parametrize("act", [ending.before, ending.after])
async def test_whatever_a_throttled_call_is_told_to_wait(line, city, references, act, told):
    """P18."""
    value, seconds = told
    act_so = act("429 Too Many Requests", b"", f"Retry-After: {value}")
    shape = replace(NAMED["429 too many requests before"], act=act_so)
    assert await ordered(line, city, shape) == Ambiguous("throttled", retry_after=seconds, throttled=True)
    assert await references() == Counter({"IC1": 1} if act is ending.after else ())


async def test_each_order_has_a_connection_of_its_own(line, city, references):
    cash = line.cash(city)
    for number in range(3):
        answer = await cash.create_receipt(city.biller, replace(ORDER, reference=f"IC{number}"))
        assert isinstance(answer, Accepted)
    assert line.proxy.connections == len(line.proxy.requests) == 3


@pytest.mark.parametrize("name", ["black hole", "silent handshake"])
async def test_a_deadline_that_ends_while_connecting_has_sent_nothing(line, city, name):
    """What a slow token leaves of it may be less than the time for connecting."""
    shape: Shape = NAMED[name]
    await line.meet(shape)
    wire = Wire(shape.url(line.proxy), PATIENT)
    answer = await CaselleCashReceipting(CaselleClient(wire, city, HASTY)).create_receipt(city.biller, ORDER)
    await wire.aclose()
    assert isinstance(answer, NotSent)


def _peak_of_memory(*, forget: bool = False) -> int:
    """The most bytes that this process has held; ``forget`` begins anew with what it holds now."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024
