"""What is sent with after a refusal: a newer token, else the other one that is kept, and nothing for ever."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.tokens.endpoint import RenewalRefused
from shared.tokens.serve import REMEMBER
from shared.tokens.standing import FRESH, LAST_DAY
from shared.vocabulary.errors import Unavailable
from tests.invocations import invocations
from tests.tokens.instances import CITY, WAITING, Shop, Slow, told


@pytest.fixture
async def shop():
    shop = Shop()
    await shop.deliver("old", "new")
    return shop


async def test_a_newer_token_takes_the_place_of_a_refused_one(shop):
    instance = shop.instance()
    assert await instance.token() == "new"
    await shop.deliver("newer")
    assert await instance.token() == "new"
    assert await instance.instead_of("new") == "newer"
    assert await instance.token() == "newer"
    assert shop.endpoint.requests == 0


async def test_without_a_newer_one_the_token_before_it_serves_and_is_tried_once(shop, caplog):
    instance = shop.instance()
    assert await instance.instead_of("new", WAITING) == "old"
    assert await instance.token() == "old"
    assert await instance.instead_of("new", WAITING) == "old"
    assert told(caplog, "token.other_serves", "token.refused") == [{"event": "token.other_serves", "generation": 2}]
    assert await instance.instead_of("old", WAITING) is None
    assert await instance.token() == "new"
    assert await instance.instead_of("new", WAITING) is None


async def test_a_delivery_ends_the_service_of_the_other_token(shop):
    instance = shop.instance()
    assert await instance.instead_of("new", WAITING) == "old"
    await shop.deliver("newest")
    assert await instance.instead_of("old", WAITING) == "newest"
    assert await instance.token() == "newest"


async def test_a_token_that_is_made_active_again_is_found_out(shop):
    instance = shop.instance()
    assert await instance.instead_of("new", WAITING) == "old"
    shop.clock.advance(REMEMBER)
    assert await instance.token() == "new"


async def test_a_refusal_for_ever_is_told_once_per_generation(shop, caplog):
    instance = shop.instance()
    await instance.instead_of("new", WAITING)
    for _ in range(5):
        assert await instance.instead_of("old", WAITING) is None
        shop.clock.advance(REMEMBER / 2)
        await instance.instead_of("new", WAITING)
    await shop.deliver("newer")
    for token in ("new", "newer", "newer"):
        await instance.instead_of(token, WAITING)
    assert told(caplog, "token.refused") == [
        {"event": "token.refused", "generation": generation, "renewal": "not_set_up"} for generation in (2, 3)
    ]
    assert shop.endpoint.requests == 0


async def test_what_one_city_refuses_is_nothing_to_another(shop):
    instance = shop.instance()
    other = WAITING.model_copy(update={"biller_id": "2137"})
    assert await instance.serve.instead_of(other, SecretStr("new")) is None
    assert await instance.token() == "new"


async def test_a_city_without_any_token_has_none():
    assert await Shop().instance().token() is None


async def test_an_other_token_that_cannot_be_read_is_passed_over(shop):
    """As a version that was disabled: Key Vault refuses it with 403."""
    get, row = shop.vault.get, await shop.row()

    async def refusing(name, version=None):
        if version == row.previous_version:
            raise Unavailable("key vault: 403")
        return await get(name, version)

    shop.vault.get = refusing
    await shop.set_up()
    assert await shop.instance().instead_of("new") == "renewed 1"


@pytest.mark.parametrize("down", ["vault", "rows"])
async def test_while_vault_or_table_are_down_a_refused_token_has_no_other(shop, down):
    await shop.set_up()
    instance = shop.instance()
    await instance.token()
    getattr(shop, down).down = True
    with pytest.raises(Unavailable):
        await instance.instead_of("new")
    assert shop.endpoint.requests == 0
    getattr(shop, down).down = False
    assert await instance.instead_of("new") == "old"


async def test_calls_that_are_refused_at_once_share_one_search(shop):
    instance = shop.instance()
    await instance.token()
    reads = shop.rows.reads
    found = await asyncio.gather(*(instance.instead_of("new", WAITING) for _ in range(24)))
    assert set(found) == {"old"}
    assert shop.rows.reads - reads == 3


async def test_a_call_that_gives_up_does_not_end_the_search_of_the_others(shop):
    await shop.set_up()
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(granted):
        asked.set()
        await answer.wait()
        return granted

    shop.endpoint.script.append(slow)
    instance = shop.instance()
    await instance.instead_of("new")
    hasty, patient = (asyncio.create_task(instance.instead_of("old")) for _ in range(2))
    await asked.wait()
    hasty.cancel()
    answer.set()
    assert await patient == "renewed 1"
    assert hasty.cancelled()
    assert shop.endpoint.requests == 1


# May a write leave with it?


async def _needs_read(instance, token):
    return await instance.serve.needs_read("2493", SecretStr(token))


async def test_a_token_that_lasts_needs_no_read_until_its_last_day(shop):
    instance = shop.instance()
    await instance.token()
    assert not await _needs_read(instance, "new")
    shop.clock.advance((timedelta(days=182) - LAST_DAY).total_seconds() - 1)
    assert not await _needs_read(instance, "new")
    shop.clock.advance(1)
    assert await _needs_read(instance, "new")


async def test_a_token_that_came_without_an_end_needs_a_read_from_the_first(shop):
    await shop.instance().take(CITY, shop.delivery("newest", dated=False))
    instance = shop.instance()
    assert await instance.token() == "newest"
    assert await _needs_read(instance, "newest")


async def test_so_does_every_token_but_the_one_in_force(shop):
    assert await _needs_read(shop.instance(), "old")


async def test_a_read_that_passed_vouches_for_an_hour(shop):
    instance = shop.instance()
    instance.serve.note_passed("2493", SecretStr("old"))
    shop.clock.advance(FRESH)
    assert not await _needs_read(instance, "old")
    shop.clock.advance(1)
    assert await _needs_read(instance, "old")


@pytest.mark.parametrize("read", [True, False])
async def test_once_refused_a_token_needs_reads_whoever_refused_it(shop, read):
    instance = shop.instance()
    instance.serve.note_passed("2493", SecretStr("new"))
    if read:
        await instance.instead_of("new", WAITING)
    else:
        instance.serve.note_refused("2493", SecretStr("new"))
    assert await _needs_read(instance, "new")
    instance.serve.note_passed("2493", SecretStr("new"))
    assert not await _needs_read(instance, "new")
    shop.clock.advance(FRESH + 1)
    assert await _needs_read(instance, "new")


async def test_a_read_that_passed_before_the_end_shows_nothing_after_it(shop):
    await shop.instance().take(CITY, shop.delivery("brief", days=1 / 48))
    instance = shop.instance()
    assert await instance.token() == "brief"
    instance.serve.note_passed("2493", SecretStr("brief"))
    shop.clock.advance(1799)
    assert not await _needs_read(instance, "brief")
    shop.clock.advance(1)
    assert await _needs_read(instance, "brief")
    instance.serve.note_passed("2493", SecretStr("brief"))
    assert not await _needs_read(instance, "brief")


async def test_what_one_city_shows_of_a_token_is_nothing_to_another(shop):
    instance = shop.instance()
    instance.serve.note_passed("2137", SecretStr("old"))
    instance.serve.note_refused("2137", SecretStr("new"))
    assert await _needs_read(instance, "old")
    assert not await _needs_read(instance, "new")


async def test_a_clock_that_is_set_back_makes_no_read_fresh_again(shop):
    instance = shop.instance()
    instance.serve.note_passed("2493", SecretStr("old"))
    shop.clock.advance(FRESH + 1)
    shop.clock.step(hours=-2)
    assert await _needs_read(instance, "old")


# Who tells. The platform drops what is logged under an invocation that has ended.


async def _refused(shop, instance):
    """The search that finds nothing has begun for an invocation that is gone before it ends; how to let it end."""
    await shop.set_up("old", "new")
    slow = Slow(shop, RenewalRefused("invalid_client"))
    instance.serve._remembered("2493").tokens.add(SecretStr("old"))
    return slow


async def test_what_a_search_finds_out_is_told_by_a_call_that_is_still_there(shop):
    instance, waiting = shop.instance(), []
    slow = await _refused(shop, instance)
    with invocations() as platform:
        for name in ("A", "B"):
            waiting.append(asyncio.create_task(platform(name, instance.instead_of("new"))))
            await slow.asked.wait()
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        slow.answer.set()
        assert await waiting[1] is None
    assert platform.arrived == [("B", "token.renewal_failed"), ("B", "token.refused")]


async def test_what_nobody_could_tell_is_told_by_the_next_call(shop):
    """A refusal is told once per generation: lost, it would be told never again."""
    instance = shop.instance()
    slow = await _refused(shop, instance)
    with invocations() as platform:
        gone = asyncio.create_task(platform("A", instance.instead_of("new")))
        await slow.asked.wait()
        gone.cancel()
        await asyncio.wait([gone])
        slow.answer.set()
        await asyncio.wait(instance.serve._searches._under_way.values())
        assert platform.arrived == []
        assert await platform("B", instance.instead_of("new")) is None
    assert platform.arrived == [("B", "token.renewal_failed"), ("B", "token.refused")]
