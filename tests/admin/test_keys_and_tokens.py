"""Callback keys, tokens and ClientSecrets: entered, shown without a value, ended; each change is recorded."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.csm import new_city, set_up
from local.simulator.client import SimulatorControl

ZONE = "America/Los_Angeles"


@pytest.fixture
def draft(icadmin, bid):
    assert icadmin("biller", "add", bid, "Astoria OR", ZONE, "--yes").code == 0
    return bid


@pytest.fixture
def key():
    return secrets.token_urlsafe(40)


def callback(stack, key):
    return f"{stack.functions_url}/api/ICOAuthTokenProcessor?BK={key}"


def deliver(stack, key):
    body = {"access_token": secrets.token_urlsafe(16), "expires_in": 3600}
    return httpx.post(callback(stack, key), json=body, trust_env=False, timeout=30).status_code


def city(stack, biller_id, key):
    made = new_city(biller_id, callback(stack, key))
    asyncio.run(set_up(stack.control_url, made))
    return made


def known_city(icadmin, stack, draft, key):
    """A biller whose Caselle is configured and has delivered a token."""
    icadmin("key", "add", draft, "--yes", typed=key)
    made = city(stack, draft, key)
    icadmin("biller", "set", draft, f"subdomain={made['subdomain']}", f"clientId={made['clientId']}", "--yes")
    return made


class TestKeys:
    def test_a_key_that_is_added_opens_the_callback(self, icadmin, stack, draft, key):
        said = icadmin("key", "add", draft, "--yes", typed=f"{key}\n")
        assert said.code == 0
        assert key not in said.out + said.err
        assert deliver(stack, key) == 200
        assert icadmin("biller", "show", draft, "--json").json["callbackUrl"].endswith("/api/ICOAuthTokenProcessor")
        [shown] = icadmin("key", "list", draft, "--json").json
        assert shown["active"]
        assert len(shown["key"]) == 8

    def test_the_old_key_goes_on_after_a_rotation_until_it_is_revoked(self, icadmin, draft, key):
        icadmin("key", "add", draft, "--yes", typed=key)
        [old] = icadmin("key", "list", draft, "--json").json
        assert icadmin("key", "rotate", draft, "--yes", "--days", "30", typed=secrets.token_urlsafe(40)).code == 0
        rows = {row["key"]: row for row in icadmin("key", "list", draft, "--json").json}
        assert len(rows) == 2
        ends = datetime.fromisoformat(rows[old["key"]]["endsAt"]) - datetime.now(UTC)
        assert timedelta(days=29) < ends < timedelta(days=31)
        assert "has 2 active keys" in icadmin("key", "rotate", draft, "--yes", typed=secrets.token_urlsafe(40)).err
        assert icadmin("key", "revoke", draft, old["key"], "--reason", "lost", "--yes").code == 0
        rows = {row["key"]: row["active"] for row in icadmin("key", "list", draft, "--json").json}
        assert rows.pop(old["key"]) is False
        assert list(rows.values()) == [True]
        what = [row["what"] for row in icadmin("audit", draft, "--json").json]
        assert what == ["biller.add", "key.add", "biller.set", "key.rotate", "key.revoke"]

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ("", "No callback key was given"),
            ("\n\n", "No callback key was given"),
            ("a\nb", "is one line; more than one was given"),
            ("short", "a callback key is 22 to 512 random characters"),
            ("ä" * 30, "a callback key is 22 to 512 random characters"),
        ],
    )
    def test_a_key_that_cannot_be(self, icadmin, draft, typed, says):
        said = icadmin("key", "add", draft, "--yes", typed=typed)
        assert said.code == 2
        assert says in said.err

    def test_a_key_of_another_biller(self, icadmin, draft, bid, key):
        icadmin("key", "add", draft, "--yes", typed=key)
        other = str(int(bid) + 400_000)
        icadmin("biller", "add", other, "Seaside OR", ZONE, "--yes")
        said = icadmin("key", "add", other, "--yes", typed=key)
        assert (said.code, "known already" in said.err) == (2, True)
        assert [row["outcome"] for row in icadmin("audit", other, "--json").json] == ["begun", "begun", "failed"]

    def test_a_biller_that_keeps_utility_s_url_is_told_what_follows(self, icadmin, draft, key):
        url = "https://icoauthtokenprocessor.azurewebsites.net/api/ICOAuthTokenProcessor"
        said = icadmin("key", "add", draft, "--existing-url", url, "--yes", typed=key)
        assert said.code == 0
        assert "CALLBACK_STAMPS" in said.err
        assert icadmin("biller", "show", draft, "--json").json["callbackUrl"] == url
        for wrong in (f"{url}?BK={key}", "http://x.test/api", "https://[", "nonsense"):
            said = icadmin("key", "add", draft, "--existing-url", wrong, "--yes", typed=key)
            assert (said.code, "--existing-url is https://host/path" in said.err) == (2, True)

    def test_revoking_what_is_not_there(self, icadmin, draft):
        said = icadmin("key", "revoke", draft, "00000000", "--reason", "x", "--yes")
        assert (said.code, "has no active key 00000000" in said.err) == (2, True)


class TestSecrets:
    def test_a_client_secret_goes_to_the_vault_and_nowhere_else(self, icadmin, draft):
        secret = secrets.token_urlsafe(20)
        said = icadmin("biller", "secret", "set", draft, "--yes", typed=f"{secret}\r\n")
        assert said.code == 0
        assert "already" in icadmin("biller", "secret", "set", draft, "--yes", typed=secret).out
        assert icadmin("token", "show", draft, "--json").json["clientSecretKept"]
        everything = [icadmin("audit", draft).out, icadmin("biller", "show", draft).out, said.out + said.err]
        assert secret not in "".join(everything)


class TestTokens:
    def test_none_yet(self, icadmin, draft):
        assert icadmin("token", "show", draft, "--json").json["token"].startswith("none yet")

    def test_a_delivered_one_is_shown_with_its_days(self, icadmin, stack, draft, key):
        known_city(icadmin, stack, draft, key)
        shown = icadmin("token", "show", draft, "--json").json
        assert (shown["token"], shown["daysLeft"], shown["waitingToBeProved"]) == ("in force", 179, 0)

    def test_a_pasted_one_serves_only_when_caselle_accepts_it(self, icadmin, stack, draft, key):
        known_city(icadmin, stack, draft, key)
        before = icadmin("token", "show", draft, "--json").json["fingerprint"]
        junk = icadmin("token", "paste", draft, "--yes", typed="junk-token")
        assert (junk.code, "not accepted it yet" in junk.out) == (0, True)
        assert icadmin("token", "show", draft, "--json").json["fingerprint"] == before

    def test_a_good_one_that_a_person_enters_serves(self, icadmin, stack, draft, key):
        made = known_city(icadmin, stack, draft, key)
        before = icadmin("token", "show", draft, "--json").json["fingerprint"]
        good, ends = asyncio.run(_mint(stack, made)), f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}"
        said = icadmin("token", "paste", draft, "--expires", ends, "--yes", typed=good)
        assert said.out == "The token serves; every instance uses it within minutes.\n"
        shown = icadmin("token", "show", draft, "--json").json
        assert shown["fingerprint"] != before
        assert shown["expiresAt"].startswith(ends)
        assert good not in icadmin("audit", draft).out
        assert "there already" in icadmin("token", "paste", draft, "--yes", typed=good).out

    @pytest.mark.parametrize(
        ("expires", "says"),
        [
            ("soon", "--expires: not a date"),
            ("2020-01-01", "--expires: has passed already"),
            ("1e9999", "--expires: not"),
        ],
    )
    def test_an_expiry_that_cannot_be(self, icadmin, draft, expires, says):
        said = icadmin("token", "paste", draft, "--expires", expires, "--yes", typed="some-token")
        assert (said.code, says in said.err) == (2, True)

    def test_a_supervised_renewal_that_passes(self, icadmin, stack, draft, key):
        made = known_city(icadmin, stack, draft, key)
        icadmin("biller", "set", draft, "tokenStrategy=client_credentials", "--yes")
        said = icadmin("token", "renew", draft, "--yes")
        assert (said.code, "ClientSecret or refresh token is missing" in said.out) == (1, True)
        icadmin("biller", "secret", "set", draft, "--yes", typed=made["clientSecret"])
        said = icadmin("token", "renew", draft, "--yes", "--json")
        assert (said.code, said.json) == (0, {"outcome": "passed"})
        assert icadmin("token", "show", draft, "--json").json["renewsByItself"]

    def test_what_the_callback_brought_waits_for_a_person(self, icadmin, stack, draft, key):
        known_city(icadmin, stack, draft, key)
        assert "No credentials are pending" in icadmin("token", "accept", draft, "--yes").err
        body = {"access_token": "another", "client_secret": "brought-by-callback"}
        assert httpx.post(callback(stack, key), json=body, trust_env=False, timeout=30).status_code == 200
        assert icadmin("token", "show", draft, "--json").json["pending"] == ["clientSecret"]
        assert icadmin("token", "accept", draft, "--yes").code == 0
        shown = icadmin("token", "show", draft, "--json").json
        assert (shown["pending"], shown["clientSecretKept"]) == ([], True)

    def test_a_client_id_that_the_callback_brought_is_put_into_the_record(self, icadmin, stack, draft, key):
        icadmin("key", "add", draft, "--yes", typed=key)
        made = city(stack, draft, key)
        assert icadmin("token", "show", draft, "--json").json["pending"] == ["clientId"]
        assert icadmin("token", "accept", draft, "--yes").code == 0
        assert icadmin("biller", "show", draft, "--json").json["clientId"] == made["clientId"]


async def _mint(stack, made):
    """A token that the city's Caselle knows and has delivered nowhere."""
    form = {"grant_type": "client_credentials", "client_id": made["clientId"], "client_secret": made["clientSecret"]}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.post(str(stack._token_url), data=form)
    return answer.json()["access_token"]


async def test_playing_the_csm_adds_one_city_and_leaves_the_others(stack):
    async with SimulatorControl(stack.control_url) as control:
        await control.put_biller(new_city("799999", "http://127.0.0.1:9/"))
        assert {"2493", "799999"} <= set(await control.summary())
