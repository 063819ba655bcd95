"""Settings: what is missing or wrong is named, and no value is ever told."""

import json
from dataclasses import asdict, fields
from urllib.parse import urlsplit

import pytest

from shared.ledger.times import Times
from shared.runtime.settings import RELAY, Settings
from shared.runtime.urls import checked_url
from shared.vocabulary.errors import Misconfigured

GOOD = {
    "AzureWebJobsStorage__tableServiceUri": "https://stamp.table.core.windows.net",
    "KEY_VAULT_URL": "https://stamp.vault.azure.net",
    "STAMP_REGIONS": "westus2, westus3",
}
LOCAL = {"CASELLE_ALLOW_LOOPBACK": "1"}
HOST = "ranchero1.caselleconnect.com"
CANARY = "canary-value"


def refused(**changes):
    """The text of the error that these settings give."""
    environ = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(Misconfigured) as caught:
        Settings.read(environ)
    return str(caught.value) + repr(caught.value)


def test_a_stamp_needs_little_and_the_rest_has_defaults():
    found = Settings.read(GOOD)
    assert (found.caselle_base_url, found.regions) == (RELAY, {"westus2", "westus3"})
    assert found.caselle_token_url is None
    assert found.times == Times()
    assert (found.storage_connection, found.vault_ca_file, found.client_id) == (None, None, None)
    assert (found.biller_cache_seconds, found.token_cache_seconds) == (60, 300)
    assert found.open_items_seconds == 10


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_is_named(name, value):
    assert name in refused(**{name: value})


@pytest.mark.parametrize("value", [",", " ", " , "])
def test_a_stamp_without_a_region_would_hold_every_payment(value):
    assert "STAMP_REGIONS" in refused(STAMP_REGIONS=value)


@pytest.mark.parametrize("name", [f"LEDGER_{each.name.upper()}_SECONDS" for each in fields(Times)])
def test_every_time_that_is_no_number_is_named_and_not_told(name):
    told = refused(**{name: CANARY})
    assert name in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "name", ["BILLER_CACHE_SECONDS", "TOKEN_CACHE_SECONDS", "OPEN_ITEMS_SECONDS", "LEDGER_SETTLE_SECONDS"]
)
@pytest.mark.parametrize("value", [CANARY, "", "-1", "nan", "inf", "1e999", "1h", "1,2"])
def test_a_number_of_seconds_is_finite_and_not_negative(name, value):
    told = refused(**{name: value})
    assert name in told
    assert CANARY not in told


def test_a_question_about_open_items_takes_some_time():
    assert "OPEN_ITEMS_SECONDS" in refused(OPEN_ITEMS_SECONDS="0")


@pytest.mark.parametrize("name", ["LEDGER_BACKOFF_SECONDS", "LEDGER_BREAKER_SECONDS", "LEDGER_ASKS_SECONDS"])
@pytest.mark.parametrize("value", [",", f"30,{CANARY}"])
def test_a_list_of_numbers_that_is_none_is_named(name, value):
    told = refused(**{name: value})
    assert name in told
    assert CANARY not in told


def test_every_time_of_the_ledger_can_be_set():
    given = {"LEDGER_DEADLINE_SECONDS": "20", "LEDGER_BACKOFF_SECONDS": "1, 2,3"}
    assert Settings.read(GOOD | given).times == Times(deadline=20, backoff=(1, 2, 3))


@pytest.mark.parametrize(("lease", "deadline"), [("50", "45"), ("10", "45"), ("60", "55")])
def test_a_lease_outlives_its_deadline(lease, deadline):
    """Otherwise another process could take over a send that is still under way."""
    told = refused(LEDGER_LEASE_SECONDS=lease, LEDGER_DEADLINE_SECONDS=deadline)
    assert "LEDGER_LEASE_SECONDS" in told


@pytest.mark.parametrize("value", ["", "0", "true", "yes", "2", " 1"])
@pytest.mark.parametrize("name", ["TIME_DIVISOR", "KEY_VAULT_CA_FILE"])
def test_what_is_for_one_machine_is_refused_elsewhere(name, value):
    assert name in refused(**{name: "60", "CASELLE_ALLOW_LOOPBACK": value})
    assert name in refused(**{name: "60"})


def test_one_machine_may_run_faster_and_trust_its_own_vault():
    found = Settings.read(GOOD | LOCAL | {"TIME_DIVISOR": "60", "KEY_VAULT_CA_FILE": "/ca.pem"})
    assert found.times == Times().divided(60)
    assert found.vault_ca_file == "/ca.pem"


@pytest.mark.parametrize("value", ["0", "0.5", "-1", "nan", "inf", CANARY])
def test_a_divisor_below_one_is_named(value):
    told = refused(**LOCAL, TIME_DIVISOR=value)
    assert "TIME_DIVISOR" in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "name",
    [
        "KEY_VAULT_URL",
        "AzureWebJobsStorage__tableServiceUri",
        "AzureWebJobsStorage__queueServiceUri",
        "CASELLE_BASE_URL",
        "CASELLE_TOKEN_URL",
    ],
)
@pytest.mark.parametrize("value", [CANARY, f"http://{CANARY}.vault.azure.net", f"ftp://{CANARY}", "https://"])
def test_a_url_that_is_not_https_is_named_and_not_told(name, value):
    """Tokens and the ledger travel there."""
    told = refused(**{name: value})
    assert name in told
    assert CANARY not in told


def test_a_connection_string_does_not_show():
    found = Settings.read(GOOD | {"AzureWebJobsStorage": f"AccountKey={CANARY}"})
    assert found.storage_connection.get_secret_value() == f"AccountKey={CANARY}"
    assert CANARY not in repr(found) + str(found) + json.dumps(asdict(found), default=str)


@pytest.mark.parametrize("name", ["CASELLE_BASE_URL", "TIME_DIVISOR", "KEY_VAULT_CA_FILE", "LEDGER_LEASE_SECONDS"])
def test_no_value_is_in_an_error(name):
    assert CANARY not in refused(**{name: f"https://user:{CANARY}@{HOST}"})


# Where the app may connect to.


HOSTILE = [
    f"http://{HOST}",
    f"https://{HOST}:8443",
    f"https://{HOST}:80",
    f"https://{HOST}:99999",
    f"https://{HOST}:port",
    f"https://{HOST}:-1",
    f"https://{HOST}@evil.example",
    f"https://user@{HOST}",
    f"https://user:word@{HOST}",
    f"https://@{HOST}",
    f"https://:@{HOST}",
    f"https://evil.example/{HOST}",
    f"https://evil.example#{HOST}",
    f"https://evil.example?{HOST}",
    f"https://evil.example\\@{HOST}",
    f"https://{HOST}\\@evil.example",
    f"https://{HOST}.evil.example",
    f"https://evil-{HOST}",
    f"https://{HOST}.",
    f"https://{HOST}%2fevil.example",
    f"https://{HOST}%00.evil.example",
    f"https://{HOST}\r\n.evil.example",
    f"https://{HOST}\t",
    f" https://{HOST}",
    f"https://{HOST} ",
    f"https://{HOST}/?next=https://evil.example",
    f"https://{HOST}/#fragment",
    f"//{HOST}",
    HOST,
    f"file://{HOST}/etc/passwd",
    f"gopher://{HOST}",
    "javascript:alert(1)",
    "https://ranchero1.caselleconnect.com\u3002evil.example",
    "https://r\u0430nchero1.caselleconnect.com",
    "https://169.254.169.254",
    "https://2852039166",
    "https://0xa9fea9fe",
    "https://[::ffff:169.254.169.254]",
    "https://[::1",
    "https://127.0.0.1",
    "http://localhost",
    "https://",
    "",
]


@pytest.mark.parametrize(
    ("name", "url"),
    [("CASELLE_BASE_URL", url) for url in HOSTILE] + [("CASELLE_TOKEN_URL", url) for url in HOSTILE if url],
)
def test_a_hostile_url_is_refused_by_the_setting_s_name(name, url):
    told = refused(**{name: url})
    assert name in told
    assert "evil" not in told


@pytest.mark.parametrize(
    "url",
    [
        *HOSTILE[:-4],
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "http://user@127.0.0.1",
        "http://127.0.0.1:99999",
    ],
)
def test_allowing_loopback_opens_no_other_door(url):
    with pytest.raises(Misconfigured):
        checked_url("CASELLE_BASE_URL", url, {HOST}, allow_loopback=True)


@pytest.mark.parametrize("url", [f"https://{HOST}", f"https://{HOST}/", f"https://{HOST}:443", f"https://{HOST}/base/"])
def test_the_relay_itself_is_welcome(url):
    found = checked_url("CASELLE_BASE_URL", url, {HOST}, allow_loopback=False)
    assert urlsplit(found).hostname == HOST
    assert not found.endswith("/")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080", "https://127.0.0.1"]
)
def test_one_machine_may_talk_to_itself(url):
    assert checked_url("CASELLE_BASE_URL", url, frozenset(), allow_loopback=True) == url


@pytest.mark.parametrize("url", [f"https://{HOST}/oauth/token", f"https://{HOST}/oauth/token/"])
def test_the_token_url_is_used_as_it_stands(url):
    assert Settings.read(GOOD | {"CASELLE_TOKEN_URL": url}).caselle_token_url == url


def test_a_token_url_on_this_machine_is_for_one_machine_only():
    here = {"CASELLE_TOKEN_URL": "http://127.0.0.1:8080/oauth/token"}
    assert "CASELLE_TOKEN_URL" in refused(**here)
    assert Settings.read(GOOD | LOCAL | here).caselle_token_url == here["CASELLE_TOKEN_URL"]


def test_an_empty_token_url_is_none():
    """A template sets every name, some of them to nothing."""
    assert Settings.read(GOOD | {"CASELLE_TOKEN_URL": ""}).caselle_token_url is None


def test_stamps_are_listed_by_region():
    listed = "eastus2=https://east.example/, westeurope=https://west.example:443"
    found = Settings.read(GOOD | {"CALLBACK_STAMPS": listed})
    assert found.callback_stamps == {"eastus2": "https://east.example", "westeurope": "https://west.example:443"}
    assert Settings.read(GOOD | {"CALLBACK_STAMPS": ""}).callback_stamps == Settings.read(GOOD).callback_stamps == {}


@pytest.mark.parametrize(
    "listed",
    [
        CANARY,
        f"https://{CANARY}.example",
        f"=https://{CANARY}.example",
        f"East US=https://{CANARY}.example",
        "east=",
        f"east=http://{CANARY}.example",
        f"east=https://{CANARY}.example:8443",
        f"east=https://user:{CANARY}@east.example",
        f"east=https://east.example?{CANARY}",
        f"east=https://east.example,east=https://{CANARY}.example",
    ],
)
def test_a_list_of_stamps_that_is_none_is_named_and_not_told(listed):
    told = refused(CALLBACK_STAMPS=listed)
    assert "CALLBACK_STAMPS" in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "host", ["relay", "relay.", "10.0.0.1", "relay.example.", "relay_1.example", "relay.123", "-a.b"]
)
def test_a_host_is_named_in_full_also_where_it_is_listed(host):
    refused(CASELLE_BASE_URL=f"https://{host}", CASELLE_ALLOWED_HOSTS=host)


def test_another_relay_is_listed_first():
    other = {"CASELLE_BASE_URL": "https://relay.example"}
    refused(**other)
    listed = Settings.read(GOOD | other | {"CASELLE_ALLOWED_HOSTS": f"{HOST}, Relay.Example"})
    assert listed.caselle_base_url == "https://relay.example"


@pytest.mark.parametrize(
    ("given", "sign_in"),
    [
        ({}, "off"),
        ({"WEBSITE_AUTH_ENABLED": "True"}, "off"),
        ({"CONSOLE_SIGN_IN": "app-service"}, "off"),
        ({"CONSOLE_SIGN_IN": "app-service", "WEBSITE_AUTH_ENABLED": "False"}, "off"),
        ({"CONSOLE_SIGN_IN": "app-service", "WEBSITE_AUTH_ENABLED": "True"}, "app-service"),
        (LOCAL, "development"),
        (LOCAL | {"CONSOLE_SIGN_IN": "app-service", "WEBSITE_AUTH_ENABLED": "True"}, "development"),
    ],
)
def test_the_console_is_open_only_where_the_platform_signs_people_in(given, sign_in):
    assert Settings.read(GOOD | given).console_sign_in == sign_in


@pytest.mark.parametrize("value", ["development", "on", "App-Service", CANARY])
def test_no_other_way_to_sign_in_can_be_set(value):
    assert "CONSOLE_SIGN_IN" in (told := refused(CONSOLE_SIGN_IN=value))
    assert CANARY not in told
