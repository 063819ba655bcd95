"""A delivery to the callback while a token is renewed: the newest delivery wins (fault V4 of the catalogue)."""

import asyncio

import pytest

from tests.tokens.instances import Shop, Slow


@pytest.fixture
async def shop():
    """With one token, so that none is kept beside it."""
    shop = Shop()
    await shop.set_up("first")
    return shop


async def test_a_delivery_during_a_renewal_stays_current_and_the_renewed_token_is_the_other(shop):
    slow = Slow(shop)
    instance = shop.instance()
    waiting = asyncio.create_task(instance.instead_of("first"))
    await slow.asked.wait()
    await shop.deliver("delivered")
    slow.answer.set()
    assert await waiting == "delivered"
    assert (await shop.row()).generation == 2
    for each in (instance, shop.instance()):
        assert await each.token() == "delivered"
    assert await shop.instance().instead_of("delivered") == "renewed 1"


async def test_a_delivery_during_a_renewal_does_not_let_a_second_one_begin(shop):
    slow = Slow(shop)
    waiting = asyncio.create_task(shop.instance().instead_of("first"))
    await slow.asked.wait()
    await shop.deliver("junk", "more junk")
    other = shop.instance()
    await other.instead_of("more junk")
    assert await other.instead_of("junk") is None
    assert (shop.endpoint.requests, shop.endpoint.most_in_flight) == (1, 1)
    slow.answer.set()
    await waiting
    assert await shop.instance().instead_of("more junk") == "renewed 1"


async def test_a_renewal_that_meets_a_delivery_while_it_stores_decides_anew(shop):
    """The delivery comes between its reading of the row and its writing."""
    write, writes = shop.rows.write, 0

    async def overtaken(row, replaces):
        nonlocal writes
        writes += 1
        if writes == 2:
            shop.rows.write = write
            await shop.deliver("delivered")
        return await write(row, replaces)

    shop.rows.write = overtaken
    assert await shop.instance().instead_of("first") == "delivered"
    row = await shop.row()
    assert (row.generation, row.renewal.holder) == (2, None)
    assert len(shop.vault.versions("oauth-token-")) == 3


async def test_an_older_token_delivered_after_a_renewal_is_the_newest_delivery(shop):
    """Which of two tokens is older, nobody can tell but by when they came."""
    assert await shop.instance().instead_of("first") == "renewed 1"
    await shop.deliver("late")
    assert await shop.instance().token() == "late"
    assert await shop.instance().instead_of("late") == "renewed 1"
