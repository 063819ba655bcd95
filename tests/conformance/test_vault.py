"""Every vault behaves alike."""

import uuid
from datetime import UTC, datetime

import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient
from pydantic import SecretStr

from shared.azure_stores.key_vault import KeyVault
from shared.vocabulary.errors import Unavailable
from tests.fakes.vault import FakeVault

EXPIRY = datetime(2027, 5, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def client(vault, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", vault.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", vault.identity_header)
    async with (
        ManagedIdentityCredential() as credential,
        SecretClient(
            vault.url, credential, verify_challenge_resource=False, connection_verify=vault.ca_file, retry_total=0
        ) as client,
    ):
        yield client


@pytest.fixture(params=["fake", "key vault"])
def kept(request):
    return FakeVault() if request.param == "fake" else KeyVault(request.getfixturevalue("client"))


@pytest.fixture
def name():
    return f"oauth-token-{uuid.uuid4().hex}"


async def test_versions_are_kept_and_the_newest_is_got(kept, name):
    assert await kept.get(name) is None
    first = await kept.set(name, SecretStr("one"), EXPIRY)
    second = await kept.set(name, SecretStr("two"))
    assert first != second
    found = [await kept.get(name, version) for version in (None, first, second)]
    assert [value.get_secret_value() for value in found] == ["two", "one", "two"]


async def test_an_unknown_version_is_none(kept, name):
    await kept.set(name, SecretStr("one"))
    assert await kept.get(name, "0" * 32 if isinstance(kept, KeyVault) else "7") is None


async def test_the_expiry_is_on_the_version(client, name):
    await KeyVault(client).set(name, SecretStr("one"), EXPIRY)
    assert (await client.get_secret(name)).properties.expires_on == EXPIRY


async def test_a_soft_deleted_name_is_recovered_by_setting_it(client, name):
    kept = KeyVault(client)
    first = await kept.set(name, SecretStr("one"))
    await client.delete_secret(name)
    assert await kept.get(name) is None
    await kept.set(name, SecretStr("two"))
    assert (await kept.get(name)).get_secret_value() == "two"
    assert (await kept.get(name, first)).get_secret_value() == "one"


async def test_a_vault_that_refuses_or_does_not_answer_is_unavailable_and_tells_no_secret(client, name):
    kept, hidden = KeyVault(client), uuid.uuid4().hex
    version = await kept.set(name, SecretStr(hidden))
    await client.update_secret_properties(name, version, enabled=False)
    with pytest.raises(Unavailable, match="403"):
        await kept.get(name)
    async with (
        ManagedIdentityCredential() as credential,
        SecretClient("https://127.0.0.1:1", credential, verify_challenge_resource=False, retry_total=0) as nobody,
    ):
        for call in (KeyVault(nobody).get(name), KeyVault(nobody).set(name, SecretStr(hidden))):
            with pytest.raises(Unavailable) as refused:
                await call
            assert hidden not in repr(refused.value)
            assert refused.value.__cause__ is None
