import asyncio
import json
import logging
import math
import secrets
from datetime import timedelta
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.billers.callback_keys import OLDEST_SECONDS, STAMP_SECONDS, CallbackKeys, KeyInUse, digest, generate
from shared.billers.model import Biller, Mode
from shared.vocabulary.errors import Malformed, Misconfigured, Unavailable
from tests.fakes.billers import FakeBillers
from tests.fakes.callback_keys import FakeCallbackKeys
from tests.fakes.clock import StoppedClock

NEWPORT = Biller(biller_id="2493", name="Newport OR", time_zone="America/Los_Angeles")
PEPPER = secrets.token_bytes(32)


class _Setting:
    def __init__(self):
        self.store, self.clock, self.pepper_reads = FakeCallbackKeys(), StoppedClock(), 0
        self.billers = FakeBillers(NEWPORT, NEWPORT.model_copy(update={"biller_id": "2137"}))
        self.keys = CallbackKeys(self.store, self.billers, self._pepper, self.clock)

    async def biller_of(self, key):
        home = await self.keys.home_of(key)
        return home and home.biller_id

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
    assert await setting.biller_of(key) == "2493"
    assert await setting.biller_of(other) == "2137"
    for wrong in (None, "", " ", key[:-1], key + "A", key.swapcase(), f"{key},{key}", "\ud800", "\0", "k" * 10_000):
        assert await setting.biller_of(wrong) is None


async def test_a_plus_that_arrives_as_a_space_is_the_same_key(setting):
    await setting.keys.add("2493", SecretStr("ab+cd/ef+" + "x" * 20 + "=="))
    assert await setting.biller_of("ab cd/ef " + "x" * 20 + "==") == "2493"
    assert await setting.biller_of("ab+cd/ef " + "x" * 20 + "==") == "2493"


async def test_a_key_that_was_encoded_twice_is_the_same_key(setting):
    await setting.keys.add("2493", SecretStr("ab+cd/ef+" + "x" * 20 + "=="))
    assert await setting.biller_of("ab%2Bcd%2fef%2B" + "x" * 20 + "%3D%3d") == "2493"


async def test_no_number_of_guesses_reads_the_store_or_the_vault(setting):
    key = await _added(setting)
    reads = setting.store.reads
    for _ in range(200):
        assert await setting.biller_of(secrets.token_urlsafe(32)) is None
    assert await setting.biller_of(key) == "2493"
    assert setting.store.reads == reads
    assert setting.pepper_reads == 1


async def test_a_key_of_another_process_is_known_and_a_revoked_one_refused_after_thirty_seconds(setting):
    mine = await _added(setting)
    elsewhere = CallbackKeys(setting.store, setting.billers, setting._pepper, setting.clock)
    theirs = generate().get_secret_value()
    await elsewhere.add("2137", SecretStr(theirs))
    await elsewhere.revoke(digest(PEPPER, mine))
    assert await setting.biller_of(theirs) is None
    setting.clock.advance(30)
    assert await setting.biller_of(theirs) == "2137"
    assert await setting.biller_of(mine) is None


async def test_two_keys_overlap_while_one_is_rotated_out(setting):
    old, new = await _added(setting), await _added(setting)
    with pytest.raises(Misconfigured, match="two active"):
        await _added(setting)
    await setting.keys.revoke(digest(PEPPER, old), setting.clock.now() + timedelta(minutes=1))
    assert await setting.biller_of(old) == "2493"
    setting.clock.advance(60)
    assert await setting.biller_of(old) is None
    assert await setting.biller_of(new) == "2493"
    assert await setting.biller_of(await _added(setting)) == "2493"


async def test_a_key_given_to_one_biller_is_never_another_s_nor_comes_back(setting):
    key = await _added(setting)
    with pytest.raises(KeyInUse):
        await setting.keys.add("2137", SecretStr(key))
    await setting.keys.revoke(digest(PEPPER, key))
    with pytest.raises(KeyInUse):
        await setting.keys.add("2493", SecretStr(key))
    assert await setting.biller_of(key) is None


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short",
        "AbCdEfGhIjKlMnOpQrStU",
        "Ab0" * 171,
        "ä" * 30,
        "with space " * 4,
        "a%2Bcdefghij" * 10,
        "a" * 100,
        "abcdefg" * 20,
        "0123456789abcdef" * 2 + "-\n",
        "0123456789abcdef012345678901234",
        "0123456789ABCDEF012345678901234",
    ],
)
async def test_weak_and_unprintable_keys_are_not_taken(setting, weak):
    with pytest.raises(Malformed) as refused:
        await setting.keys.add("2493", SecretStr(weak))
    assert not weak or weak not in str(refused.value)


async def test_a_failed_refresh_keeps_the_keys_and_is_tried_again_a_second_later(setting, caplog):
    key = await _added(setting)
    setting.clock.advance(30)
    setting.store.down, reads = True, setting.store.reads
    with caplog.at_level(logging.WARNING, "caselle"):
        assert await setting.biller_of(key) == "2493"
        assert await setting.biller_of(key) == "2493"
    assert setting.store.reads == reads + 1
    assert [record.message for record in caplog.records].count('{"event": "callback_keys.refresh_failed"}') == 1
    setting.store.down = False
    setting.clock.advance(1)
    assert await setting.biller_of(key) == "2493"
    assert setting.store.reads == reads + 2


async def test_before_the_first_reading_every_key_gets_the_same_answer_and_guesses_cost_a_read_a_second(setting):
    setting.store.down = True
    for _ in range(5):
        with pytest.raises(Unavailable):
            await setting.biller_of(secrets.token_urlsafe(32))
    assert setting.store.reads == 1
    setting.clock.advance(1)
    with pytest.raises(Unavailable):
        await setting.biller_of(None)
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
    first = asyncio.create_task(setting.biller_of(key))
    await asked.wait()
    assert await setting.biller_of(key) == "2493"
    answer.set()
    assert await first == "2493"


async def test_many_first_requests_read_once(setting):
    assert await asyncio.gather(*(setting.biller_of("x" * 30) for _ in range(20))) == [None] * 20
    assert setting.store.reads == 1


def test_the_store_holds_digests_only_and_generated_keys_hide(setting):
    key = generate()
    asyncio.run(setting.keys.add("2493", key))
    assert key.get_secret_value() not in repr(setting.store._keys)
    assert key.get_secret_value() not in repr(key)
    assert generate() != key


async def test_a_hexadecimal_key_needs_more_digits(setting):
    await setting.keys.add("2493", SecretStr("0123456789abcdef" * 2))
    assert await setting.biller_of("0123456789abcdef" * 2) == "2493"


async def test_the_last_use_is_known_to_the_minute_and_a_refused_key_leaves_no_trace(setting):
    key, other = await _added(setting), await _added(setting, "2137")
    first = setting.clock.now()
    for _ in range(5):
        assert await setting.biller_of(key) == "2493"
        assert await setting.biller_of(secrets.token_urlsafe(32)) is None
    kept = {each.digest: each.last_used_at for each in await setting.store.all()}
    assert kept == {digest(PEPPER, key): first, digest(PEPPER, other): None}
    assert setting.store.stamps == 1
    setting.clock.advance(STAMP_SECONDS)
    assert await setting.biller_of(key) == "2493"
    assert setting.store.stamps == 2


async def test_a_key_opens_while_its_use_cannot_be_noted(setting, caplog):
    key = await _added(setting)
    setting.store.down = True
    with caplog.at_level(logging.WARNING, "caselle"):
        assert await setting.biller_of(key) == "2493"
    assert [json.loads(record.message)["event"] for record in caplog.records] == ["callback_keys.stamp_failed"]


@pytest.mark.parametrize("hanging", [False, True])
async def test_what_was_read_a_minute_ago_opens_nothing(setting, hanging):
    """A key that was revoked meanwhile would still open; so a store that is down or hangs closes the door to all."""
    key = await _added(setting)
    setting.store.down = not hanging
    asked = asyncio.Event()
    if hanging:
        setting.store.all = lambda: asyncio.shield(_for_ever(asked))
    setting.clock.advance(OLDEST_SECONDS - 1)
    first = asyncio.create_task(setting.biller_of(key))
    if hanging:
        await asked.wait()
    else:
        assert await first == "2493"
    assert await setting.biller_of(key) == "2493"
    setting.clock.advance(1)
    for each in (key, None, secrets.token_urlsafe(32)):
        with pytest.raises(Unavailable):
            await setting.biller_of(each)
    first.cancel()


async def _for_ever(asked):
    asked.set()
    await asyncio.Event().wait()


async def test_revoking_again_never_brings_a_key_back(setting):
    key = await _added(setting)
    await setting.keys.revoke(digest(PEPPER, key))
    await setting.keys.revoke(digest(PEPPER, key), setting.clock.now() + timedelta(days=1))
    assert await setting.biller_of(key) is None


async def test_every_kind_of_bad_key_costs_the_same_reads(setting):
    """Cold, warm and when a refresh is due; what differed would tell a former key from a guess."""
    good, revoked, expired, retired = [await _added(setting, each) for each in ("2493", "2493", "2137", "11")]
    await setting.billers.put(NEWPORT.model_copy(update={"biller_id": "11", "mode": Mode.RETIRED}))
    await setting.keys.revoke(digest(PEPPER, revoked))
    await setting.keys.revoke(digest(PEPPER, expired), setting.clock.now() + timedelta(seconds=1))
    setting.clock.advance(1)
    counts = set()
    for bad in (None, "short", secrets.token_urlsafe(32), revoked, expired, retired):
        setting.keys = CallbackKeys(setting.store, setting.billers, setting._pepper, setting.clock)
        counted = []
        for _ in ("cold", "warm", "due"):
            before = (setting.store.reads, setting.billers.reads, setting.store.stamps, setting.pepper_reads)
            assert await setting.biller_of(bad) is None
            after = (setting.store.reads, setting.billers.reads, setting.store.stamps, setting.pepper_reads)
            counted.append(tuple(later - earlier for earlier, later in zip(before, after, strict=True)))
            setting.clock.advance(15)
        counts.add(tuple(counted))
    assert counts == {((1, 1, 0, 1), (0, 0, 0, 0), (1, 1, 0, 0))}
    assert await setting.biller_of(good) == "2493"


@settings(deadline=None)
@given(key=st.text(), other=st.text())
def test_only_spelling_variants_share_a_digest(key, other):
    same = unquote(key).replace(" ", "+") == unquote(other).replace(" ", "+")
    assert (digest(PEPPER, key) == digest(PEPPER, other)) is same
    assert digest(secrets.token_bytes(32), key) != digest(PEPPER, key)


async def test_keys_are_never_remembered_for_longer_than_thirty_seconds(setting):
    mine = await _added(setting)
    patient = CallbackKeys(setting.store, setting.billers, setting._pepper, setting.clock, math.inf)
    assert await patient.home_of(mine)
    await setting.keys.revoke(digest(PEPPER, mine))
    setting.clock.advance(30)
    assert await patient.home_of(mine) is None


async def test_at_home_is_what_a_record_says_and_nobody_reads_the_store_for_it(setting):
    await setting.billers.put(NEWPORT.model_copy(update={"biller_id": "11", "mode": Mode.RETIRED}))
    await setting.billers.put(NEWPORT.model_copy(update={"biller_id": "12", "region": "eastus2"}))
    asked, here = ["2493", "11", "12", "99"], {"westus2"}
    assert await setting.keys.at_home(asked, here) == ["2493"]
    assert await setting.keys.at_home(asked, {"eastus2"}) == ["2493", "12"]
    reads = setting.billers.reads
    for _ in range(50):
        await setting.keys.at_home(asked, here)
    assert setting.billers.reads == reads
