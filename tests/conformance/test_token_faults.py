"""Tokens over the real table and vault: faults V1 to V3 of the catalogue."""

import asyncio
import random
import secrets
import socket
import ssl
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from azure.data.tables.aio import TableClient
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient
from pydantic import SecretStr

from bench.counting_proxy import CountingProxy
from local.simulator.client import SimulatorControl
from shared.azure_stores.key_vault import KeyVault
from shared.azure_stores.table_tokens import TableTokens
from shared.caselle.token_endpoint import HttpTokenEndpoint
from shared.runtime.clock import SystemClock
from shared.tokens.delivery import Delivery
from shared.tokens.endpoint import ANSWER_WITHIN
from shared.tokens.renew import AFTER_NO_ANSWER
from shared.vocabulary.errors import Unavailable
from tests.caselle.raw_server import RawServer, answer, resets
from tests.fakes.app import app_over, given
from tests.fakes.clock import StoppedClock
from tests.fakes.proof import FakeProof
from tests.tokens.instances import CITY, supervised

CACHE_SECONDS = 300


class Vault:
    """One process's way to the vault; ``client`` may be exchanged."""

    def __init__(self, client):
        self.client = client

    async def get(self, *args):
        return await KeyVault(self.client).get(*args)

    async def set(self, *args):
        return await KeyVault(self.client).set(*args)


class Instance:
    """One process of the app, with clients of its own."""

    def __init__(self, clients, clock, endpoint):
        table, self.client = clients
        self.vault, rows = Vault(self.client), TableTokens(table)
        self.rows, self.clock = rows, clock
        app = given(app_over(clock, tokens=rows, vault=self.vault), shared_clock=clock)
        tokens = given(app.tokens, endpoint=endpoint, _proof=FakeProof())
        self.keeper, self.credentials = tokens.keeper, tokens.credentials
        self.serve, self.take = tokens.serve, tokens.take

    async def deliver(self, biller, *tokens):
        for token in tokens:
            expires_at = self.clock.now() + timedelta(days=182)
            await self.take(biller, Delivery(token=SecretStr(token), expires_at=expires_at))
        await self.keeper.change(biller.biller_id, supervised)

    async def token(self, biller):
        token = await self.serve.token(biller.biller_id)
        return token and token.get_secret_value()

    async def instead_of(self, biller, refused):
        token = await self.serve.instead_of(biller, SecretStr(refused))
        return token and token.get_secret_value()

    async def secret(self, biller):
        """Name of the token's secret in the vault, and the version that the row names."""
        row = await self.rows.read(biller.biller_id)
        found = [each.name async for each in self.client.list_properties_of_secrets()]
        for name in found:
            if name.startswith("oauth-token-") and await KeyVault(self.client).get(name, row.version):
                return name, row.version
        raise AssertionError("the vault has no such version")


@pytest.fixture
def biller():
    """The vault is shared by the whole run: a biller of the test's own."""
    return CITY.model_copy(update={"biller_id": str(random.randrange(10**8, 10**9))})


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
async def start(azurite, vault, table, clock, monkeypatch):
    """Makes instances over one table and one vault."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", vault.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", vault.identity_header)
    async with AsyncExitStack() as stack:
        credential = await stack.enter_async_context(ManagedIdentityCredential())

        async def make(endpoint=None, clock=clock):
            connection = azurite.connection_string
            own = await stack.enter_async_context(TableClient.from_connection_string(connection, table.table_name))
            client = SecretClient(
                vault.url, credential, verify_challenge_resource=False, connection_verify=vault.ca_file, retry_total=0
            )
            return Instance((own, await stack.enter_async_context(client)), clock, endpoint)

        yield make


@pytest.fixture
def failing(vault):
    """Makes the vault answer so for as long as the block lasts."""

    @asynccontextmanager
    async def fail(instance, fault):
        if fault == "timeout":
            async with _a_vault_that_hangs() as client:
                before, instance.vault.client = instance.vault.client, client
                yield
                instance.vault.client = before
        else:
            await _set_fault(vault, fault, 1000)
            yield
            await _set_fault(vault, fault, 0)

    return fail


async def _set_fault(vault, status, times):
    trusted = ssl.create_default_context(cafile=vault.ca_file)
    async with httpx.AsyncClient(verify=trusted, trust_env=False) as http:
        headers = {"X-IDENTITY-HEADER": vault.identity_header}
        body = {"status": status, "times": times}
        (await http.post(f"{vault.url}/_control/faults", json=body, headers=headers)).raise_for_status()


@asynccontextmanager
async def _a_vault_that_hangs():
    patience = {"retry_total": 0, "connection_timeout": 0.2, "read_timeout": 0.2}
    async with AsyncExitStack() as stack:
        # The kernel takes the connection, and nobody ever answers.
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        credential = await stack.enter_async_context(ManagedIdentityCredential())
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        yield await stack.enter_async_context(
            SecretClient(url, credential, verify_challenge_resource=False, **patience)
        )


# The vault does not answer: V1.


FAULTS = pytest.mark.parametrize("fault", [403, 429, 503, "timeout"])


@FAULTS
async def test_while_the_vault_does_not_answer_the_token_in_memory_serves(start, failing, biller, clock, fault):
    instance = await start()
    await instance.deliver(biller, "old", "new")
    clock.advance(CACHE_SECONDS)
    async with failing(instance, fault):
        assert await instance.token(biller) == "new"
    assert await instance.token(biller) == "new"


@FAULTS
async def test_without_one_in_memory_there_is_none_until_it_answers(start, failing, biller, fault):
    """The client then answers that nothing was sent."""
    await (await start()).deliver(biller, "old", "new")
    instance = await start()
    async with failing(instance, fault):
        with pytest.raises(Unavailable):
            await instance.token(biller)
    assert await instance.token(biller) == "new"


@FAULTS
async def test_a_refused_token_is_neither_replaced_nor_renewed_without_the_vault(start, failing, biller, fault):
    async with (
        RawServer(answer(b"{}")) as server,
        aclosing(HttpTokenEndpoint(server.url, 5, SystemClock())) as endpoint,
    ):
        instance = await start(endpoint)
        await instance.credentials.keep_client_secret(biller.biller_id, SecretStr("secret"))
        await instance.deliver(biller, "old", "new")
        async with failing(instance, fault):
            with pytest.raises(Unavailable):
                await instance.instead_of(biller, "new")
        assert server.connections == 0
        assert await instance.instead_of(biller, "new") == "old"


# The vault does not give the token, or gives a bad one: V2.


async def test_a_version_that_was_disabled_gives_way_to_the_one_before_it(start, biller):
    warm = await start()
    await warm.deliver(biller, "old", "new")
    name, version = await warm.secret(biller)
    await warm.client.update_secret_properties(name, version, enabled=False)
    cold = await start()
    assert [await warm.token(biller), await cold.token(biller)] == ["new", "old"]
    assert await warm.instead_of(biller, "new") == "old"


async def test_a_version_that_is_bad_gives_way_to_the_one_before_it_once(start, biller, caplog):
    instance = await start()
    await instance.deliver(biller, "old", "bad")
    found = await asyncio.gather(*(instance.instead_of(biller, "bad") for _ in range(24)))
    assert set(found) == {"old"}
    assert await instance.token(biller) == "old"
    assert await instance.instead_of(biller, "old") is None
    events = [record.message for record in caplog.records]
    assert sum("token.other_serves" in line for line in events) == 1
    assert sum("token.refused" in line for line in events) == 1


async def test_a_secret_that_was_deleted_is_reported_and_comes_back_with_the_next_token(start, biller, clock, caplog):
    warm = await start()
    await warm.deliver(biller, "old", "new")
    await warm.client.delete_secret((await warm.secret(biller))[0])
    clock.advance(CACHE_SECONDS)
    cold = await start()
    assert [await warm.token(biller), await cold.token(biller)] == ["new", None]
    assert sum("token.not_in_vault" in record.message for record in caplog.records) == 2
    await warm.deliver(biller, "newest")
    assert await cold.token(biller) == "newest"
    assert await cold.instead_of(biller, "newest") == "new"


# Two instances: V3.


@pytest.fixture
async def counted(simulator, biller):
    """The simulator's token endpoint, the requests that reach it, and the client's secret."""
    secret = secrets.token_urlsafe(16)
    city = {"billerId": biller.biller_id, "subdomain": "newportor", "connectVersion": "2025.11", "applications": {}}
    async with (
        SimulatorControl(simulator.controlUrl) as control,
        CountingProxy(simulator.caselleUrl).running() as proxy,
    ):
        await control.put_billers([city | {"clientId": biller.client_id, "clientSecret": secret}])
        path = simulator.tokenUrl.removeprefix(simulator.caselleUrl)
        async with aclosing(HttpTokenEndpoint(f"{proxy.url}{path}", ANSWER_WITHIN, SystemClock())) as endpoint:
            yield endpoint, proxy.requests, SecretStr(secret)


async def test_two_instances_that_are_refused_at_once_make_one_request(start, biller, counted):
    """With 24 calls in flight."""
    endpoint, requests, secret = counted
    instances = [await start(endpoint, SystemClock()) for _ in range(2)]
    await instances[0].credentials.keep_client_secret(biller.biller_id, secret)
    await instances[0].deliver(biller, "refused")
    found = await asyncio.gather(*(instances[n % 2].instead_of(biller, "refused") for n in range(24)))
    assert len(set(found)) == 1
    assert found[0] not in {None, "refused"}
    assert requests["POST token"] == 1
    row = await instances[0].rows.read(biller.biller_id)
    assert (row.generation, row.renewal.holder) == (2, None)


async def test_a_lost_answer_destroys_nothing_and_the_row_is_read_before_the_next_try(start, biller, clock):
    granted = answer(b'{"access_token": "renewed", "token_type": "Bearer", "expires_in": 3600}')
    async with (
        RawServer(resets, granted) as server,
        aclosing(HttpTokenEndpoint(server.url, ANSWER_WITHIN, clock)) as endpoint,
    ):
        one, two = [await start(endpoint) for _ in range(2)]
        await one.credentials.keep_client_secret(biller.biller_id, SecretStr("secret"))
        await one.deliver(biller, "refused")
        for each in (one, two):
            assert await each.instead_of(biller, "refused") is None
        assert len(server.requests) == 1
        clock.advance(AFTER_NO_ANSWER.total_seconds())
        assert await one.instead_of(biller, "refused") == "renewed"
        assert await two.instead_of(biller, "refused") == "renewed"
        assert len(server.requests) == 2
        assert (await one.credentials.client_secret(biller.biller_id)).get_secret_value() == "secret"
        assert (await one.keeper.other(biller.biller_id)).value.get_secret_value() == "refused"
