"""What is not finished, by biller, lane and cause: the count of status, console and of retiring a biller alike."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from admin import status
from admin.billers import modes
from admin.errors import WrongUse
from shared.billers.model import Biller
from shared.console.standing import read_standings
from shared.ledger import backlog, transition
from shared.ledger.backlog import Backlog, read_backlogs
from shared.ledger.entry import Entry, Key, Kind, State, Wait
from shared.ledger.rows import shard_of, slot_key
from shared.ledger.store import Insert
from tests.fakes.app import app_over
from tests.fakes.billers import FakeBillers
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.fakes.runs import MemoryRuns
from tests.fakes.tokens import FakeTokenRows

BILLER, OTHER = "2493", "11"
CAME = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return StoppedClock(CAME + timedelta(minutes=3))


@pytest.fixture
def store(clock):
    return MemoryLedger(clock)


async def put(store, number, *, biller=BILLER, kind=Kind.PAYMENT, state=State.RECEIVED, wait=Wait.SLOT, **fields):
    held = state is State.HELD
    entry = Entry(
        **{"key": Key(biller, kind, f"p{number:05}"), "state": state, "fingerprint": "f", "cents": 100}
        | {"customer_number": "1", "reference": f"c{number}", "message_id": "m", "message": b"{}", "received_at": CAME}
        | {"posting_date": "2026-11-20", "booked_on": "2026-11-20", "nonce": f"n{number}", "version": 1}
        | {"due": None if held else CAME, "wait": None if held else wait, "held_at": CAME if held else None}
        | fields
    )
    await store.commit(shard_of(biller), transition.moved_in(entry))


def a_biller(number=BILLER):
    return Biller(biller_id=number, name=f"City {number}", time_zone="America/Los_Angeles")


def stamp_of(store, *billers):
    """A stamp as the commands open it, over this table."""
    clock = SimpleNamespace(now=store.now)
    made = {"billers": FakeBillers(*billers), "tokens": FakeTokenRows(), "runs": MemoryRuns(), "server_time": clock}
    return app_over(StoppedClock(), ledger=store, **made)


async def mixed(store):
    await put(store, 1)
    await put(store, 2, state=State.UNKNOWN, wait=Wait.ASK, received_at=CAME - timedelta(hours=2))
    await put(store, 3, state=State.POSTED, wait=Wait.REPORT)
    await put(store, 4, kind=Kind.AUTOPAY_CHANGE)
    await put(store, 5, state=State.HELD, reason="unknown_tender")
    await put(store, 6, state=State.HELD, reason="unknown_tender", held_at=CAME - timedelta(days=3))
    await put(store, 7, state=State.HELD, reason="no_allocations")
    await put(store, 8, biller=OTHER)


async def test_open_waiting_held_and_oldest_by_lane_and_cause(store, clock):
    await mixed(store)
    found = (await read_backlogs(store)).of(BILLER)
    assert found.open == {"received": 2, "unknown": 1, "posted": 1}
    assert (found.waiting, found.lanes) == (3, {BILLER: 2, f"{BILLER}.updates": 1})
    assert (found.held, found.causes) == (3, {"unknown_tender": 2, "no_allocations": 1})
    assert (found.oldest_waiting, found.oldest_held) == (CAME - timedelta(hours=2), CAME - timedelta(days=3))
    assert (found.most_late, found.cut) == (clock.now() - CAME, False)


async def test_one_biller_s_is_its_share_of_everybody_s(store):
    await mixed(store)
    everybody = await read_backlogs(store)
    assert set(everybody.by_biller) == {BILLER, OTHER}
    for each in (BILLER, OTHER):
        assert (await read_backlogs(store, each)).by_biller == {each: everybody.of(each)}
    assert everybody.of("7") == Backlog()


async def test_status_and_console_say_the_same(store):
    await mixed(store)
    billers = [a_biller(), a_biller(OTHER)]
    seen, console = await status._look(stamp_of(store, *billers), None), await read_standings(store, billers)
    for each in billers:
        line, shown = status._line(seen, each), console.of(each.biller_id).backlog
        assert (line["waiting"], line["held"], line["atLeast"]) == (shown.waiting, shown.held, shown.cut)
    assert status._summary(seen)["waiting"] == 4


@pytest.mark.parametrize(("rows", "cut"), [(3, False), (4, True)])
async def test_where_a_list_is_longer_than_what_is_counted_both_say_at_least(store, monkeypatch, rows, cut):
    monkeypatch.setattr(backlog, "MOST", 3)
    for number in range(rows):
        await put(store, number)
    seen, console = await status._look(stamp_of(store, a_biller()), None), await read_standings(store, [a_biller()])
    line = status._line(seen, a_biller())
    assert (line["waiting"], line["atLeast"], status._summary(seen)["atLeast"]) == (3, cut, cut)
    assert (console.of(BILLER).backlog.waiting, console.cut) == (3, cut)


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.AUTOPAY_CHANGE, Kind.REGISTRATION])
async def test_no_biller_is_retired_while_anything_of_it_is_on_its_way(store, kind):
    await put(store, 1, kind=kind)
    with pytest.raises(WrongUse, match="1 payments or reversals, customer updates included, of City 2493"):
        await modes._retire(stamp_of(store, a_biller()), BILLER, "over", yes=True)


async def test_what_a_newer_release_wrote_is_counted_and_ends_no_count(store):
    values = {"biller": BILLER, "queue": f"{BILLER}~thinking", "kind": "dream", "id": "x"}
    at = f"{int(CAME.timestamp() * 1000):015}"
    change = Insert(f"O~{at}~{BILLER}~dream~x", values)
    await store.commit(shard_of(BILLER), [change, Insert(slot_key(BILLER, 0), {"biller": BILLER})])
    found = (await read_backlogs(store)).of(BILLER)
    assert (found.open, found.waiting) == ({"thinking": 1}, 0)
