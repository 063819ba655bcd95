"""One renewal for a refused token, whoever wants it and whatever goes wrong on the way."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.tokens.endpoint import REFUSALS, RenewalRefused
from shared.tokens.renew import AFTER_NO_ANSWER, AFTER_REFUSAL, AFTER_SUCCESS, LEASE, WAIT
from shared.tokens.row import Renewal
from shared.vocabulary.errors import Unavailable
from tests.tokens.instances import CITY, WAITING, Shop, Slow, told


@pytest.fixture
async def shop():
    """With one token, so that none is kept beside it."""
    shop = Shop()
    await shop.set_up("first")
    return shop


async def test_a_renewed_token_is_stored_before_it_is_used(shop, caplog):
    instance = shop.instance()
    with caplog.at_level("INFO", "caselle"):
        assert await instance.instead_of("first") == "renewed 1"
    row = await shop.row()
    assert (row.generation, row.previous_version) == (2, "0")
    assert shop.vault.versions("oauth-token-")[-1] == ("renewed 1", row.expires_at)
    assert row.renewal == Renewal(until=shop.clock.now() + AFTER_SUCCESS)
    assert await shop.instance().token() == "renewed 1"
    assert [(each.client_id, each.client_secret.get_secret_value()) for each in shop.endpoint.clients] == [
        ("client", "secret")
    ]
    expiry = row.expires_at.isoformat()
    assert told(caplog, "token.renewed") == [{"event": "token.renewed", "expires_at": expiry, "current": True}]


async def test_24_refusals_at_once_make_one_request(shop):
    instance = shop.instance()
    found = await asyncio.gather(*(instance.instead_of("first") for _ in range(24)))
    assert set(found) == {"renewed 1"}
    assert await instance.instead_of("first") == "renewed 1"
    assert shop.endpoint.requests == 1


@pytest.mark.parametrize(
    "biller",
    [WAITING, CITY.model_copy(update={"client_id": None}), CITY.model_copy(update={"biller_id": "2137"})],
    ids=["waits for the callback", "no client id", "no client secret"],
)
async def test_without_strategy_or_credentials_nothing_is_asked(shop, biller):
    await shop.deliver("second")
    instance = shop.instance()
    for refused in ("first", "second"):
        await instance.instead_of(refused, biller)
    assert await instance.instead_of("second", biller) is None
    assert shop.endpoint.requests == 0


async def test_without_a_token_url_nothing_is_renewed(shop, caplog):
    shop.endpoint = None
    assert await shop.instance().instead_of("first") is None
    assert [line["renewal"] for line in told(caplog, "token.refused")] == ["not_set_up"]


async def test_a_renewed_token_that_is_refused_too_is_not_renewed_with_every_payment(shop, caplog):
    instance = shop.instance()
    refused = await instance.instead_of("first")
    for _ in range(20):
        assert await instance.instead_of(refused) is None
        assert await shop.instance().instead_of("first") == refused
    assert shop.endpoint.requests == 1
    assert len(told(caplog, "token.refused")) == 1
    shop.clock.advance(AFTER_SUCCESS.total_seconds())
    assert await instance.instead_of(refused) == "first"  # its refusal is forgotten by now
    assert await instance.instead_of("first") == "renewed 2"


async def test_the_pause_never_outlasts_a_short_lived_token(shop):
    async def short(granted):
        return granted.model_copy(update={"expires_at": shop.clock.now() + timedelta(seconds=60)})

    shop.endpoint.script.append(short)
    await shop.instance().instead_of("first")
    assert (await shop.row()).renewal.until == shop.clock.now() + timedelta(seconds=60)


# Two instances.


async def test_of_two_instances_one_renews_and_the_other_waits_for_it(shop):
    slow = Slow(shop)
    winner = asyncio.create_task(shop.instance().instead_of("first"))
    await slow.asked.wait()
    loser = asyncio.create_task(shop.instance().instead_of("first"))
    await shop.sleeping.wait()
    slow.answer.set()
    assert [await winner, await loser] == ["renewed 1", "renewed 1"]
    assert (shop.endpoint.requests, shop.endpoint.most_in_flight) == (1, 1)


async def test_instances_that_begin_at_once_make_one_request(shop):
    instances = [shop.instance() for _ in range(8)]
    found = await asyncio.gather(*(each.instead_of("first") for each in instances))
    assert set(found) == {"renewed 1"}
    assert shop.endpoint.requests == 1


async def test_waiting_for_another_instance_ends_and_is_no_alert(shop, caplog):
    slow = Slow(shop)
    winner = asyncio.create_task(shop.instance().instead_of("first"))
    await slow.asked.wait()
    assert await shop.instance().instead_of("first") is None
    assert WAIT <= shop.slept <= WAIT + 1
    assert told(caplog, "token.refused") == []
    slow.answer.set()
    assert await winner == "renewed 1"


async def test_when_the_winner_fails_the_loser_does_not_try_at_once(shop):
    slow = Slow(shop, RenewalRefused("invalid_client"))
    winner = asyncio.create_task(shop.instance().instead_of("first"))
    await slow.asked.wait()
    loser = asyncio.create_task(shop.instance().instead_of("first"))
    await shop.sleeping.wait()
    slow.answer.set()
    assert [await winner, await loser] == [None, None]
    assert shop.endpoint.requests == 1
    assert shop.slept < WAIT


async def test_the_claim_of_an_instance_that_died_runs_out(shop):
    died = Slow(shop)
    dead = asyncio.create_task(shop.instance().instead_of("first"))
    await died.asked.wait()
    shop.clock.advance(LEASE.total_seconds() - WAIT - 2)
    assert await shop.instance().instead_of("first") is None
    shop.clock.advance(2)
    assert await shop.instance().instead_of("first") == "renewed 2"
    assert shop.endpoint.requests == 2
    # It was only slow after all: its late token does not take the place of the newer one.
    died.answer.set()
    assert await dead == "renewed 2"
    assert await shop.instance().token() == "renewed 2"
    assert (await shop.row()).generation == 2


async def test_a_claim_that_took_too_long_asks_nobody(shop):
    """Its lease might run out while the request is under way."""
    write = shop.rows.write

    async def slow(row, replaces):
        shop.clock.advance(6)
        return await write(row, replaces)

    shop.rows.write = slow
    assert await shop.instance().instead_of("first") is None
    assert shop.endpoint.requests == 0


# Failures.


@pytest.mark.parametrize(
    ("error", "name", "pause"),
    [
        *((RenewalRefused(code), code, AFTER_REFUSAL) for code in REFUSALS),
        (Unavailable("token endpoint: ReadTimeout"), "token endpoint: ReadTimeout", AFTER_NO_ANSWER),
    ],
)
async def test_a_failure_is_named_destroys_nothing_and_is_not_repeated_at_once(shop, caplog, error, name, pause):
    before, names = await shop.row(), shop.vault.names
    shop.endpoint.fail(error)
    for instance in (shop.instance(), shop.instance(), shop.instance()):
        assert await instance.instead_of("first") is None
    assert shop.endpoint.requests == 1
    [failed] = told(caplog, "token.renewal_failed")
    assert (failed["generation"], failed["error"]) == (1, name)
    assert failed["action"] == REFUSALS.get(name, "None yet: the answer was lost, and it is asked again.")
    after = await shop.row()
    assert after == before.model_copy(update={"renewal": Renewal(until=shop.clock.now() + pause)})
    assert shop.vault.names == names
    assert shop.vault.versions("oauth-token-") == [("first", before.expires_at)]
    assert shop.vault.versions("client-secret-") == [("secret", None)]
    shop.clock.advance(pause.total_seconds())
    assert await shop.instance().instead_of("first") == "renewed 2"


async def test_after_a_lost_answer_the_row_is_read_before_a_second_try(shop):
    shop.endpoint.fail(Unavailable("token endpoint: ReadError"))
    instance = shop.instance()
    assert await instance.instead_of("first") is None
    await shop.deliver("second")
    shop.clock.advance(AFTER_NO_ANSWER.total_seconds())
    assert await instance.instead_of("first") == "second"
    assert shop.endpoint.requests == 1


@pytest.mark.parametrize("error", [RenewalRefused("invalid_grant"), Unavailable("token endpoint: ReadError")])
async def test_a_token_that_came_during_a_renewal_that_failed_is_used_at_once(shop, error):
    slow = Slow(shop, error)
    waiting = asyncio.create_task(shop.instance().instead_of("first"))
    await slow.asked.wait()
    await shop.deliver("second")
    slow.answer.set()
    assert await waiting == "second"


@pytest.mark.parametrize("down", ["vault", "rows"])
async def test_a_renewed_token_that_cannot_be_stored_is_not_used(shop, down):
    slow = Slow(shop)
    instance = shop.instance()
    waiting = asyncio.create_task(instance.instead_of("first"))
    await slow.asked.wait()
    getattr(shop, down).down = True
    slow.answer.set()
    [found] = await asyncio.gather(waiting, return_exceptions=True)
    assert found is None if down == "vault" else isinstance(found, Unavailable)
    getattr(shop, down).down = False
    assert await instance.token() == "first"
    assert (await shop.row()).generation == 1
    shop.clock.advance(max(LEASE, AFTER_NO_ANSWER).total_seconds())
    assert await shop.instance().instead_of("first") == "renewed 2"


async def test_the_refused_token_once_more_is_no_renewal(shop, caplog):
    async def same(granted):
        return granted.model_copy(update={"token": SecretStr("first")})

    shop.endpoint.script.append(same)
    assert await shop.instance().instead_of("first") is None
    assert [line["error"] for line in told(caplog, "token.renewal_failed")] == ["same_token"]
    assert (await shop.row()).generation == 1
