"""One state change, one transaction: which rows there are follows from the entry."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ledger import rows, settle, transition
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind, State, Wait, lane_of
from shared.ledger.store import Replace, Row
from shared.ledger.times import Times
from shared.ledger.transition import TRANSITIONS
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.ledger.samples import KEY, NOON, entries, entry, keys

S = State
ALLOWED = {
    None: {S.RECEIVED, S.WAITING, S.SENDING, S.UNKNOWN, S.HELD, S.SKIPPED, S.NOT_POSTED},
    S.WAITING: {S.WAITING, S.RECEIVED, S.SENDING, S.POSTED, S.HELD, S.NOT_POSTED},
    S.RECEIVED: {S.RECEIVED, S.WAITING, S.SENDING, S.UNKNOWN, S.HELD, S.POSTED, S.NOT_POSTED, S.SKIPPED},
    S.SENDING: {S.RECEIVED, S.POSTED, S.UNKNOWN, S.HELD},
    S.UNKNOWN: {S.UNKNOWN, S.POSTED, S.RECEIVED, S.HELD, S.NOT_POSTED},
    S.HELD: {S.HELD, S.RECEIVED, S.POSTED, S.NOT_POSTED},
    S.POSTED: {S.POSTED, S.RECEIVED, S.HELD, S.REVERSED},
    S.REVERSED: {S.REVERSED},
    S.NOT_POSTED: {S.HELD},
    S.SKIPPED: {S.HELD},
}


@pytest.mark.parametrize(("was", "becomes"), list(itertools.product(ALLOWED, State)))
def test_nothing_but_the_table_is_allowed(was, becomes):
    before = was and entry(state=was, version=1, etag="e")
    after = entry(state=becomes, version=2)
    if becomes in ALLOWED[was]:
        assert transition.changes(before, after, NOON)
    else:
        with pytest.raises(ValueError, match="no transition"):
            transition.changes(before, after, NOON)


def test_a_send_whose_outcome_is_unknown_has_no_way_back_to_sending():
    assert S.SENDING not in TRANSITIONS[S.UNKNOWN] | TRANSITIONS[S.SENDING] | TRANSITIONS[S.HELD]


def test_the_state_row_comes_first():
    after = entry(state=S.SENDING, version=1, slot=0, due=NOON)
    assert [change.key for change in transition.changes(None, after, NOON)] == [
        "P~2493~payment~pay-1",
        "E~2493~payment~pay-1~000001",
        "O~001795176000000~2493~payment~pay-1",
        "S~2493~0",
        "N~2493~ic1",
    ]


@pytest.mark.slow
@given(entries)
def test_an_entry_comes_back_from_its_row_as_it_was(one: Entry):
    row = Row(rows.state_key(one.key), rows.entry_values(one), "e-1")
    assert rows.entry_of(row) == one._replace(etag="e-1")
    assert rows.key_of(row) == one.key


@pytest.mark.slow
@given(entries, st.text(min_size=1))
def test_row_keys_hold_nothing_that_the_table_refuses(one: Entry, receipt: str):
    reference = "IC-0._a"
    made = [
        rows.state_key(one.key),
        rows.event_key(one.key, one.version),
        rows.conflict_key(one.key, one.fingerprint),
        rows.open_key(one.received_at, one.key),
        rows.held_key(one.received_at, one.key),
        rows.slot_key(one.key.biller, 1),
        rows.reference_key(one.key.biller, reference),
        rows.receipt_key(one.key.biller, receipt),
        rows.gate_key(one.key.biller),
        rows.gate_key(lane_of(one.key.biller, Kind.REGISTRATION)),
        rows.subject_key(one.key, receipt),
        rows.newest_key(one.key, receipt),
    ]
    assert all(key.isascii() and key.isprintable() and not set(key) & set(r"/\#?") for key in made)
    assert len(set(made)) == len(made)


@given(keys, keys, st.integers(0, 10**11), st.integers(0, 10**11))
def test_open_rows_lie_in_order_of_time(one: Key, other: Key, soon: int, late: int):
    first, second = (NOON + timedelta(milliseconds=each) for each in (soon, late))
    if first < second:
        assert rows.open_key(first, one) < rows.open_key(second, other)
    assert rows.open_key(first, one) < rows.open_until(first)
    assert rows.open_key(first + timedelta(milliseconds=1), one) >= rows.open_until(first)


@given(keys, keys)
def test_reading_on_behind_a_row_leaves_none_out(one: Key, other: Key):
    here, there = rows.open_key(NOON, one), rows.open_key(NOON, other)
    assert (there >= f"{here}{rows.BEHIND}") == (there > here)


@given(keys)
def test_a_scan_of_one_kind_of_row_ends_behind_its_last(key: Key):
    assert "O~" <= rows.open_key(NOON, key) < f"O~{rows.END}"
    assert rows.slot_key(key.biller, 0) <= rows.slot_key(key.biller, 9) < f"S~{key.biller}~{rows.END}"
    other_lane = rows.slot_key(lane_of(key.biller, Kind.REGISTRATION), 0)
    assert not rows.slot_key(key.biller, 0) <= other_lane < f"S~{key.biller}~{rows.END}"


def test_references_are_one_in_any_letter_case():
    assert rows.reference_key("2493", "ic1") == rows.reference_key("2493", "IC1")


@pytest.mark.parametrize(
    ("biller", "shard"), [("2493", "10"), ("2137", "0e"), ("1", "0b"), ("999999999", "09"), ("0", "09")]
)
def test_a_biller_keeps_its_shard_for_ever(biller, shard):
    assert rows.shard_of(biller) == rows.shard_of(lane_of(biller, Kind.REGISTRATION)) == shard


def test_there_are_32_shards_for_ever():
    assert tuple(f"{number:02x}" for number in range(32)) == rows.SHARDS


def test_a_state_of_a_newer_release_is_refused():
    values = {**rows.entry_values(entry()), "state": "dreaming"}
    with pytest.raises(ValueError, match="dreaming"):
        rows.entry_of(Row("P", values, "e"))


def _next(before: Entry | None, state: State, slot: int) -> Entry:
    """Some entry in this state, with the rows that the algorithm gives it."""
    times, later = Times(), NOON + timedelta(minutes=before.version if before else 0)
    base = before or entry()
    match state:
        case S.POSTED:
            return settle.posted(base, f"5.{base.version:05}")
        case S.HELD:
            return settle.held(base, "r", later)
        case S.UNKNOWN:
            return settle.unknown(base._replace(sent_at=later), "r", times)
        case S.SENDING:
            claimed = base._replace(state=state, attempt=base.attempt + 1, slot=slot, due=later, wait=Wait.LEASE)
            return claimed._replace(lease_until=later, held_at=None)
        case S.RECEIVED:
            return base._replace(state=state, slot=None, due=later, wait=Wait.BACKOFF, held_at=None, lease_until=None)
        case _:
            return base._replace(state=state, slot=None, due=None, wait=None, held_at=None, lease_until=None)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(State), st.integers(0, 1)), max_size=12))
def test_rows_say_the_same_as_the_entry_after_any_legal_sequence(steps):
    clock = StoppedClock()
    store = MemoryLedger(clock)

    async def run() -> None:
        ledger, current, arrivals = Ledger(store), None, 0
        for state, slot in steps:
            was = current.state if current else None
            if state not in TRANSITIONS[was]:
                continue
            clock.advance(1)
            after = _next(current, state, slot)
            current = await (ledger.move(current, after) if current else ledger.begin(after))
            arrivals += state is S.POSTED and was is not S.POSTED
            _agree(store, current, arrivals)
            assert await ledger.read(KEY) == current

    asyncio.run(run())


def _agree(store: MemoryLedger, current: Entry, arrivals: int) -> None:
    """``arrivals``: how often it came to be at the peer, each time under another number."""
    keys_of = {prefix: sorted(key for _, key in store.rows if key.startswith(prefix)) for prefix in "OHSERA"}
    assert keys_of["O"] == ([rows.open_key(current.due, KEY)] if current.due else [])
    assert keys_of["H"] == ([rows.held_key(current.held_at, KEY)] if current.held_at else [])
    assert _slots(store) == ([rows.slot_key("2493", current.slot)] if current.slot is not None else [])
    assert keys_of["E"] == [rows.event_key(KEY, number + 1) for number in range(current.version)]
    assert len(keys_of["R"]) == len(keys_of["A"]) == arrivals
    events = [store.rows[rows.shard_of("2493"), key].values for key in keys_of["E"]]
    assert [event["was"] for event in events] == ["", *(event["state"] for event in events[:-1])]
    last = events[-1]
    assert (last["state"], last["attempt"], last["nonce"]) == (current.state, current.attempt, current.nonce)
    assert (last.get("reason"), last.get("receipt_number")) == (current.reason, current.receipt_number)


def _slots(store: MemoryLedger) -> list[str]:
    """Slots that a send holds; a closed one is opened, as the gate would do."""
    slots = [place for place in store.rows if place[1].startswith("S~")]
    closed = [place for place in slots if rows.is_closed(store.rows[place])]
    for place in closed:
        del store.rows[place]
    return sorted(key for _, key in set(slots) - set(closed))


def test_an_unknown_outcome_leaves_its_slot_closed():
    sending = _next(entry(), S.SENDING, 1)
    changes = {
        change.key: change for change in transition.changes(sending, settle.unknown(sending, "r", Times()), NOON)
    }
    slot = changes[rows.slot_key("2493", 1)]
    assert isinstance(slot, Replace)
    assert slot.values == {"biller": "2493", rows.CLOSED: True}


def test_kinds_are_part_of_every_key():
    assert str(Key("1", Kind.PAYMENT, "x")) == "1~payment~x"
