import secrets
import ssl
import stat
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient

from local.processes import NotReady
from local.services import Vault


@asynccontextmanager
async def _client_of(vault, monkeypatch, **options):
    for name, value in vault.environment.items():
        monkeypatch.setenv(name, value)
    async with (
        ManagedIdentityCredential() as credential,
        SecretClient(
            vault.url, credential, verify_challenge_resource=False, connection_verify=vault.ca_file, **options
        ) as client,
    ):
        yield client


@pytest.fixture
async def client(vault, monkeypatch):
    async with _client_of(vault, monkeypatch) as client:
        yield client


@pytest.fixture
def name():
    return f"s-{uuid.uuid4().hex}"


@pytest.fixture
async def bare(vault):
    """Plain HTTP to the vault, without the SDK."""
    tls = ssl.create_default_context(cafile=vault.ca_file)
    async with httpx.AsyncClient(verify=tls, base_url=vault.url, trust_env=False, timeout=30) as bare:
        yield bare


async def _token(vault, resource="https://vault.azure.net"):
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.get(
            vault.identity_endpoint,
            params={"api-version": "2019-08-01", "resource": resource},
            headers={"X-IDENTITY-HEADER": vault.identity_header},
        )
    return answer.json()["access_token"]


def _inner_code(error):
    return error.value.error.innererror["code"]


async def test_a_secret_is_read_back_with_its_properties(client, name):
    expires = datetime(2027, 5, 1, tzinfo=UTC)
    kept = await client.set_secret(
        name, "one", content_type="text/plain", tags={"biller": "2493"}, expires_on=expires, enabled=True
    )
    read = await client.get_secret(name)
    assert read.value == "one"
    assert read.properties.version == kept.properties.version
    assert read.properties.expires_on == expires
    assert read.properties.tags == {"biller": "2493"}
    assert read.properties.content_type == "text/plain"
    assert abs((datetime.now(UTC) - read.properties.created_on).total_seconds()) < 60


async def test_each_set_makes_a_version_and_the_latest_is_read(client, name):
    first = await client.set_secret(name, "one")
    second = await client.set_secret(name.upper(), "two")
    assert (await client.get_secret(name)).value == "two"
    assert (await client.get_secret(name, first.properties.version)).value == "one"
    versions = [item.version async for item in client.list_properties_of_secret_versions(name)]
    assert versions == [first.properties.version, second.properties.version]
    assert name in [item.name async for item in client.list_properties_of_secrets()]


async def test_updated_properties_stay_and_the_value_too(client, name):
    first = await client.set_secret(name, "one", tags={"a": "1"})
    expires = datetime(2027, 1, 1, tzinfo=UTC)
    await client.update_secret_properties(name, expires_on=expires)
    await client.update_secret_properties(name, first.properties.version, tags={"b": "2"})
    read = await client.get_secret(name)
    assert (read.value, read.properties.expires_on, read.properties.tags) == ("one", expires, {"b": "2"})


async def test_a_disabled_secret_cannot_be_read_until_it_is_enabled(client, name):
    await client.set_secret(name, "one")
    await client.update_secret_properties(name, enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        await client.get_secret(name)
    assert (refused.value.status_code, _inner_code(refused)) == (403, "SecretDisabled")
    await client.update_secret_properties(name, enabled=True)
    assert (await client.get_secret(name)).value == "one"


async def test_unknown_names_and_versions_are_not_found(client, name):
    with pytest.raises(ResourceNotFoundError):
        await client.get_secret(name)
    await client.set_secret(name, "one")
    with pytest.raises(ResourceNotFoundError):
        await client.get_secret(name, uuid.uuid4().hex)
    with pytest.raises(ResourceNotFoundError):
        await client.get_deleted_secret(name)


async def test_a_deleted_secret_can_be_recovered(client, name):
    await client.set_secret(name, "one")
    deleted = await client.delete_secret(name)
    assert deleted.scheduled_purge_date > deleted.deleted_date
    assert (await client.get_deleted_secret(name)).name == name
    assert name in [item.name async for item in client.list_deleted_secrets()]
    assert name not in [item.name async for item in client.list_properties_of_secrets()]
    with pytest.raises(ResourceNotFoundError):
        await client.get_secret(name)
    await client.recover_deleted_secret(name)
    assert (await client.get_secret(name)).value == "one"


async def test_a_deleted_name_is_taken_until_it_is_purged(client, name):
    await client.set_secret(name, "one")
    await client.delete_secret(name)
    with pytest.raises(ResourceExistsError) as refused:
        await client.set_secret(name, "two")
    assert (refused.value.error.code, _inner_code(refused)) == ("Conflict", "ObjectIsDeletedButRecoverable")
    await client.purge_deleted_secret(name)
    await client.set_secret(name, "two")
    assert len([item async for item in client.list_properties_of_secret_versions(name)]) == 1


@pytest.mark.parametrize("bad", ["under_score", "a" * 128, "dot.ted"])
async def test_bad_names_are_refused(client, bad):
    with pytest.raises(HttpResponseError) as refused:
        await client.set_secret(bad, "one")
    assert refused.value.status_code == 400


async def test_too_long_values_are_refused(client, name):
    with pytest.raises(HttpResponseError) as refused:
        await client.set_secret(name, "x" * (25 * 1024 + 1))
    assert refused.value.status_code == 400


async def test_a_request_without_a_token_is_challenged(bare):
    answer = await bare.get("/secrets/any/?api-version=7.6")
    assert answer.status_code == 401
    assert 'resource="https://vault.azure.net"' in answer.headers["WWW-Authenticate"]


async def test_only_tokens_issued_for_the_vault_are_accepted(vault, bare):
    async def status(token):
        answer = await bare.get("/secrets?api-version=7.6", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    assert await status(await _token(vault)) == 200
    assert await status(await _token(vault, "https://storage.azure.com/")) == 401
    assert await status(secrets.token_urlsafe(32)) == 401


async def test_the_identity_endpoint_wants_its_header(vault, monkeypatch):
    monkeypatch.setattr(vault, "identity_header", "wrong")
    async with _client_of(vault, monkeypatch) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.get_secret("any")


async def test_faults_are_answered_as_many_times_as_asked(vault, bare, monkeypatch, name):
    header = {"X-IDENTITY-HEADER": vault.identity_header}
    async with _client_of(vault, monkeypatch, retry_total=0) as client:
        await client.set_secret(name, "one")
        for status in (403, 429, 503):
            fault = {"status": status, "times": 1}
            assert (await bare.post("/_control/faults", json=fault, headers=header)).status_code == 204
            with pytest.raises(HttpResponseError) as refused:
                await client.get_secret(name)
            assert refused.value.status_code == status
            assert (await client.get_secret(name)).value == "one"


async def test_faults_need_the_header_and_a_known_status(vault, bare):
    fault = {"status": 503, "times": 1}
    assert (await bare.post("/_control/faults", json=fault)).status_code == 401
    header = {"X-IDENTITY-HEADER": vault.identity_header}
    assert (await bare.post("/_control/faults", json={"status": 200, "times": 1}, headers=header)).status_code == 400


@pytest.mark.slow
async def test_a_restart_keeps_secrets_certificate_and_tokens(tmp_path, monkeypatch, name):
    with Vault(tmp_path) as first:
        async with _client_of(first, monkeypatch) as client:
            await client.set_secret(name, "one")
            ports = urlsplit(first.url).port, urlsplit(first.identity_endpoint).port
            first.kill()
            with Vault(tmp_path, *ports) as second:
                assert second.environment == first.environment
                assert (await client.get_secret(name)).value == "one"
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.slow
def test_files_that_hold_secrets_are_private(tmp_path):
    with Vault(tmp_path) as vault:
        params = {"api-version": "2019-08-01", "resource": "any"}
        header = {"X-IDENTITY-HEADER": vault.identity_header}
        httpx.get(
            vault.identity_endpoint, params=params, headers=header, trust_env=False, timeout=30
        ).raise_for_status()
    for file in ("vault-key.pem", "identity.json"):
        assert stat.S_IMODE((tmp_path / file).stat().st_mode) == 0o600
    assert (tmp_path / "vault.log").read_text() == ""


def test_a_taken_port_is_named(vault, tmp_path):
    port = urlsplit(vault.url).port
    second = Vault(tmp_path, port)
    with pytest.raises(NotReady, match=f"Port {port} is taken: the vault cannot listen there"):
        second.wait_ready()
