"""Instances of the app over one vault, one table and one token endpoint, in virtual time."""

import asyncio
import json
from datetime import timedelta

from pydantic import SecretStr

from shared.billers.model import Biller, TokenStrategy
from shared.tokens.delivery import Delivery
from shared.tokens.keep import TokenKeeper
from shared.tokens.renew import RenewToken
from shared.tokens.serve import ServeToken
from tests.fakes.clock import StoppedClock
from tests.fakes.token_endpoint import FakeTokenEndpoint
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault

CITY = Biller(
    biller_id="2493",
    name="Newport OR",
    time_zone="America/Los_Angeles",
    client_id="client",
    token_strategy=TokenStrategy.CLIENT_CREDENTIALS,
)
WAITING = CITY.model_copy(update={"token_strategy": TokenStrategy.CALLBACK})


class Instance:
    """One process's memory."""

    def __init__(self, shop):
        self.keeper = TokenKeeper(shop.vault, shop.rows, shop.clock)
        renew = RenewToken(self.keeper, shop.rows, shop.endpoint, shop.clock, shop.sleep)
        self.serve = ServeToken(self.keeper, renew, shop.clock)

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
            expires_at = self.clock.now() + timedelta(days=182)
            await self.instance().keeper.store("2493", Delivery(token=SecretStr(token), expires_at=expires_at))

    async def row(self):
        return await self.rows.read("2493")


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
