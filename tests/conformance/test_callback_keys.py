"""Every store of callback keys behaves alike."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from shared.azure_stores.table_callback_keys import TableCallbackKeys
from shared.billers.callback_keys import CallbackKey, KeyInUse
from shared.vocabulary.errors import Unavailable
from tests.conformance.crossing import Crossing
from tests.fakes.callback_keys import FakeCallbackKeys

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["fake", "table"])
def keys(request):
    return FakeCallbackKeys() if request.param == "fake" else TableCallbackKeys(request.getfixturevalue("table"))


def _key(biller_id="2493", **fields):
    return CallbackKey(biller_id=biller_id, digest=secrets.token_hex(32), **fields)


async def test_keys_are_added_and_listed(keys):
    assert await keys.all() == []
    first, second = _key(), _key("2137", not_after=NOW)
    await keys.add(first)
    await keys.add(second)
    assert sorted(await keys.all(), key=lambda key: key.biller_id) == [second, first]


async def test_a_digest_belongs_to_one_key_and_adding_that_very_key_again_is_no_conflict(keys):
    key = _key()
    await keys.add(key)
    await keys.add(key)
    with pytest.raises(KeyInUse) as refused:
        await keys.add(key.model_copy(update={"biller_id": "2137"}))
    assert key.digest not in str(refused.value)
    assert await keys.all() == [key]


async def test_a_revoked_key_stays_listed_and_ends_at_that_instant(keys):
    key, other = _key(), _key()
    await keys.add(key)
    await keys.add(other)
    await keys.revoke(key.digest, NOW)
    await keys.revoke(secrets.token_hex(32), NOW)
    found = {each.digest: each for each in await keys.all()}
    assert found == {key.digest: key.model_copy(update={"not_after": NOW}), other.digest: other}
    assert not found[key.digest].active(NOW)
    assert found[key.digest].active(NOW - timedelta(microseconds=1))


async def test_a_key_that_has_ended_does_not_begin_again(keys):
    key = _key(not_after=NOW)
    await keys.add(key)
    await keys.revoke(key.digest, NOW + timedelta(days=1))
    assert await keys.all() == [key]


async def test_a_use_is_noted_beside_a_revocation(keys):
    key, other = _key(), _key()
    await keys.add(key)
    await keys.add(other)
    await keys.stamp(key.digest, NOW)
    await keys.revoke(key.digest, NOW)
    await keys.stamp(key.digest, NOW + timedelta(seconds=1))
    await keys.stamp(secrets.token_hex(32), NOW)
    ended = key.model_copy(update={"not_after": NOW, "last_used_at": NOW + timedelta(seconds=1)})
    assert {each.digest: each for each in await keys.all()} == {key.digest: ended, other.digest: other}
    with pytest.raises(KeyInUse):
        await keys.add(key.model_copy(update={"biller_id": "2137"}))


async def test_of_two_ends_at_once_the_earlier_stands(table):
    key, store = _key(), TableCallbackKeys(table)
    await store.add(key)
    crossing = TableCallbackKeys(Crossing(table, lambda: store.revoke(key.digest, NOW)))
    await crossing.revoke(key.digest, NOW + timedelta(days=7))
    assert [each.not_after for each in await store.all()] == [NOW]


async def test_a_use_that_is_noted_at_the_moment_of_a_revocation_stands(table):
    key, store = _key(), TableCallbackKeys(table)
    await store.add(key)
    await TableCallbackKeys(Crossing(table, lambda: store.stamp(key.digest, NOW))).revoke(key.digest, NOW)
    assert [(each.not_after, each.last_used_at) for each in await store.all()] == [(NOW, NOW)]


async def test_a_missing_table_is_not_an_empty_one(table):
    await table.delete_table()
    with pytest.raises(Unavailable):
        await TableCallbackKeys(table).all()
    with pytest.raises(Unavailable):
        await TableCallbackKeys(table).add(_key())
