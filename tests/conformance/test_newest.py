"""The newest entry on a subject, over the table in memory and over Azurite: late claims fail, in every order."""

from datetime import timedelta

import pytest

from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State, Wait
from shared.ledger.errors import Contended, SubjectTaken
from shared.ledger.newest import Newest
from shared.runtime.clock import SystemClock
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.ledger.samples import NOON, entry


@pytest.fixture(params=["memory", "azurite"])
def newest(request):
    if request.param == "memory":
        store = MemoryLedger(StoppedClock())
    else:
        store = TableLedger(request.getfixturevalue("table"), ServerTime(SystemClock()))
    ledger = Ledger(store)
    made = Newest(ledger, store)
    made.ledger = ledger
    return made


def update(order, id_=None, kind=Kind.REGISTRATION, **fields):
    """A message on customer 000412 that stands at this place."""
    waiting = {"due": NOON, "wait": Wait.BACKOFF, "reference": ""}
    return entry(key=Key("2493", kind, id_ or f"u-{order}"), subject="000412", order=order, **waiting | fields)


def sending():
    until = NOON + timedelta(minutes=1)
    return {"state": State.SENDING, "attempt": 1, "slot": 0, "lease_until": until, "due": until, "wait": Wait.LEASE}


async def begun(newest, order, **fields):
    return await newest.begin(update(order, **fields))


async def claimed(newest, before, slot=0):
    also = [await newest.claim(before)]
    return await newest.ledger.move(before, before._replace(**sending() | {"slot": slot}), also=also)


async def test_an_older_one_is_skipped_and_a_newer_one_is_not(newest):
    assert (await begun(newest, "2")).state is State.RECEIVED
    assert (await begun(newest, "1")).state is State.SKIPPED
    assert (await begun(newest, "3")).state is State.RECEIVED


async def test_kinds_have_marks_of_their_own(newest):
    await begun(newest, "2")
    assert (await begun(newest, "1", kind=Kind.AUTOPAY_CHANGE)).state is State.RECEIVED


async def test_a_claim_that_was_overtaken_is_not_written(newest):
    old = await begun(newest, "1")
    claim = await newest.claim(old)
    await begun(newest, "2")
    with pytest.raises(Contended):
        await newest.ledger.move(old, old, also=[claim])
    assert await newest.claim(old) is None
    assert (await newest.ledger.read(old.key)).etag == old.etag


async def test_two_first_ones_at_once_are_one_after_the_other(newest):
    """Both saw no mark; the second finds the first one's."""
    one, other = update("1"), update("2")
    marks = [await newest.claim(one), await newest.claim(other)]
    await newest.ledger.begin(one, also=[marks[0]])
    with pytest.raises(Contended):
        await newest.ledger.begin(other, also=[marks[1]])
    assert (await newest.begin(other)).state is State.RECEIVED


async def test_two_later_ones_at_once_are_one_after_the_other(newest):
    await begun(newest, "0")
    one, other = update("1"), update("2")
    marks = [await newest.claim(one), await newest.claim(other)]
    await newest.ledger.begin(one, also=[marks[0]])
    with pytest.raises(Contended):
        await newest.ledger.begin(other, also=[marks[1]])
    assert (await newest.begin(other)).state is State.RECEIVED


async def test_one_that_is_sent_or_in_doubt_keeps_the_others_of_its_subject_back(newest):
    old = await claimed(newest, await begun(newest, "1"))
    new = await begun(newest, "2")
    with pytest.raises(SubjectTaken):
        await claimed(newest, new, slot=1)
    unknown = old._replace(state=State.UNKNOWN, slot=None, lease_until=None, wait=Wait.ASK)
    old = await newest.ledger.move(old, unknown)
    with pytest.raises(SubjectTaken):
        await claimed(newest, new, slot=1)
    await newest.ledger.move(old, old._replace(state=State.RECEIVED, wait=Wait.BACKOFF))
    assert (await claimed(newest, new, slot=1)).state is State.SENDING


async def test_each_subject_has_one_newest(newest):
    for number in range(120):
        await newest.begin(update("1", f"a-{number:03}")._replace(subject=f"{number:06}"))
    await begun(newest, "5")
    await begun(newest, "6")
    await begun(newest, "4")
    found = [each.key.id async for each in newest.each("2493", Kind.REGISTRATION)]
    assert sorted(found) == sorted([*(f"a-{number:03}" for number in range(120)), "u-6"])
    assert [each async for each in newest.each("2493", Kind.AUTOPAY_CHANGE)] == []
    assert [each async for each in newest.each("249", Kind.REGISTRATION)] == []
