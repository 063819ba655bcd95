"""Hostile URLs and subdomains, each pointed at a socket that listens: no connection comes."""

import json
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from shared.billers.model import Biller
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.caselle.protocol import Request
from shared.caselle.token_endpoint import HttpTokenEndpoint
from shared.runtime.settings import Settings
from shared.runtime.stamps import HttpStamps
from shared.tokens.authorize import ExchangeCode
from shared.tokens.body import read_fields
from shared.tokens.delivery import read_code
from shared.tokens.endpoint import Client
from shared.tokens.receive import Callback
from shared.vocabulary.errors import CaselleError, Misconfigured
from tests.caselle.calls import MADE, Tokens
from tests.caselle.raw_server import RawServer, answer
from tests.caselle.test_contract import ORDER
from tests.fakes.authorizations import FakeAuthorizations
from tests.fakes.clock import StoppedClock
from tests.payments.world import NEWPORT
from tests.runtime.test_settings import GOOD, HOST, LOCAL

CLIENT = Client("client", SecretStr("secret"))
GRANTED = answer(b'{"access_token": "a", "token_type": "bearer"}')

# {port} is the listening socket's: what is let through by mistake arrives there.
URLS = [
    "http://127.0.0.1:{port}",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/tp/api/cr0/graphql",
    "HTTP://127.0.0.1:{port}",
    "http://127.0.0.1.:{port}",
    "http://127.1:{port}",
    "http://127.0.1:{port}",
    "http://127.000.000.001:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.0.0.1:{port}",
    "http://017700000001:{port}",
    "http://0177.0.0.1:{port}",
    "http://0.0.0.0:{port}",
    "http://0:{port}",
    "http://[::1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}",
    "http://localhost:{port}",
    "https://localhost:{port}",
    "http://LOCALHOST:{port}",
    "http://localhost.:{port}",
    "http://127\u30020\u30020\u30021:{port}",
    "http://\u2460\u2461\u2466.0.0.1:{port}",
    "http://loc\u0430lhost:{port}",
    f"https://{HOST}@127.0.0.1:{{port}}",
    f"http://{HOST}@127.0.0.1:{{port}}",
    f"https://{HOST}:443@127.0.0.1:{{port}}",
    f"http://{HOST}%2f@127.0.0.1:{{port}}",
    f"http://{HOST}%00@127.0.0.1:{{port}}",
    f"http://user:word@127.0.0.1:{{port}}/{HOST}",
    f"http://127.0.0.1:{{port}}/{HOST}",
    f"http://127.0.0.1:{{port}}#{HOST}",
    f"http://127.0.0.1:{{port}}?{HOST}",
    f"http://127.0.0.1:{{port}}#@{HOST}/",
    f"http://127.0.0.1:{{port}}\\@{HOST}",
    f"http://{HOST}\\@127.0.0.1:{{port}}",
    f"http://127.0.0.1:{{port}}%23.{HOST}",
    f"https://{HOST}\r\n@127.0.0.1:{{port}}",
    "http://127.0.0.1:{port}\t",
    " http://127.0.0.1:{port}",
    "ht\ntp://127.0.0.1:{port}",
    "http://127.0.0.1:{port}\x00",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "http:127.0.0.1:{port}",
    "http:///127.0.0.1:{port}",
    "http://169.254.169.254:{port}",
    "ftp://127.0.0.1:{port}",
    "gopher://127.0.0.1:{port}/_POST",
    "file://127.0.0.1:{port}/etc/passwd",
]
SETTINGS = {"CASELLE_BASE_URL": "{}", "CASELLE_TOKEN_URL": "{}", "CALLBACK_STAMPS": "eastus2={}"}
LISTED = {"CASELLE_ALLOWED_HOSTS": f"{HOST},127.0.0.1,localhost,2130706433,0x7f000001,127.1,0.0.0.0,::1"}


async def _connect(name, found):
    """Use what the settings let through, as the app would."""
    if name == "CALLBACK_STAMPS":
        await HttpStamps(found.callback_stamps, 5).hand_on("eastus2", Callback({"BK": "key"}, "", b""))
    elif name == "CASELLE_TOKEN_URL":
        await HttpTokenEndpoint(found.caselle_token_url, 5, StoppedClock()).client_credentials(CLIENT)
    else:
        await Wire(found.caselle_base_url, 5).post(Request("/tp/api/cr0/graphql", {}, b"{}"), 5)


async def _refused(name, environ):
    """Whether the settings refuse; where they do not, the connection is made."""
    try:
        found = Settings.read(GOOD | environ)
    except Misconfigured as refusal:
        return name in str(refusal)
    with suppress(CaselleError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        await _connect(name, found)
    return False


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("url", URLS)
async def test_a_hostile_url_is_refused_and_nothing_connects(name, url):
    async with RawServer(GRANTED) as server:
        aimed = SETTINGS[name].format(url.format(port=urlsplit(server.url).port))
        assert await _refused(name, {name: aimed})
        assert await _refused(name, {name: aimed} | LISTED), "an address is none of the hosts that may be listed"
        assert server.connections == 0


@pytest.mark.parametrize("name", SETTINGS)
async def test_the_same_way_does_connect_where_it_is_allowed(name):
    """Or the test before could not fail."""
    async with RawServer(GRANTED) as server:
        assert not await _refused(name, {name: SETTINGS[name].format(server.url)} | LOCAL)
        assert server.connections == 1


async def test_a_redirect_leads_nowhere():
    async with (
        RawServer(GRANTED) as elsewhere,
        RawServer(answer(b"", "307 Temporary Redirect", f"Location: {elsewhere.url}")) as server,
    ):
        for name, pattern in SETTINGS.items():
            assert not await _refused(name, {name: pattern.format(server.url)} | LOCAL)
        assert (server.connections, elsewhere.connections) == (3, 0)


async def test_a_proxy_of_the_environment_sees_nothing(monkeypatch):
    async with RawServer(GRANTED) as proxy, RawServer(GRANTED) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        for name, pattern in SETTINGS.items():
            assert not await _refused(name, {name: pattern.format(server.url)} | LOCAL)
        assert (server.connections, proxy.connections) == (3, 0)


async def test_a_callback_says_nothing_about_where_its_code_is_exchanged():
    clock = StoppedClock()

    class Secrets:
        async def client_secret(self, _):
            return SecretStr("secret")

    async with RawServer(GRANTED) as named, RawServer(GRANTED) as server:
        exchange = ExchangeCode(FakeAuthorizations(), Secrets(), HttpTokenEndpoint(server.url, 5, clock), clock)
        state = (await exchange.begin("2493")).get_secret_value()
        places = ("token_url", "token_endpoint", "tokenUrl", "iss", "issuer", "redirect_uri", "jwks_uri", "callbackUrl")
        body = json.dumps({"code": "c", "state": state} | dict.fromkeys(places, named.url)).encode()
        code = read_code(read_fields("application/json", body, {}))
        await exchange(Biller.model_validate(NEWPORT | {"clientId": "client"}), code)
        assert (server.connections, named.connections) == (1, 0)
        assert named.url.encode() not in server.requests[0]


# Subdomains.


SUBDOMAINS = [
    "",
    " ",
    ".",
    "..",
    "-",
    "-city",
    "city-",
    "City",
    "city.evil.example",
    "evil.example/",
    "city/../other",
    "city%2fother",
    "city%00",
    "city\x00",
    "city\r\nHost: evil.example",
    "city\nX-Admin: 1",
    "city\n",
    "\ncity",
    " city",
    "city ",
    "city\t",
    "city:80",
    "user@city",
    "city#",
    "city?x=1",
    "city\\other",
    "city_name",
    "c\u0456ty",
    "city\u3002evil",
    "ci\u200bty",
    "\u2460",
    "*",
    "[::1]",
    "{city}",
    "$city",
    "city'--",
    "a" * 64,
]


async def _post_for(subdomain, server):
    """Make a receipt for a city of that subdomain, as far as one can be."""
    try:
        city = Biller.model_validate(NEWPORT | {"subdomain": subdomain})
    except ValidationError:
        return
    await CaselleCashReceipting(CaselleClient(Wire(server.url, 5), Tokens(), 5)).create_receipt(city, ORDER)


@pytest.mark.parametrize("subdomain", SUBDOMAINS)
async def test_a_hostile_subdomain_belongs_to_no_biller_and_nothing_connects(subdomain):
    async with RawServer(answer(MADE)) as server:
        await _post_for(subdomain, server)
        assert server.connections == 0


@pytest.mark.parametrize("subdomain", ["newportor", "a", "0", "a-b", "a" * 63])
async def test_a_city_s_subdomain_does_connect(subdomain):
    async with RawServer(answer(MADE)) as server:
        await _post_for(subdomain, server)
        assert server.connections == 1
        assert server.header(0, "X-Caselle-Subdomain") == subdomain
