import asyncio
import json
import logging
import secrets

import pytest
from pydantic import SecretStr

from shared.billers.callback_keys import REFRESH_SECONDS, digest
from shared.billers.model import Biller, Mode, Pause
from shared.tokens.authorize import STATE_LIFETIME
from shared.tokens.body import MOST_BYTES
from shared.tokens.endpoint import RenewalRefused
from shared.tokens.receive import Answer, Callback, Outcome, Received
from shared.vocabulary.errors import Unavailable
from tests.fakes.app import app_over, given
from tests.fakes.authorizations import FakeAuthorizations
from tests.fakes.billers import FakeBillers
from tests.fakes.callback_keys import FakeCallbackKeys
from tests.fakes.clock import StoppedClock
from tests.fakes.proof import FakeProof
from tests.fakes.stamps import FakeStamps
from tests.fakes.token_endpoint import FakeTokenEndpoint
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault

PEPPER = secrets.token_bytes(32)
KEY = secrets.token_urlsafe(32)
CITY = Biller(
    biller_id="2493", name="Newport OR", time_zone="America/Los_Angeles", mode=Mode.LIVE, client_id="client-of-newport"
)
ELSEWHERE = CITY.model_copy(update={"region": "eastus2"})
JSON = "application/json"


async def _pepper():
    return PEPPER


class _Setting:
    def __init__(self):
        self.clock, self.billers = StoppedClock(), FakeBillers(CITY)
        self.vault, self.rows = FakeVault(), FakeTokenRows()
        self.authorizations, self.endpoint = FakeAuthorizations(), FakeTokenEndpoint(self.clock)
        self.key_rows, self.stamps = FakeCallbackKeys(), FakeStamps()
        self.make()

    def make(self, regions=("westus2",)):
        stores = {"tokens": self.rows, "vault": self.vault, "billers": self.billers}
        stores |= {"callback_keys": self.key_rows, "authorizations": self.authorizations, "pepper": _pepper}
        app = app_over(self.clock, regions=frozenset(regions), **stores)
        given(app, shared_clock=self.clock, _other_stamps=self.stamps)
        given(app.tokens, endpoint=self.endpoint, _proof=FakeProof())
        self.keys, self.keeper, self.credentials = app.callback_keys, app.tokens.keeper, app.tokens.credentials
        self.exchange, self._receive = app._exchange_code, app.receive_token

    async def receive(self, body=b"", content_type=JSON, **query):
        return await self._receive(Callback({"BK": KEY} | query, content_type, body))

    async def receive_at(self, query):
        return await self._receive(Callback(query, JSON, b'{"token": "tok-1"}'))


@pytest.fixture
async def setting():
    setting = _Setting()
    await setting.keys.add("2493", SecretStr(KEY))
    return setting


async def test_a_delivery_is_stored_for_the_biller_of_the_key_whatever_the_body_says(setting, caplog):
    with caplog.at_level(logging.INFO, "caselle"):
        assert await setting.receive(b'{"billerId": "2137", "access_token": "tok-1"}') == Received(Outcome.STORED)
        assert await setting.receive(b'{"access_token": "tok-1"}') == Received(Outcome.STORED)
    token = await setting.keeper.current("2493")
    assert (token.generation, token.value.get_secret_value()) == (1, "tok-1")
    assert await setting.keeper.current("2137") is None
    lines = [json.loads(record.message) for record in caplog.records]
    assert [(line["event"], line["biller"]) for line in lines] == [
        ("token.stored", "2493"),
        ("token.already_stored", "2493"),
    ]


async def test_form_and_query_deliver_as_well(setting):
    assert (await setting.receive(b"token=of-form", "application/x-www-form-urlencoded")).outcome is Outcome.STORED
    assert (await setting.receive(content_type="", Token="of-query", expires_in="60")).outcome is Outcome.STORED
    assert (await setting.keeper.current("2493")).value.get_secret_value() == "of-query"


@pytest.mark.parametrize("name", ["BK", "bk", "Bk", "bK"])
async def test_the_key_s_name_is_read_in_any_letter_case(setting, name):
    assert (await setting.receive_at({name: KEY})).outcome is Outcome.STORED


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"BK": ""},
        {"BK": "\ud800"},
        {"BK": KEY[:-1]},
        {"BK": f"{KEY},{KEY}"},
        {"BK": KEY, "bk": KEY},
        {"code": KEY},
        {"BK": secrets.token_urlsafe(32)},
    ],
)
async def test_no_other_key_opens_the_callback(setting, query, caplog):
    with caplog.at_level(logging.INFO, "caselle"):
        assert await setting.receive_at(query) == Received(Outcome.UNKNOWN_KEY)
    assert not setting.vault.names
    assert [json.loads(record.message) for record in caplog.records] == [{"event": "callback.unknown_key"}]


async def test_a_revoked_key_and_a_retired_or_vanished_biller_are_as_unknown(setting):
    await setting.billers.put(CITY.model_copy(update={"mode": Mode.RETIRED}))
    setting.clock.advance(REFRESH_SECONDS)
    assert await setting.receive_at({"BK": KEY}) == Received(Outcome.UNKNOWN_KEY)
    setting.billers._billers.clear()
    setting.clock.advance(REFRESH_SECONDS)
    assert await setting.receive_at({"BK": KEY}) == Received(Outcome.UNKNOWN_KEY)
    await setting.billers.put(CITY)
    await setting.keys.revoke(digest(PEPPER, KEY))
    assert await setting.receive_at({"BK": KEY}) == Received(Outcome.UNKNOWN_KEY)
    assert not setting.vault.names


@pytest.mark.parametrize(
    "change", [{"mode": Mode.DRAFT}, {"mode": Mode.SHADOW}, {"paused": Pause(reason="upgrade of Connect")}]
)
async def test_billers_that_do_not_post_are_served_all_the_same(setting, change):
    await setting.billers.put(CITY.model_copy(update=change))
    assert (await setting.receive_at({"BK": KEY})).outcome is Outcome.STORED


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{}", JSON, Received(Outcome.REFUSED, "access_token", "missing")),
        (b"{", JSON, Received(Outcome.REFUSED, "body", "not JSON")),
        (b"x" * (MOST_BYTES + 1), JSON, Received(Outcome.TOO_LARGE)),
        (b"token=tok-1", "text/plain", Received(Outcome.UNSUPPORTED_TYPE)),
    ],
)
async def test_what_cannot_be_kept_is_told_to_a_known_key_only(setting, body, content_type, expected, caplog):
    with caplog.at_level(logging.INFO, "caselle"):
        assert await setting.receive(body, content_type) == expected
    [line] = [json.loads(record.message) for record in caplog.records]
    assert line == {
        "event": "callback.refused",
        "biller": "2493",
        "outcome": expected.outcome.name.lower(),
        "field": expected.field,
        "detail": expected.detail,
    }
    assert await setting.receive(body, content_type, BK="x" * 43) == Received(Outcome.UNKNOWN_KEY)


async def test_a_store_that_is_down_refuses_nothing_for_good(setting):
    setting.vault.down = True
    with pytest.raises(Unavailable):
        await setting.receive(b'{"token": "tok-1"}')
    setting.vault.down = False
    assert (await setting.receive(b'{"token": "tok-1"}')).outcome is Outcome.STORED


async def test_neither_key_nor_token_reaches_log_or_repr(setting, caplog):
    token, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    body = json.dumps({"access_token": token, "client_secret": secret, "expires_in": 60}).encode()
    with caplog.at_level(logging.DEBUG):
        received = [
            await setting.receive(body),
            await setting.receive(body, BK="x" * 43),
            await setting.receive(body[:-1]),
        ]
    shown = (
        caplog.text
        + repr(Callback({"BK": KEY}, JSON, body))
        + repr(received)
        + repr(await setting.rows.read("2493"))
        + repr(setting.vault._versions)
    )
    assert not any(hidden in shown for hidden in (KEY, token, secret))


# Codes.


async def _set_up(setting):
    """Let codes be exchanged; the state of an authorization that was just begun."""
    await setting.credentials.keep_client_secret("2493", SecretStr("sec-1"))
    return (await setting.exchange.begin("2493")).get_secret_value()


async def _code(setting, **fields):
    received = await setting.receive(json.dumps(fields).encode())
    return received.field or received.outcome


async def test_a_code_is_exchanged_for_the_token_that_is_stored(setting):
    state = await _set_up(setting)
    assert await _code(setting, code="code-1", state=state) is Outcome.STORED
    assert (await setting.keeper.current("2493")).value.get_secret_value() == "token of code-1"
    assert [(client.client_id, client.client_secret.get_secret_value()) for client in setting.endpoint.clients] == [
        ("client-of-newport", "sec-1")
    ]


async def test_a_code_may_come_by_the_query_as_a_browser_brings_it(setting):
    state = await _set_up(setting)
    assert (await setting.receive(content_type="", code="code-1", state=state)).outcome is Outcome.STORED


async def test_a_state_is_good_for_one_code(setting):
    state = await _set_up(setting)
    assert await _code(setting, code="code-1", state=state) is Outcome.STORED
    assert await _code(setting, code="code-1", state=state) == "state"
    assert await _code(setting, code="code-2", state=state) == "state"
    assert setting.endpoint.requests == 1


async def test_of_many_callbacks_with_one_state_one_is_exchanged(setting):
    state = await _set_up(setting)
    found = await asyncio.gather(*(_code(setting, code=f"code-{n}", state=state) for n in range(10)))
    assert sorted(found, key=str) == [Outcome.STORED] + ["state"] * 9
    assert setting.endpoint.requests == 1


async def test_forged_expired_and_foreign_states_are_refused(setting):
    state = await _set_up(setting)
    foreign = (await setting.exchange.begin("2137")).get_secret_value()
    assert await _code(setting, code="code-1", state=secrets.token_urlsafe(32)) == "state"
    assert await _code(setting, code="code-1", state=foreign) == "state"
    assert await _code(setting, code="code-1") == "state"
    setting.clock.advance(STATE_LIFETIME.total_seconds())
    assert await _code(setting, code="code-1", state=state) == "state"
    assert setting.endpoint.requests == 0
    assert not setting.vault.versions("oauth-token")


async def test_a_code_is_not_exchanged_where_that_is_not_set_up(setting):
    state = (await setting.exchange.begin("2493")).get_secret_value()
    assert await _code(setting, code="code-1", state=state) == "code"
    await setting.credentials.keep_client_secret("2493", SecretStr("sec-1"))
    endpoint, setting.endpoint = setting.endpoint, None
    setting.make()
    assert await _code(setting, code="code-1", state=state) == "code"
    setting.endpoint = endpoint
    setting.make()
    assert await _code(setting, code="code-1", state=state) is Outcome.STORED


@pytest.mark.parametrize("error", [RenewalRefused("invalid_grant"), Unavailable("token endpoint: ReadTimeout")])
async def test_a_code_that_brings_no_token_is_told_and_begun_again(setting, error):
    state = await _set_up(setting)
    setting.endpoint.fail(error)
    assert await _code(setting, code="code-1", state=state) == "code"
    assert await _code(setting, code="code-1", state=state) == "state"
    again = (await setting.exchange.begin("2493")).get_secret_value()
    assert await _code(setting, code="code-2", state=again) is Outcome.STORED


async def test_a_store_that_is_down_leaves_the_state_good(setting):
    state = await _set_up(setting)
    setting.authorizations.down = True
    with pytest.raises(Unavailable):
        await _code(setting, code="code-1", state=state)
    setting.authorizations.down = False
    assert await _code(setting, code="code-1", state=state) is Outcome.STORED


# Billers at home in another stamp.


@pytest.fixture
async def away(setting):
    await setting.billers.put(ELSEWHERE)
    setting.clock.advance(REFRESH_SECONDS)
    return setting


async def test_what_is_for_another_stamp_goes_there_and_is_not_kept_here(away):
    away.stamps.answer = Answer(400, b'{"field": "expires_at"}')
    received = await away.receive(b'{"access_token": "tok-1"}', more="1")
    assert received == Received(Outcome.HANDED_ON, answer=away.stamps.answer)
    [(region, callback)] = away.stamps.handed_on
    assert (region, callback.query, callback.content_type) == ("eastus2", {"BK": KEY, "more": "1"}, JSON)
    assert callback.body == b'{"access_token": "tok-1"}'
    assert not away.vault.names
    assert await away.rows.read("2493") is None


async def test_a_bad_key_or_a_retired_biller_is_not_handed_on(away):
    assert await away.receive(b"{}", BK="x" * 43) == Received(Outcome.UNKNOWN_KEY)
    await away.billers.put(ELSEWHERE.model_copy(update={"mode": Mode.RETIRED}))
    away.clock.advance(REFRESH_SECONDS)
    assert await away.receive(b"{}") == Received(Outcome.UNKNOWN_KEY)
    assert away.stamps.handed_on == []


async def test_a_region_of_this_very_stamp_is_not_handed_on(away):
    away.make(regions=("westus2", "eastus2"))
    assert (await away.receive(b'{"access_token": "tok-1"}')).outcome is Outcome.STORED
    assert away.stamps.handed_on == []


async def test_a_body_that_nobody_would_read_is_not_handed_on(away):
    assert await away.receive(b"x" * (MOST_BYTES + 1)) == Received(Outcome.TOO_LARGE)
    assert away.stamps.handed_on == []


async def test_what_was_handed_on_is_never_handed_on_again(away, caplog):
    """Two stamps that take each other for the home would pass it to and fro."""
    callback = Callback({"BK": KEY}, JSON, b'{"access_token": "tok-1"}', handed_on=True)
    with pytest.raises(Unavailable):
        await away._receive(callback)
    assert away.stamps.handed_on == []
    assert "callback.homeless" in caplog.text
    assert not away.vault.names


async def test_two_stamps_that_mean_each_other_ask_once(away):
    away.stamps.peer = away
    with pytest.raises(Unavailable):
        await away.receive(b'{"access_token": "tok-1"}')
    assert len(away.stamps.handed_on) == 1


async def test_a_stamp_that_does_not_answer_refuses_nothing_for_good(away):
    away.stamps.answer = None
    with pytest.raises(Unavailable):
        await away.receive(b'{"access_token": "tok-1"}')
