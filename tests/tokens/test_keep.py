import asyncio
import json
import logging
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.tokens.delivery import Delivery
from shared.tokens.keep import Stored, TokenKeeper
from shared.tokens.row import RENEW_BEFORE
from shared.vocabulary.errors import Unavailable
from tests.fakes.clock import StoppedClock
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault


class _Setting:
    def __init__(self):
        self.vault, self.rows, self.clock = FakeVault(), FakeTokenRows(), StoppedClock()
        self.keeper = self.other_instance()

    def other_instance(self):
        return TokenKeeper(self.vault, self.rows, self.clock, cache_seconds=300)

    def delivery(self, token, days=182):
        return Delivery(token=SecretStr(token), expires_at=self.clock.now() + timedelta(days=days))

    async def proved(self, keeper, token, days=182):
        """Stored, and accepted by a read where it is not the first."""
        if await keeper.store("2493", self.delivery(token, days)) is Stored.WAITS:
            candidate = (await self.rows.read("2493")).candidates[-1]
            assert await keeper.promote("2493", candidate, SecretStr(token))


@pytest.fixture
def setting():
    return _Setting()


async def _value(keeper, biller_id="2493", **kwargs):
    token = await keeper.current(biller_id, **kwargs)
    return token and (token.generation, token.value.get_secret_value())


async def test_a_delivery_becomes_a_vault_version_a_row_and_the_current_token(setting):
    assert await setting.keeper.current("2493") is None
    delivery = setting.delivery("first-token")
    assert await setting.keeper.store("2493", delivery) is Stored.SERVES
    row = await setting.rows.read("2493")
    assert (row.generation, row.expires_at, row.previous_version) == (1, delivery.expires_at, None)
    assert row.due_at == delivery.expires_at - RENEW_BEFORE
    assert setting.vault.versions("oauth-token-") == [("first-token", delivery.expires_at)]
    assert "first-token" not in repr(row)
    assert "first-token" not in repr(await setting.keeper.current("2493"))
    for keeper in (setting.keeper, setting.other_instance()):
        assert await _value(keeper) == (1, "first-token")


async def test_the_newest_proven_token_wins_even_with_an_earlier_expiry_and_the_last_two_are_kept(setting):
    for number, days in enumerate((182, 365, 10), start=1):
        await setting.proved(setting.keeper, f"token {number}", days)
        assert await _value(setting.keeper) == (number, f"token {number}")
    row = await setting.rows.read("2493")
    name = next(iter(setting.vault.names))
    assert (await setting.vault.get(name, row.version)).get_secret_value() == "token 3"
    assert (await setting.vault.get(name, row.previous_version)).get_secret_value() == "token 2"


async def test_the_same_token_again_stores_nothing(setting):
    await setting.keeper.store("2493", setting.delivery("one", 100))
    assert await setting.keeper.store("2493", setting.delivery("two", 100)) is Stored.WAITS
    before = await setting.rows.read("2493")
    for _ in range(50):
        for token in ("one", "two"):
            assert await setting.keeper.store("2493", setting.delivery(token, 200)) is Stored.KNOWN
    assert await setting.rows.read("2493") == before
    assert len(setting.vault.versions("oauth-token-")) == 2


async def test_of_first_deliveries_at_once_one_serves_and_the_other_waits(setting):
    keepers = [setting.keeper, setting.other_instance()]
    stored = await asyncio.gather(
        *(keeper.store("2493", setting.delivery(f"token {n}")) for n, keeper in enumerate(keepers))
    )
    assert set(stored) == {Stored.SERVES, Stored.WAITS}
    row = await setting.rows.read("2493")
    assert row.generation == 1
    assert {row.version, *(each.version for each in row.candidates)} == {"0", "1"}


async def test_a_lost_race_is_decided_anew_and_gives_up_after_a_few(setting):
    class Contended(FakeTokenRows):
        losses = 1

        async def write(self, row, replaces):
            self.losses -= 1
            return self.losses < 0 and await super().write(row, replaces)

    rows = Contended()
    keeper = TokenKeeper(setting.vault, rows, setting.clock)
    assert await keeper.store("2493", setting.delivery("one")) is Stored.SERVES
    assert len(setting.vault.versions("oauth-token-")) == 1
    rows.losses = 100
    with pytest.raises(Unavailable):
        await keeper.store("2493", setting.delivery("two"))


async def test_a_warm_token_costs_no_reading_until_its_minutes_are_over(setting):
    await setting.keeper.store("2493", setting.delivery("one"))
    keeper = setting.other_instance()
    await _value(keeper)
    reads = setting.rows.reads, setting.vault.reads
    setting.clock.advance(299)
    assert await _value(keeper) == (1, "one")
    assert (setting.rows.reads, setting.vault.reads) == reads
    await setting.proved(setting.other_instance(), "two")
    assert await _value(keeper) == (1, "one")
    setting.clock.advance(1)
    assert await _value(keeper) == (2, "two")


async def test_after_a_401_row_and_vault_are_read_again(setting):
    await setting.keeper.store("2493", setting.delivery("one"))
    await setting.proved(setting.other_instance(), "two")
    assert await _value(setting.keeper) == (1, "one")
    assert await _value(setting.keeper, fresh=True) == (2, "two")
    assert await _value(setting.keeper) == (2, "two")


@pytest.mark.parametrize("down", ["vault", "rows"])
async def test_the_held_token_goes_on_serving_while_vault_or_table_are_down(setting, down):
    await setting.keeper.store("2493", setting.delivery("one"))
    await setting.proved(setting.other_instance(), "two")
    getattr(setting, down).down = True
    assert await _value(setting.keeper, fresh=True) == (1, "one")
    setting.clock.advance(10_000)
    assert await _value(setting.keeper) == (1, "one")
    with pytest.raises(Unavailable):
        await setting.other_instance().current("2493")
    getattr(setting, down).down = False
    assert await _value(setting.keeper) == (1, "one")
    setting.clock.advance(15)
    assert await _value(setting.keeper) == (2, "two")


@pytest.mark.parametrize("down", ["vault", "rows"])
async def test_a_delivery_that_cannot_be_stored_says_so_and_changes_nothing(setting, down):
    await setting.keeper.store("2493", setting.delivery("one"))
    getattr(setting, down).down = True
    with pytest.raises(Unavailable):
        await setting.keeper.store("2493", setting.delivery("two"))
    getattr(setting, down).down = False
    assert await _value(setting.keeper, fresh=True) == (1, "one")
    await setting.proved(setting.keeper, "two")
    assert await _value(setting.other_instance()) == (2, "two")


async def test_a_read_that_a_delivery_overtakes_does_not_bring_the_old_token_back(setting):
    await setting.keeper.store("2493", setting.delivery("one"))
    keeper, asked, answer, get = setting.other_instance(), asyncio.Event(), asyncio.Event(), setting.vault.get

    async def slow(*args):
        asked.set()
        await answer.wait()
        return await get(*args)

    setting.vault.get = slow
    reading = asyncio.create_task(keeper.current("2493"))
    await asked.wait()
    await setting.proved(keeper, "two")
    answer.set()
    await reading
    assert await _value(keeper) == (2, "two")


async def test_a_token_that_the_vault_lost_is_no_token_and_is_reported(setting, caplog):
    await setting.keeper.store("2493", setting.delivery("one"))
    setting.vault._versions.clear()
    with caplog.at_level(logging.ERROR, "caselle"):
        assert await setting.other_instance().current("2493") is None
    assert json.loads(caplog.records[0].message) == {"event": "token.not_in_vault", "biller": "2493", "generation": 1}
