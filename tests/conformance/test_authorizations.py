"""Every store of authorizations behaves alike."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.data.tables.aio import TableClient

from shared.azure_stores.table_authorizations import TableAuthorizations
from shared.tokens.authorize import Authorization
from shared.vocabulary.errors import Unavailable
from tests.fakes.authorizations import FakeAuthorizations

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(params=["fake", "table"])
def authorizations(request):
    return FakeAuthorizations() if request.param == "fake" else TableAuthorizations(request.getfixturevalue("table"))


def _one(biller_id="2493", expires_at=LATER):
    return Authorization(biller_id=biller_id, digest=secrets.token_hex(32), expires_at=expires_at)


async def test_one_is_used_once(authorizations):
    first, second = _one(), _one()
    await authorizations.add(first, NOW)
    await authorizations.add(second, NOW)
    assert await authorizations.use("2493", first.digest, NOW)
    assert not await authorizations.use("2493", first.digest, NOW)
    assert await authorizations.use("2493", second.digest, NOW)


async def test_it_is_of_one_biller_and_of_ten_minutes(authorizations):
    one = _one()
    await authorizations.add(one, NOW)
    assert not await authorizations.use("2137", one.digest, NOW)
    assert not await authorizations.use("2493", secrets.token_hex(32), NOW)
    assert not await authorizations.use("2493", one.digest, LATER)
    assert await authorizations.use("2493", one.digest, LATER - timedelta(microseconds=1))


async def test_expired_ones_go_when_another_is_added(authorizations):
    old, other = _one(), _one("2137")
    await authorizations.add(old, NOW)
    await authorizations.add(other, NOW)
    await authorizations.add(_one(expires_at=LATER + timedelta(minutes=10)), LATER)
    assert not await authorizations.use("2493", old.digest, NOW)
    assert await authorizations.use("2137", other.digest, NOW)


async def test_of_many_at_once_one_uses_it(authorizations):
    one = _one()
    await authorizations.add(one, NOW)
    used = await asyncio.gather(*(authorizations.use("2493", one.digest, NOW) for _ in range(12)))
    assert sorted(used) == [False] * 11 + [True]


class _LosesFirstAnswer(AsyncHTTPPolicy):
    def __init__(self):
        super().__init__()
        self.lost = 0

    async def send(self, request):
        answered = await self.next.send(request)
        if request.http_request.method == "PUT" and not self.lost:
            self.lost += 1
            raise ServiceResponseError("the answer was lost")
        return answered


async def test_a_write_whose_answer_was_lost_is_still_ours(azurite, table):
    """The client repeats it, and the store then says that somebody has changed the row."""
    one, policy = _one(), _LosesFirstAnswer()
    await TableAuthorizations(table).add(one, NOW)
    async with TableClient.from_connection_string(
        azurite.connection_string, table.table_name, per_retry_policies=[policy], retry_backoff_factor=0
    ) as client:
        assert await TableAuthorizations(client).use("2493", one.digest, NOW)
    assert policy.lost == 1
    assert not await TableAuthorizations(table).use("2493", one.digest, NOW)


async def test_a_missing_table_is_not_an_unknown_state(table):
    await table.delete_table()
    with pytest.raises(Unavailable):
        await TableAuthorizations(table).use("2493", "x", NOW)
    with pytest.raises(Unavailable):
        await TableAuthorizations(table).add(_one(), NOW)
