"""The token endpoint over real sockets: what is asked, and what each answer means."""

import asyncio
import base64
import json
import socket
from contextlib import aclosing
from datetime import timedelta
from urllib.parse import parse_qs, unquote_plus

import pytest
from pydantic import SecretStr

from shared.caselle.token_endpoint import MOST_BYTES, HttpTokenEndpoint
from shared.tokens.delivery import USUAL_LIFETIME
from shared.tokens.endpoint import OUR_OWN, REFUSALS, Client, RenewalRefused
from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import HASTY, HTML, IN_DOUBT, PATIENT
from tests.caselle.raw_server import RawServer, answer, drips, hangs
from tests.fakes.clock import StoppedClock

CLIENT = Client("city:one", SecretStr("pässword: 100 %&+"))
GRANTED = {"access_token": "new-token", "token_type": "bearer", "expires_in": 3600}


def granting(**changes):
    return answer(json.dumps(GRANTED | changes).encode())


@pytest.fixture
async def asked():
    """Asks a server that behaves so, and tells what came of it and what the server saw."""
    clock, opened = StoppedClock(), []

    async def ask(*behaviours, deadline=PATIENT, path="/oauth/token"):
        async with RawServer(*behaviours) as server:
            endpoint = HttpTokenEndpoint(f"{server.url}{path}", deadline, clock)
            opened.append(endpoint)
            try:
                return await endpoint.client_credentials(CLIENT), server
            except (RenewalRefused, Unavailable) as error:
                return error, server

    ask.now = clock.now
    yield ask
    for endpoint in opened:
        await endpoint.aclose()


async def test_a_client_asks_by_its_own_credentials(asked):
    delivery, server = await asked(granting())
    assert delivery.token.get_secret_value() == "new-token"
    assert delivery.expires_at == asked.now() + timedelta(hours=1)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /oauth/token HTTP/1.1\r\n")
    assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"]}
    assert server.header(0, "Content-Type") == "application/x-www-form-urlencoded"
    scheme, _, pair = server.header(0, "Authorization").partition(" ")
    client_id, _, secret = base64.b64decode(pair).decode().partition(":")
    assert (scheme, unquote_plus(client_id), unquote_plus(secret)) == ("Basic", "city:one", "pässword: 100 %&+")


async def test_a_code_is_exchanged_by_the_same_client():
    clock = StoppedClock()
    async with (
        RawServer(granting()) as server,
        aclosing(HttpTokenEndpoint(f"{server.url}/oauth/token", PATIENT, clock)) as endpoint,
    ):
        delivery = await endpoint.authorization_code(CLIENT, SecretStr("c+d/e&f="))
    assert delivery.token.get_secret_value() == "new-token"
    form = parse_qs(server.requests[0].partition(b"\r\n\r\n")[2].decode())
    assert form == {"grant_type": ["authorization_code"], "code": ["c+d/e&f="]}
    assert server.header(0, "Authorization").startswith("Basic ")


async def test_the_url_is_used_as_it_stands(asked):
    _, server = await asked(granting(), path="/oauth/token/")
    assert server.requests[0].startswith(b"POST /oauth/token/ HTTP/1.1\r\n")


async def test_without_a_lifetime_the_usual_one_is_taken(asked):
    delivery, _ = await asked(answer(b'{"access_token": "new-token"}'))
    assert delivery.expires_at == asked.now() + USUAL_LIFETIME


@pytest.mark.parametrize("code", sorted(REFUSALS.keys() - OUR_OWN))
@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized"])
async def test_an_error_of_the_rfc_is_told_by_its_name(asked, code, status):
    error, server = await asked(answer(json.dumps({"error": code, "error_description": "x"}).encode(), status))
    assert isinstance(error, RenewalRefused)
    assert error.code == code
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b'{"error": "canary"}', b'{"error": 7}', b"{}", b"", HTML])
@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
async def test_any_other_refusal_is_unlisted_and_its_words_are_not_kept(asked, body, status):
    error, _ = await asked(answer(body, status))
    assert isinstance(error, RenewalRefused)
    assert error.code == "unlisted"
    assert "canary" not in str(error)


@pytest.mark.parametrize("name", IN_DOUBT)
async def test_a_lost_or_useless_answer_is_none_and_not_asked_for_again(asked, name):
    error, server = await asked(IN_DOUBT[name])
    assert isinstance(error, Unavailable)
    assert (len(server.requests), server.connections) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": ""},
        {"access_token": None},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "tökén"},
        {"token_type": "mac"},
        {"expires_in": 0},
        {"expires_in": "canary"},
    ],
)
async def test_a_token_that_cannot_be_used_is_none(asked, changes):
    error, _ = await asked(granting(**changes))
    assert isinstance(error, Unavailable)
    assert "canary" not in str(error)


@pytest.mark.slow
async def test_one_deadline_bounds_the_whole_request(asked):
    for error, server in await asyncio.gather(*(asked(behaviour, deadline=HASTY) for behaviour in (hangs, drips))):
        assert isinstance(error, Unavailable)
        assert "TimeoutError" in str(error)
        assert len(server.requests) == 1


@pytest.mark.parametrize(("size", "read"), [(MOST_BYTES, True), (MOST_BYTES + 1, False)])
async def test_an_answer_is_read_up_to_64_kibibytes(asked, size, read):
    body = json.dumps(GRANTED).encode()
    found, _ = await asked(answer(body + b" " * (size - len(body))))
    assert isinstance(found, Unavailable) is not read


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(asked, status):
    """It would carry the client's secret to wherever it points."""
    async with RawServer(granting()) as elsewhere:
        error, _ = await asked(answer(b"", f"{status} Moved", f"Location: {elsewhere.url}"))
    assert isinstance(error, Unavailable)
    assert elsewhere.connections == 0


async def test_nobody_there_is_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    endpoint = HttpTokenEndpoint(url, PATIENT, StoppedClock())
    with pytest.raises(Unavailable) as caught:
        await endpoint.client_credentials(CLIENT)
    # Neither the secret nor the request that holds it.
    assert caught.value.__cause__ is None
    assert "100" not in repr(caught.value) + repr(CLIENT)


async def test_no_proxy_of_the_environment_sees_the_secret(asked, monkeypatch):
    async with RawServer(granting()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        _, server = await asked(granting())
    assert (server.connections, proxy.connections) == (1, 0)
