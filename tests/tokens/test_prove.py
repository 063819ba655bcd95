"""A delivered token is a candidate until a read with it succeeds; a forged one costs an event and nothing else."""

import pytest
from pydantic import SecretStr

from shared.tokens.prove import EAGER_WITH
from shared.tokens.row import LOOKS_AFTER_REFUSAL, MOST_CANDIDATES, SOONEST_LOOK
from shared.vocabulary.errors import Unavailable
from tests.tokens.instances import CITY, WAITING, Shop, told

MINUTES_5, HOUR = (pause.total_seconds() for pause in LOOKS_AFTER_REFUSAL)


@pytest.fixture
async def shop():
    shop = Shop()
    await shop.deliver("good")
    return shop


async def _run_timer(shop):
    """What the timer and its queue do, on an instance with an empty memory; how many looks there were."""
    instance = shop.instance()
    due = await instance.sweep()
    for each in due:
        await instance.look_after(each)
    return len(due)


async def test_the_first_token_serves_at_once_and_is_not_tried(shop):
    assert await shop.instance().token() == "good"
    assert shop.proof.asked == []


async def test_a_delivered_token_serves_as_soon_as_a_read_with_it_succeeded(shop, caplog):
    with caplog.at_level("INFO", "caselle"):
        await shop.deliver("newer")
    assert shop.proof.asked == ["newer"]
    assert await shop.instance().token() == "newer"
    assert (await shop.instance().keeper.other("2493")).value == SecretStr("good")
    assert told(caplog, "token.proved") == [{"event": "token.proved", "current": True}]


async def test_a_refused_token_never_serves_and_is_dropped_at_the_third_refusal(shop, caplog):
    shop.proof.refused.add("junk")
    await shop.deliver("junk")
    for seconds in (MINUTES_5, HOUR):
        assert await shop.instance().token() == "good"
        shop.clock.advance(seconds)
        assert await _run_timer(shop) == 1
    refusals = told(caplog, "token.candidate_refused")
    assert [line["dropped"] for line in refusals] == [False, False, True]
    row = await shop.row()
    assert (row.generation, row.candidates) == (1, ())
    shop.clock.advance(24 * HOUR)
    assert await _run_timer(shop) == 0
    assert shop.proof.asked == ["junk"] * 3


async def test_a_token_that_caselle_switches_on_after_its_delivery_serves_then(shop):
    shop.proof.refused.add("early")
    await shop.deliver("early")
    shop.proof.refused.clear()
    shop.clock.advance(MINUTES_5)
    await _run_timer(shop)
    assert await shop.instance().token() == "early"


async def test_while_the_city_does_not_answer_the_old_token_serves_and_the_new_one_waits(shop, caplog):
    shop.proof.down = True
    await shop.deliver("newer")
    for _ in range(20):
        assert await shop.instance().token() == "good"
        shop.clock.advance(HOUR / 4)
        await _run_timer(shop)
    assert told(caplog, "token.candidate_refused") == []
    shop.proof.down = False
    shop.clock.advance(HOUR)
    await _run_timer(shop)
    assert await shop.instance().token() == "newer"


async def test_a_city_that_does_not_answer_is_asked_once_in_a_look(shop):
    shop.proof.down = True
    await shop.deliver("a", "b", "c")
    shop.proof.asked.clear()
    shop.clock.advance(SOONEST_LOOK.total_seconds())
    await _run_timer(shop)
    assert shop.proof.asked == ["c"]


async def test_the_newest_of_several_good_ones_wins(shop):
    shop.proof.down = True
    await shop.deliver("a", "b", "c")
    shop.proof.down = False
    shop.proof.refused.add("c")
    shop.clock.advance(SOONEST_LOOK.total_seconds())
    await _run_timer(shop)
    assert await shop.instance().token() == "b"
    assert [each.refusals for each in (await shop.row()).candidates] == [1]


async def test_when_the_current_token_is_refused_a_waiting_one_is_tried_at_once(shop):
    shop.proof.down = True
    await shop.deliver("newer")
    shop.proof.down = False
    assert await shop.instance().instead_of("good", WAITING) == "newer"
    assert shop.endpoint.requests == 0


async def test_junk_does_not_become_a_storm_at_caselle(shop, caplog):
    junk = [f"junk {n}" for n in range(50)]
    shop.proof.refused.update(junk)
    await shop.deliver(*junk)
    assert len(shop.proof.asked) == EAGER_WITH
    assert len((await shop.row()).candidates) == MOST_CANDIDATES
    assert len(told(caplog, "token.candidate_displaced")) == 50 - MOST_CANDIDATES
    await shop.deliver("newer")
    shop.clock.advance(MINUTES_5)
    await _run_timer(shop)
    assert await shop.instance().token() == "newer"


async def test_a_candidate_that_the_vault_lost_is_dropped(shop, caplog):
    shop.proof.down = True
    await shop.deliver("newer")
    shop.vault._versions.clear()
    shop.clock.advance(SOONEST_LOOK.total_seconds())
    await _run_timer(shop)
    assert (await shop.row()).candidates == ()
    assert len(told(caplog, "token.candidate_lost")) == 1


async def test_a_delivery_is_kept_though_the_vault_fails_while_it_is_tried(shop):
    get = shop.vault.get

    async def failing(name, version=None):
        if version is not None:
            raise Unavailable("key vault: 503")
        return await get(name, version)

    shop.vault.get = failing
    await shop.deliver("newer")
    shop.vault.get = get
    shop.clock.advance(SOONEST_LOOK.total_seconds())
    await _run_timer(shop)
    assert await shop.instance().token() == "newer"


async def test_a_token_that_is_delivered_while_another_is_tried_is_not_lost(shop):
    verdict = shop.proof.verdict

    async def overtaken(biller, token):
        shop.proof.verdict = verdict
        await shop.deliver("newest")
        return await verdict(biller, token)

    shop.proof.verdict = overtaken
    await shop.deliver("newer")
    assert await shop.instance().token() == "newest"
    assert (await shop.row()).candidates == ()


async def test_somebody_with_the_key_cannot_stop_the_posting(shop, caplog):
    """Junk, an expiry in 2099, a foreign ClientSecret, replays: each leaves an event, and the token goes on serving."""
    await shop.set_up()
    warm = shop.instance()
    shop.proof.refused.update({f"junk {n}" for n in range(100)} | {"eternal", "foreign"})
    with caplog.at_level("INFO", "caselle"):
        for n in range(100):
            await shop.deliver(f"junk {n}")
            assert [await warm.token(), await shop.instance().token()] == ["good", "good"]
        await shop.instance().take(CITY, shop.delivery("eternal", days=27_000))
        theirs = {"client_id": "theirs", "client_secret": SecretStr("of another city")}
        await shop.instance().take(CITY, shop.delivery("foreign", **theirs))
        for _ in range(100):
            await shop.instance().take(CITY, shop.delivery("good", days=1))
            await shop.instance().take(CITY, shop.delivery("foreign", **theirs))
        for _ in range(10):
            shop.clock.advance(HOUR)
            await _run_timer(shop)
            assert [await warm.token(), await shop.instance().token()] == ["good", "good"]
    row = await shop.row()
    assert (row.generation, row.candidates) == (1, ())
    assert row.expires_at == shop.delivery("good").expires_at - (shop.clock.now() - row.since)
    assert shop.vault.versions("client-secret-") == [("secret", None)]
    assert len(shop.vault.versions("oauth-token-")) == 103
    assert len(told(caplog, "token.candidate_displaced")) == 102 - MOST_CANDIDATES
    assert sum(line["dropped"] for line in told(caplog, "token.candidate_refused")) == MOST_CANDIDATES
    assert len(told(caplog, "credentials.changed_by_callback")) == 1
    # Renewing goes on with the ClientSecret that a person entered.
    assert await warm.instead_of("good") == "renewed 1"
    assert {each.client_secret.get_secret_value() for each in shop.endpoint.clients} == {"secret"}
