"""One callback host for two stamps, each a whole stack with stores of its own."""

import asyncio
import json
import secrets
from http import HTTPStatus

import httpx
import pytest
from azure.data.tables.aio import TableClient
from pydantic import SecretStr

from local.simulator.client import SimulatorControl
from local.stack import CALLBACK_ROUTE, Stack
from local.stack_setup import add_callback_key
from shared.azure_stores.table_billers import TableBillers
from shared.billers.model import Biller
from shared.tokens.body import MOST_BYTES
from shared.tokens.receive import MARK
from tests.fakes.billers import overwrite
from tests.payments.world import NEWPORT

pytestmark = pytest.mark.timeout(300)

AWAY = Biller.model_validate(NEWPORT | {"region": "eastus2"})
AT_HOME = AWAY.model_copy(update={"biller_id": "2137", "subdomain": "ictest", "region": "westus2"})
ASTRAY = AWAY.model_copy(update={"biller_id": "31", "subdomain": "cedarflats"})
BILLERS = [AWAY, AT_HOME, ASTRAY]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("home") / "state", BILLERS, region="eastus2") as stack:
        yield stack


@pytest.fixture(scope="module")
def front(tmp_path_factory, home):
    """The callback host; the keys of its URLs are good at home too."""
    stack = Stack(
        tmp_path_factory.mktemp("front") / "state",
        BILLERS,
        region="westus2",
        caselle_url=home.simulator.caselle_url,
        settings={"CALLBACK_STAMPS": f"westus2=http://127.0.0.1:1,eastus2={home.functions_url}"},
    )
    with stack:
        yield stack


@pytest.fixture(scope="module")
def url(home, front):
    """The callback URL that the biller's city has: it names the callback host, not the biller's home."""
    url = front.callback_urls[AWAY.biller_id]
    for biller in (AWAY, ASTRAY):
        key = SecretStr(front.callback_urls[biller.biller_id].partition("=")[2])
        asyncio.run(add_callback_key(home.storage, home.vault, biller.biller_id, key))
    home.kill_host()
    home.start_host()  # on the same port; it reads the keys now, not within half a minute
    return url


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        yield http


def _secrets(stack):
    """Every value that the stack's vault holds."""
    kept = json.loads((stack._folder.path / "vault/secrets.json").read_text())
    return {version["value"] for secret in kept.values() for version in secret["versions"]}


def _log(stack):
    return "".join(path.read_text() for path in stack._folder.logs.glob("functions-host-*.log"))


async def _rows(stack, table, biller):
    async with TableClient.from_connection_string(stack.storage, table) as client:
        return [entity async for entity in client.list_entities() if biller in entity["RowKey"]]


async def test_a_delivery_goes_to_the_biller_s_home_and_nothing_of_it_stays(home, front, url, http):
    token, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    answer = await http.post(url, json={"access_token": token, "client_secret": secret, "expires_in": 86400})
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert token in _secrets(home)
    assert not {token, secret} & _secrets(front)
    assert await _rows(front, "tokens", AWAY.biller_id) == []
    assert await _rows(home, "tokens", AWAY.biller_id) != []
    assert not any(text in _log(front) for text in (token, secret, url.partition("=")[2]))


async def test_caselle_itself_delivers_by_the_callback_host(home, front, url):
    async with SimulatorControl(home.control_url) as control:
        await control.switch("newportor", callbackUrl=url)
        assert await control.deliver_token("newportor") == HTTPStatus.OK
    assert await _rows(front, "tokens", AWAY.biller_id) == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (("application/json", b"{}"), 400),
        (("application/json", b"{"), 400),
        (("application/json", b'{"error": "access_denied"}'), 400),
        (("application/x-www-form-urlencoded", b"token=a&expires_in=0"), 400),
        (("text/plain", b"token=a"), 415),
        (("application/json", b" " * (MOST_BYTES + 1)), 413),
    ],
)
async def test_the_answer_comes_back_as_it_was(home, url, http, sent, status):
    (content_type, body), key = sent, url.partition("=")[2]
    headers = {"Content-Type": content_type}
    direct = await http.post(f"{home.functions_url}/{CALLBACK_ROUTE}?BK={key}", content=body, headers=headers)
    through = await http.post(url, content=body, headers=headers)
    assert through.status_code == direct.status_code == status
    assert through.content == direct.content
    assert _steady(through) == _steady(direct)


async def test_a_token_in_the_query_arrives_too(home, url, http):
    token = secrets.token_urlsafe(32)
    assert (await http.get(url, params={"BK": url.partition("=")[2], "token": token})).status_code == HTTPStatus.OK
    assert token in _secrets(home)


async def test_who_is_at_home_at_the_callback_host_stays_there(home, front, url, http):
    token = secrets.token_urlsafe(32)
    answer = await http.post(front.callback_urls[AT_HOME.biller_id], json={"access_token": token})
    assert answer.status_code == HTTPStatus.OK
    assert token in _secrets(front) - _secrets(home)


async def test_a_guess_is_answered_alike_at_both(home, front, url, http):
    answers = [
        await http.post(f"{stack.functions_url}/{CALLBACK_ROUTE}?BK={secrets.token_urlsafe(32)}", headers=headers)
        for stack in (home, front)
        for headers in ({}, {MARK: "1"})
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


async def test_two_stamps_that_take_each_other_for_the_home_end_it(home, front, url, http):
    """The home of this biller has been told otherwise, and no host has read that yet."""
    async with TableClient.from_connection_string(home.storage, "billers") as table:
        await overwrite(TableBillers(table), ASTRAY.model_copy(update={"region": "westus2"}))
    home.kill_host()
    home.start_host()
    answer = await http.post(front.callback_urls[ASTRAY.biller_id], json={"access_token": "tok"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert _log(home).count("callback.homeless") == 1
    assert "callback.homeless" not in _log(front)


async def test_while_the_home_is_down_caselle_is_asked_to_come_again(home, front, url, http):
    home.kill_host()
    answer = await http.post(url, json={"access_token": "tok"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert (await http.post(front.callback_urls[AT_HOME.biller_id], json={"access_token": "t"})).status_code == 200
    home.start_host()
    assert (await http.post(url, json={"access_token": "tok"})).status_code == HTTPStatus.OK


def _steady(answer):
    return {name: value for name, value in answer.headers.items() if name != "date"}
