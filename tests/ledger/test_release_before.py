"""Rows as the release before wrote them: read, driven to their end, and never sent unasked where one may have left."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ledger import rows
from shared.ledger.entry import State
from shared.ledger.store import Insert, Row
from shared.payments.fingerprint import fingerprint
from shared.payments.message import parse
from shared.repair.decision import NotAllowed
from tests.conformance.newport import ORDER
from tests.payments.world import body, key_of, message, reject
from tests.repair.world import SAID, person

MINUTE, HOUR = 60.0, 3600.0
SHARD = rows.shard_of("2493")
NOW = "2026-11-20T11:50:00.000+00:00"
"""When those rows were written; the new release begins at noon."""

SENT = {"attempt": 1, "sent_at": NOW}
LEASED = {"lease_until": "2026-11-20T11:51:00.000+00:00", "due": "2026-11-20T11:51:00.000+00:00", "wait": "lease"}
DUE = {"due": "2026-11-20T11:55:00.000+00:00"}
HELD = {"held_at": NOW, "reason": "outcome_unknown", "detail": "ReadTimeout"}


def state_row(fields, state, **more):
    """The state row of a payment, property by property."""
    key = key_of(fields)
    return {
        "biller": key.biller,
        "kind": "payment",
        "id": key.id,
        "state": state,
        "fingerprint": fingerprint(parse(body(fields))),
        "cents": 12540,
        "customer_number": "000412",
        "reference": fields["confirmationNumber"],
        "message_id": "m-old",
        "message": body(fields),
        "received_at": NOW,
        "posting_date": "2026-11-20",
        "version": 2,
        "nonce": "n",
        "booked_on": "2026-11-20",
        "changed_at": NOW,
        "attempt": 0,
        "backoffs": 0,
        "resends": 0,
        "unproved_seconds": 0.0,
        "order": "",
        **more,
    }


async def written(world, fields, state, **more):
    """Everything that lay in the table for one payment."""
    key, values = key_of(fields), state_row(fields, state, **more)
    named = {"biller": key.biller, "kind": "payment", "id": key.id}
    entry = rows.entry_of(Row(rows.state_key(key), values, "e"))
    changes = [
        Insert(rows.state_key(key), values),
        Insert(rows.event_key(key, 1), {"was": "", "state": "received", "attempt": 0, "nonce": "m", "at": NOW}),
        Insert(rows.event_key(key, 2), {"was": "received", "state": state, "attempt": 1, "nonce": "n", "at": NOW}),
        Insert(rows.reference_key("2493", fields["confirmationNumber"]), {"key": str(key)}),
        Insert(rows.day_key("2026-11-20", key), {**named, "received_at": NOW}),
    ]
    if entry.due:
        open_ = {**named, "customer": "000412", "version": 2, "queue": f"2493~{state}", "received_at": NOW}
        changes.append(Insert(rows.open_key(entry.due, key), open_))
    if entry.held_at:
        held = {**named, "customer": "000412", "reason": entry.reason, "cents": 12540}
        changes.append(Insert(rows.held_key(entry.held_at, key), held))
    if entry.slot is not None:
        changes.append(Insert(rows.slot_key("2493", entry.slot), named))
    if state == "posted":
        changes.append(Insert(rows.posted_key(entry.received_at, key), {**named, "cents": 12540}))
        changes.append(Insert(rows.receipt_key("2493", entry.receipt_number), {"key": str(key)}))
    await world.store.commit(SHARD, changes)
    return fields


def make(world, fields):
    """The receipt of its one attempt."""
    return world.city.make(replace(ORDER, reference=fields["confirmationNumber"]))


IN_DOUBT = {
    "being sent": ("sending", {**SENT, **LEASED, "slot": 0}),
    "unknown": ("unknown", {**SENT, **DUE, "wait": "ask", "reason": "ReadTimeout"}),
    "seen absent once": (
        "unknown",
        {**SENT, **DUE, "wait": "ask", "reason": "ReadTimeout", "absent_at": NOW, "answered_at": NOW},
    ),
    "proved absent and due": ("received", {**SENT, **DUE, "wait": "backoff", "resends": 1}),
    "not sent at its first try": ("received", {**SENT, **DUE, "wait": "backoff", "backoffs": 1, "reason": "no_token"}),
    "held in doubt": ("held", {**SENT, **HELD}),
    "refused": ("held", {**SENT, "held_at": NOW, "reason": "customer_unknown"}),
}


async def go_on(world, seconds):
    for _ in range(int(seconds // (20 * MINUTE))):
        await world.pass_time(20 * MINUTE)
        await world.deliver(message())
        await world.drain()


@pytest.mark.slow
@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("which", IN_DOUBT)
async def test_what_may_have_left_is_never_sent_unasked(world, which, made):
    state, more = IN_DOUBT[which]
    paid = await written(world, message(), state, **more)
    if made:
        make(world, paid)
    await go_on(world, 22 * HOUR)
    entry = await world.entry(paid)
    references = [each.reference for _, each in world.city.receipts_made]
    assert references.count(paid["confirmationNumber"]) == int(made)
    if made and state != "held":
        assert (entry.state, entry.receipt_number) == (State.POSTED, "5.00001")
    else:
        # No payment of the release before vouches for the list, so that a person decides.
        assert entry.state is State.HELD
    assert world.keys("S~") == []


@pytest.mark.parametrize("which", ["held in doubt", "refused"])
async def test_a_held_one_is_looked_for_before_a_person_lets_it_go(world, which):
    state, more = IN_DOUBT[which]
    paid = await written(world, message(), state, **more)
    make(world, paid)
    await world.pass_time(HOUR)
    with pytest.raises(NotAllowed, match="entered it by hand"):
        await person(world).retry(key_of(paid), replace(SAID, not_by_hand=False))
    with pytest.raises(NotAllowed, match=r"has it, under receipt 5\.00001"):
        await person(world).retry(key_of(paid), SAID, override=True)


async def test_what_was_never_sent_goes_as_before(world):
    paid = await written(world, message(), "received", **DUE, wait="backoff")
    await world.pass_time(2 * MINUTE)
    assert ((await world.entry(paid)).state, world.city.questions) == (State.POSTED, 0)


async def test_what_is_posted_stays_so_is_known_again_and_can_be_undone(world):
    await world.set_up(rejectStrategy="void")
    paid = message()
    await written(world, paid, "posted", **SENT, receipt_number="5.00001")
    make(world, paid)
    await world.deliver(paid)
    assert [(result.outcome, result.receipt_number) for result in world.results] == [("posted", "5.00001")]
    assert world.city.orders == []
    await world.undo(back := reject(paid))
    await world.drain()
    assert (await world.entry(paid)).state is State.REVERSED
    assert (await world.entry(back)).state is State.POSTED


async def test_its_posted_rows_vouch_for_nothing(world):
    await written(world, message(), "posted", **SENT, receipt_number="5.00001")
    entry_at = rows.moment_in(world.keys("A~")[0])
    assert await world.ledger.posted.since("2493", entry_at - timedelta(1)) == []


async def test_what_it_kept_and_no_one_needs_any_more_is_dropped_with_the_next_version(world):
    state, more = IN_DOUBT["seen absent once"]
    paid = await written(world, message(), state, **more)
    make(world, paid)
    await world.pass_time(5 * MINUTE)
    kept = world.store.rows[SHARD, rows.state_key(key_of(paid))].values
    assert not {"absent_at", "answered_at", "unproved_seconds"} & set(kept)
    assert json.loads(kept["message"])["paymentId"] == paid["paymentId"]
