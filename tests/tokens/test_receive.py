import json
import logging
import secrets

import pytest
from pydantic import SecretStr

from shared.billers.callback_keys import CallbackKeys, digest
from shared.billers.model import Biller, Mode, Pause
from shared.tokens.body import MOST_BYTES
from shared.tokens.credentials import Credentials
from shared.tokens.keep import TokenKeeper
from shared.tokens.prove import ProveToken
from shared.tokens.receive import Callback, Outcome, Received, ReceiveToken
from shared.tokens.take import TakeDelivery
from shared.vocabulary.errors import Unavailable
from tests.fakes.billers import FakeBillers
from tests.fakes.callback_keys import FakeCallbackKeys
from tests.fakes.clock import StoppedClock
from tests.fakes.proof import FakeProof
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault

PEPPER = secrets.token_bytes(32)
KEY = secrets.token_urlsafe(32)
CITY = Biller(biller_id="2493", name="Newport OR", time_zone="America/Los_Angeles", mode=Mode.LIVE)
JSON = "application/json"


async def _pepper():
    return PEPPER


class _Setting:
    def __init__(self):
        self.clock, self.billers = StoppedClock(), FakeBillers(CITY)
        self.keys = CallbackKeys(FakeCallbackKeys(), _pepper, self.clock)
        self.vault, self.rows = FakeVault(), FakeTokenRows()
        self.keeper = TokenKeeper(self.vault, self.rows, self.clock)
        prove = ProveToken(self.keeper, self.rows, FakeProof(), self.clock)
        take = TakeDelivery(self.keeper, Credentials(self.vault), prove)
        self._receive = ReceiveToken(self.keys, self.billers, take, self.clock)

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
    assert await setting.receive_at({"BK": KEY}) == Received(Outcome.UNKNOWN_KEY)
    setting.billers._billers.clear()
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
