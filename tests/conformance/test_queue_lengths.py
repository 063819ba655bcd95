"""The queue service's count of messages, asked by key and by identity."""

import asyncio
import base64
import json
import os
import sys
import time
import uuid

import pytest
from aiohttp import web
from azure.storage.queue.aio import QueueServiceClient

from local.azurite import ACCOUNT
from local.processes import ROOT, Child
from local.vault_certificate import certificate_files
from shared.azure_stores.queue_lengths import QueueLengths
from shared.runtime import clients
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from shared.vocabulary.errors import Misconfigured, Unavailable

STAMP = {"KEY_VAULT_URL": "https://v.vault.azure.net", "STAMP_REGIONS": "westus2", "CASELLE_ALLOW_LOOPBACK": "1"}


def _client(**settings):
    return clients.queue_service(Settings.read(STAMP | settings), None, SystemClock())


@pytest.fixture
async def queue(azurite):
    """A queue of its own, with the SDK's client."""
    async with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        yield await service.create_queue(f"q-{uuid.uuid4().hex}")


@pytest.fixture
async def lengths(azurite):
    async with _client(AzureWebJobsStorage=azurite.connection_string) as client:
        yield QueueLengths(client)


async def test_every_message_counts_hidden_ones_too(queue, lengths):
    assert await lengths.length(queue.queue_name) == 0
    for text in ("one", "two", "three"):
        await queue.send_message(text)
    assert await queue.receive_message(visibility_timeout=600)
    assert await lengths.length(queue.queue_name) == 3


async def test_a_queue_that_is_not_there_has_none(lengths):
    assert await lengths.length("never-made") == 0


async def test_a_wrong_key_is_refused(azurite, queue):
    """So the service has looked at the signature."""
    wrong = azurite.connection_string.replace(azurite.key, base64.b64encode(b"x" * 64).decode())
    async with _client(AzureWebJobsStorage=wrong) as client:
        with pytest.raises(Unavailable, match=r"queue service: .*\(403\)"):
            await QueueLengths(client).length(queue.queue_name)


async def test_a_service_that_does_not_answer_is_unavailable(azurite, unused_tcp_port):
    gone = azurite.connection_string.replace(f":{azurite.ports.queue}/", f":{unused_tcp_port}/")
    client = _client(AzureWebJobsStorage=gone)
    client._pipeline._impl_policies[1].backoff_factor = 0
    async with client:
        with pytest.raises(Unavailable, match="no answer"):
            await QueueLengths(client).length("any")


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ("UseDevelopmentStorage=true", "http://127.0.0.1:10001/devstoreaccount1"),
        (f"AccountName=stamp;AccountKey={base64.b64encode(b'k').decode()}", "https://stamp.queue.core.windows.net"),
    ],
)
async def test_a_connection_string_without_a_queue_endpoint_has_the_usual_one(connection, url):
    async with _client(AzureWebJobsStorage=connection) as client:
        assert client._base_url == url


def test_what_names_no_queues_is_told():
    tables_only = {"AzureWebJobsStorage__tableServiceUri": "https://stamp.table.core.windows.net"}
    with pytest.raises(Misconfigured, match="AzureWebJobsStorage__queueServiceUri is missing"):
        _client(**tables_only)
    shared = "TableEndpoint=https://stamp.table.core.windows.net;SharedAccessSignature=sig"
    with pytest.raises(Misconfigured, match="AzureWebJobsStorage has no AccountKey"):
        _client(AzureWebJobsStorage=shared)


# By identity: Azurite with OAuth, over TLS, and an identity endpoint that hands out what it asks for.

ASK = """
import asyncio
from contextlib import aclosing
from shared.runtime.process import app

async def ask():
    async with aclosing(app()), app().stores._credential():
        print(await app().stores.queue_lengths.length("waiting"))

asyncio.run(ask())
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Its address, and who vouches for its certificate."""
    folder = tmp_path_factory.mktemp("oauth")
    files = certificate_files(folder)
    script = ROOT / "local/node_modules/azurite/dist/src/queue/main.js"
    options = ["--queueHost", "127.0.0.1", "--queuePort", "0", "--silent", "--skipApiVersionCheck", "--oauth", "basic"]
    options += ["--location", str(folder / "data"), "--cert", str(files.certificate), "--key", str(files.key)]
    key = base64.b64encode(b"k" * 64).decode()
    with Child(
        "Azurite with OAuth",
        ["node", str(script), *options],
        log=folder / "azurite.log",
        env={"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
    ) as child:
        port = child.wait_line("successfully listen").rpartition(":")[2]
        yield f"https://127.0.0.1:{port}/{ACCOUNT}", str(files.certificate), key


def _token(audience):
    """As Entra's; Azurite looks at who it is for, who made it and when, not at the signature."""
    now = int(time.time())
    claims = {"aud": audience, "iss": "https://sts.windows.net/t/", "nbf": now - 9, "iat": now - 9, "exp": now + 3600}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


@pytest.fixture
async def identity():
    """Where a managed identity gets its tokens."""
    asked = []

    async def answer(request):
        asked.append(resource := request.query["resource"])
        expires = str(int(time.time()) + 3600)
        token = {"access_token": _token(resource), "expires_on": expires, "resource": resource, "token_type": "Bearer"}
        return web.json_response(token)

    app = web.Application()
    app.router.add_get("/token", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/token", asked
    await runner.cleanup()


@pytest.mark.slow
async def test_a_stamp_asks_with_its_identity(guarded, identity):
    (url, ca_file, key), (endpoint, asked) = guarded, identity
    account = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={key};QueueEndpoint={url}"
    async with QueueServiceClient.from_connection_string(account, connection_verify=ca_file) as service:
        client = await service.create_queue("waiting")
        await client.send_message("text")
    environment = {**os.environ, **STAMP, "SSL_CERT_FILE": ca_file}
    environment |= {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": "header"}
    environment |= {"AzureWebJobsStorage__queueServiceUri": url, "AzureWebJobsStorage__tableServiceUri": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert (printed.decode().strip(), asked) == ("1", ["https://storage.azure.com"])
