import asyncio
import json
import logging
import secrets
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.billers.callback_keys import CallbackKeys, KeyInUse, digest, generate
from shared.vocabulary.errors import Malformed, Misconfigured, Unavailable
from tests.fakes.callback_keys import FakeCallbackKeys
from tests.fakes.clock import StoppedClock

PEPPER = secrets.token_bytes(32)


class _Setting:
    def __init__(self):
        self.store, self.clock, self.pepper_reads = FakeCallbackKeys(), StoppedClock(), 0
        self.keys = CallbackKeys(self.store, self._pepper, self.clock, refresh_seconds=30)

    async def _pepper(self):
        self.pepper_reads += 1
        return PEPPER


@pytest.fixture
def setting():
    return _Setting()


async def _added(setting, biller_id="2493", **kwargs):
    key = generate()
    await setting.keys.add(biller_id, key, **kwargs)
    return key.get_secret_value()


async def test_a_key_finds_its_biller_and_nothing_else_does(setting):
    key, other = await _added(setting), await _added(setting, "2137")
    assert await setting.keys.biller_of(key) == "2493"
    assert await setting.keys.biller_of(other) == "2137"
    for wrong in (None, "", " ", key[:-1], key + "A", key.swapcase(), f"{key},{key}", "\ud800", "\0", "k" * 10_000):
        assert await setting.keys.biller_of(wrong) is None


async def test_a_plus_that_arrives_as_a_space_is_the_same_key(setting):
    await setting.keys.add("2493", SecretStr("ab+cd/ef+" + "x" * 20 + "=="))
    assert await setting.keys.biller_of("ab cd/ef " + "x" * 20 + "==") == "2493"
    assert await setting.keys.biller_of("ab+cd/ef " + "x" * 20 + "==") == "2493"


async def test_no_number_of_guesses_reads_the_store_or_the_vault(setting):
    key = await _added(setting)
    reads = setting.store.reads
    for _ in range(200):
        assert await setting.keys.biller_of(secrets.token_urlsafe(32)) is None
    assert await setting.keys.biller_of(key) == "2493"
    assert setting.store.reads == reads
    assert setting.pepper_reads == 1


async def test_a_key_of_another_process_is_known_and_a_revoked_one_refused_after_thirty_seconds(setting):
    mine = await _added(setting)
    elsewhere = CallbackKeys(setting.store, setting._pepper, setting.clock)
    theirs = generate().get_secret_value()
    await elsewhere.add("2137", SecretStr(theirs))
    await elsewhere.revoke(digest(PEPPER, mine))
    assert await setting.keys.biller_of(theirs) is None
    setting.clock.advance(30)
    assert await setting.keys.biller_of(theirs) == "2137"
    assert await setting.keys.biller_of(mine) is None


async def test_two_keys_overlap_while_one_is_rotated_out(setting):
    old, new = await _added(setting), await _added(setting)
    with pytest.raises(Misconfigured, match="two active"):
        await _added(setting)
    await setting.keys.revoke(digest(PEPPER, old), setting.clock.now() + timedelta(minutes=1))
    assert await setting.keys.biller_of(old) == "2493"
    setting.clock.advance(60)
    assert await setting.keys.biller_of(old) is None
    assert await setting.keys.biller_of(new) == "2493"
    assert await setting.keys.biller_of(await _added(setting)) == "2493"


async def test_a_key_given_to_one_biller_is_never_another_s_nor_comes_back(setting):
    key = await _added(setting)
    with pytest.raises(KeyInUse):
        await setting.keys.add("2137", SecretStr(key))
    await setting.keys.revoke(digest(PEPPER, key))
    with pytest.raises(KeyInUse):
        await setting.keys.add("2493", SecretStr(key))
    assert await setting.keys.biller_of(key) is None


@pytest.mark.parametrize("weak", ["", "short", "x" * 21, "x" * 513, "ä" * 30, "with space " * 4, "a%2B" * 10])
async def test_weak_and_unprintable_keys_are_not_taken(setting, weak):
    with pytest.raises(Malformed) as refused:
        await setting.keys.add("2493", SecretStr(weak))
    assert not weak or weak not in str(refused.value)


async def test_a_failed_refresh_keeps_the_keys_and_is_tried_again_a_second_later(setting, caplog):
    key = await _added(setting)
    setting.clock.advance(30)
    setting.store.down, reads = True, setting.store.reads
    with caplog.at_level(logging.WARNING, "caselle"):
        assert await setting.keys.biller_of(key) == "2493"
        assert await setting.keys.biller_of(key) == "2493"
    assert setting.store.reads == reads + 1
    assert [json.loads(record.message)["event"] for record in caplog.records] == ["callback_keys.refresh_failed"]
    setting.store.down = False
    setting.clock.advance(1)
    assert await setting.keys.biller_of(key) == "2493"
    assert setting.store.reads == reads + 2


async def test_before_the_first_reading_every_key_gets_the_same_answer_and_guesses_cost_a_read_a_second(setting):
    setting.store.down = True
    for _ in range(5):
        with pytest.raises(Unavailable):
            await setting.keys.biller_of(secrets.token_urlsafe(32))
    assert setting.store.reads == 1
    setting.clock.advance(1)
    with pytest.raises(Unavailable):
        await setting.keys.biller_of(None)
    assert setting.store.reads == 2


async def test_a_slow_refresh_delays_one_request_only(setting):
    key = await _added(setting)
    setting.clock.advance(30)
    answer, asked = asyncio.Event(), asyncio.Event()
    read = setting.store.all

    async def slow():
        asked.set()
        await answer.wait()
        return await read()

    setting.store.all = slow
    first = asyncio.create_task(setting.keys.biller_of(key))
    await asked.wait()
    assert await setting.keys.biller_of(key) == "2493"
    answer.set()
    assert await first == "2493"


async def test_many_first_requests_read_once(setting):
    assert await asyncio.gather(*(setting.keys.biller_of("x" * 30) for _ in range(20))) == [None] * 20
    assert setting.store.reads == 1


def test_the_store_holds_digests_only_and_generated_keys_hide(setting):
    key = generate()
    asyncio.run(setting.keys.add("2493", key))
    assert key.get_secret_value() not in repr(setting.store._keys)
    assert key.get_secret_value() not in repr(key)
    assert generate() != key


@settings(deadline=None)
@given(key=st.text(), other=st.text())
def test_only_spelling_variants_share_a_digest(key, other):
    same = key.replace(" ", "+") == other.replace(" ", "+")
    assert (digest(PEPPER, key) == digest(PEPPER, other)) is same
    assert digest(secrets.token_bytes(32), key) != digest(PEPPER, key)
