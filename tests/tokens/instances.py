"""Instances of the app over one vault, one table and one token endpoint, in virtual time."""

import asyncio
import json
from datetime import timedelta

from pydantic import SecretStr

from shared.billers.model import Biller, TokenStrategy
from shared.tokens.delivery import Delivery
from tests.fakes.app import app_over, given
from tests.fakes.billers import FakeBillers
from tests.fakes.clock import StoppedClock
from tests.fakes.proof import FakeProof
from tests.fakes.token_endpoint import FakeTokenEndpoint
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault

CITY = Biller(
    biller_id="2493",
    name="Newport OR",
    time_zone="America/Los_Angeles",
    subdomain="newportor",
    client_id="client",
    token_strategy=TokenStrategy.CLIENT_CREDENTIALS,
)
WAITING = CITY.model_copy(update={"token_strategy": TokenStrategy.CALLBACK})


class Instance:
    """One process's memory."""

    def __init__(self, shop):
        app = app_over(shop.clock, tokens=shop.rows, vault=shop.vault, billers=shop.billers)
        given(app, shared_clock=shop.clock)
        tokens = given(app.tokens, endpoint=shop.endpoint, _proof=shop.proof)
        tokens._renew._sleep = shop.sleep
        self.keeper, self.credentials = tokens.keeper, tokens.credentials
        self.serve, self.take = tokens.serve, tokens.take
        self.sweep, self.look_after, self.supervise = app.sweep_tokens, tokens.look_after, tokens.supervise

    async def token(self):
        token = await self.serve.token("2493")
        return token and token.get_secret_value()

    async def instead_of(self, refused, biller=CITY):
        token = await self.serve.instead_of(biller, SecretStr(refused))
        return token and token.get_secret_value()


class Shop:
    """What the instances share."""

    def __init__(self):
        self.clock = StoppedClock()
        self.vault, self.rows = FakeVault(), FakeTokenRows()
        self.endpoint = FakeTokenEndpoint(self.clock)
        self.proof, self.billers = FakeProof(), FakeBillers(CITY)
        self.slept = 0.0
        self.sleeping = asyncio.Event()

    def instance(self):
        return Instance(self)

    async def sleep(self, seconds):
        """Virtual: whoever sleeps moves the clock, and lets the others go on."""
        self.slept += seconds
        self.sleeping.set()
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def deliver(self, *tokens):
        """What Caselle delivers to the callback, which yet another instance serves."""
        for token in tokens:
            await self.instance().take(CITY, self.delivery(token))

    def delivery(self, token, days=182, **credentials):
        expires_at = self.clock.now() + timedelta(days=days)
        return Delivery(token=SecretStr(token), expires_at=expires_at, **credentials)

    async def set_up(self, *tokens):
        """A city whose token is renewed without anybody watching."""
        await self.deliver(*tokens)
        await self.instance().credentials.keep_client_secret("2493", SecretStr("secret"))
        await self.instance().keeper.change("2493", supervised)

    async def row(self):
        return await self.rows.read("2493")


def supervised(row):
    """As after a first renewal that a person has watched."""
    return row.model_copy(update={"supervised": TokenStrategy.CLIENT_CREDENTIALS})


class Slow:
    """A request of the token endpoint that is under way until ``answer`` is set."""

    def __init__(self, shop, error=None):
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self._error = error
        shop.endpoint.script.append(self._react)

    async def _react(self, granted):
        self.asked.set()
        await self.answer.wait()
        if self._error:
            raise self._error
        return granted


def told(caplog, *names):
    """The events of these names, without the biller, which is always the same."""
    lines = [json.loads(record.message) for record in caplog.records if record.name == "caselle"]
    found = [line for line in lines if line["event"] in names]
    assert {line.pop("biller") for line in found} <= {"2493"}
    return found
