"""The timer: what is due is looked after once, warned of once, and renewed by the biller's strategy."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.billers.model import Codes, Mode, TokenStrategy
from shared.tokens.endpoint import RenewalRefused
from shared.tokens.look import LATE, MOST_AT_ONCE, SOON, TokenDue
from shared.tokens.row import RENEW_BEFORE
from shared.vocabulary.errors import Unavailable
from tests.tokens.instances import CITY, WAITING, Shop, told

CODES = Codes(category_code="1", distribution_code="1", payment_codes={"CC": "1"})
SHARED = CITY.model_copy(update={"applications": {"AR": CODES, "UM": CODES}})
EVENTS = ("token.expires_soon", "token.expired", "token.renewed", "token.renewal_failed", "token.renewal_not_allowed")


@pytest.fixture
async def shop():
    """With a token of 182 days."""
    shop = Shop()
    await shop.set_up("first")
    return shop


async def _run_timer(shop):
    instance = shop.instance()
    due = await instance.sweep()
    for each in due:
        await instance.look_after(each)
    return len(due)


async def _days(shop, days):
    """So many days, the timer every six hours; the number of looks."""
    looks = 0
    for _ in range(days * 4):
        shop.clock.advance(6 * 3600)
        looks += await _run_timer(shop)
    return looks


async def test_with_the_callback_a_token_is_watched_and_warned_of_once_each_time(shop, caplog):
    await shop.billers.put(WAITING)
    looks = await _days(shop, 200)
    found = told(caplog, *EVENTS)
    assert [(line["event"], line.get("days")) for line in found] == [
        *(("token.expires_soon", days) for days in (30, 14, 7, 1)),
        ("token.expired", None),
    ]
    assert looks == 6  # one when another strategy would renew
    assert shop.endpoint.requests == 0
    assert (await shop.row()).due_at is None


async def test_each_token_is_told_once_a_day_for_as_long_as_it_is_kept(shop, caplog):
    """A workbook cannot look back to the delivery: logs are kept for 30 or 90 days, a token is good for 182."""
    caplog.set_level("INFO")
    await shop.billers.put(WAITING)
    for _ in range(2 * 24 * 12):
        shop.clock.advance(5 * 60)
        await shop.instance().sweep()
    found = told(caplog, "token.stands")
    assert [line["days"] for line in found] == [181, 180]
    assert found[0]["expires_at"] == (await shop.row()).expires_at.isoformat()


@pytest.mark.parametrize("strategy", [TokenStrategy.CALLBACK, TokenStrategy.MANUAL])
async def test_some_strategies_never_ask_the_endpoint(shop, strategy):
    await shop.billers.put(CITY.model_copy(update={"token_strategy": strategy}))
    await _days(shop, 200)
    assert shop.endpoint.requests == 0


async def test_a_token_that_is_renewed_in_time_is_never_warned_of(shop, caplog):
    with caplog.at_level("INFO", "caselle"):
        await _days(shop, 500)
    assert {line["event"] for line in told(caplog, *EVENTS)} == {"token.renewed"}
    assert shop.endpoint.requests == 3
    assert (await shop.row()).expires_at > shop.clock.now() + timedelta(days=30)


async def test_a_new_delivery_ends_the_warnings(shop, caplog):
    await shop.billers.put(WAITING)
    await _days(shop, 160)
    await shop.deliver("second")
    await _days(shop, 140)
    assert [line["days"] for line in told(caplog, "token.expires_soon")] == [30]


@pytest.mark.parametrize(
    ("biller", "change", "reason"),
    [
        (SHARED, {}, "no_consent"),
        (CITY, {"supervised": None}, "unsupervised"),
        (CITY, {"supervised": TokenStrategy.REFRESH_TOKEN}, "unsupervised"),
        (CITY.model_copy(update={"client_id": None}), {}, "no_credentials"),
    ],
    ids=["shared with Utility", "never watched", "watched under another strategy", "without a ClientID"],
)
async def test_what_keeps_a_renewal_from_being_made_is_told(shop, caplog, biller, change, reason):
    await shop.billers.put(biller)
    await shop.instance().keeper.change("2493", lambda row: row.model_copy(update=change))
    await _days(shop, 150)
    assert [line["reason"] for line in told(caplog, "token.renewal_not_allowed")] == [reason]
    assert shop.endpoint.requests == 0
    assert await shop.instance().instead_of("first", biller) is None
    assert shop.endpoint.requests == 0


async def test_with_utility_s_consent_it_is_renewed(shop):
    await shop.billers.put(SHARED.model_copy(update={"renewal_consent": True}))
    await _days(shop, 150)
    assert shop.endpoint.requests == 1


async def test_a_renewal_that_fails_is_tried_again_more_often_as_the_time_runs_out(shop):
    async def refuse(_):
        shop.endpoint.script.append(refuse)
        at.append(shop.clock.now())
        raise RenewalRefused("invalid_scope")

    at = []
    shop.endpoint.script.append(refuse)
    expires_at = (await shop.row()).expires_at
    shop.clock.advance((expires_at - RENEW_BEFORE - shop.clock.now()).total_seconds())
    while shop.clock.now() < expires_at:
        await _run_timer(shop)
        shop.clock.advance(300)
    pauses = [after - before for before, after in itertools.pairwise(at)]
    assert pauses[0] >= LATE
    assert pauses[-1] <= SOON + timedelta(minutes=5)
    assert max(pauses) <= LATE + timedelta(minutes=5)
    assert len(at) < 150
    shop.endpoint.script.clear()
    shop.clock.advance(24 * 3600)
    await _run_timer(shop)
    assert await shop.instance().token() != "first"


async def test_the_same_message_again_or_too_early_does_nothing(shop):
    due = TokenDue(biller_id="2493")
    await shop.instance().look_after(due)
    assert shop.endpoint.requests == 0
    shop.clock.advance(150 * 86400)
    for _ in range(3):
        await shop.instance().look_after(due)
    assert shop.endpoint.requests == 1


async def test_instances_that_look_at_once_renew_once(shop):
    shop.clock.advance(150 * 86400)
    await asyncio.gather(*(shop.instance().look_after(TokenDue(biller_id="2493")) for _ in range(8)))
    assert (shop.endpoint.requests, shop.endpoint.most_in_flight) == (1, 1)


async def test_a_look_that_the_store_cuts_off_is_made_again(shop):
    shop.clock.advance(150 * 86400)
    shop.rows.down = True
    with pytest.raises(Unavailable):
        await shop.instance().look_after(TokenDue(biller_id="2493"))
    shop.rows.down = False
    assert await _run_timer(shop) == 1
    assert shop.endpoint.requests == 1


@pytest.mark.parametrize("mode", [Mode.RETIRED, None])
async def test_a_biller_out_of_use_is_looked_at_once_a_day_and_never_renewed(shop, caplog, mode):
    shop.billers._billers.clear()
    if mode:
        await shop.billers.put(CITY.model_copy(update={"mode": mode}))
    shop.clock.advance(155 * 86400)
    assert await _days(shop, 3) == 3
    assert shop.endpoint.requests == 0
    assert told(caplog, *EVENTS) == []


async def test_a_biller_nobody_knows_is_no_error(shop):
    await shop.instance().look_after(TokenDue(biller_id="999"))


async def test_every_run_is_told_even_one_that_finds_nothing(shop, caplog):
    with caplog.at_level("INFO", "caselle"):
        assert await shop.instance().sweep() == []
    lines = [record.message for record in caplog.records]
    assert lines == ['{"event": "token.sweep_completed", "due": 0, "more": false}']


async def test_a_run_takes_those_that_are_due_longest(shop):
    keeper = shop.instance().keeper
    for number in range(MOST_AT_ONCE + 5):
        shop.clock.advance(1)
        await keeper.store(str(1000 + number), shop.delivery(f"token {number}"))
    shop.clock.advance(150 * 86400)
    due = await shop.instance().sweep()
    assert len(due) == MOST_AT_ONCE
    assert due[:2] == [TokenDue(biller_id="2493"), TokenDue(biller_id="1000")]


async def test_a_message_holds_nothing_but_the_biller():
    assert TokenDue(biller_id="2493").to_message() == '{"billerId":"2493"}'


async def test_a_token_that_lasts_an_hour_is_renewed_in_its_last_third(shop):
    await shop.instance().keeper.store("3180", shop.delivery("short", days=1 / 24))
    short = CITY.model_copy(update={"biller_id": "3180"})
    await shop.billers.put(short)
    await shop.instance().credentials.keep_client_secret("3180", SecretStr("secret"))
    await shop.instance().keeper.change("3180", lambda row: row.model_copy(update={"supervised": CITY.token_strategy}))
    shop.clock.advance(39 * 60)
    assert await _run_timer(shop) == 0
    shop.clock.advance(60)
    assert await _run_timer(shop) == 1
    assert shop.endpoint.requests == 1
