"""The first renewal, while a person watches: only if the old token goes on answering is the next one made alone."""

import pytest
from pydantic import SecretStr

from shared.billers.model import Codes, TokenStrategy
from shared.tokens.endpoint import RenewalRefused
from shared.tokens.renew import NoRenewal
from shared.tokens.supervise import Supervised
from tests.tokens.instances import CITY, WAITING, Shop, told

CODES = Codes(category_code="1", distribution_code="1", payment_codes={"CC": "1"})


@pytest.fixture
async def shop():
    shop = Shop()
    await shop.deliver("first")
    await shop.instance().credentials.keep_client_secret("2493", SecretStr("secret"))
    return shop


async def test_it_lets_later_renewals_be_made_alone(shop, caplog):
    assert await shop.instance().instead_of("first") is None
    assert shop.endpoint.requests == 0
    with caplog.at_level("INFO", "caselle"):
        assert await shop.instance().supervise(CITY) is Supervised.PASSED
    assert shop.proof.asked == ["first", "renewed 1", "first"]
    assert (await shop.row()).supervised is TokenStrategy.CLIENT_CREDENTIALS
    assert told(caplog, "token.renewal_supervised") == [{"event": "token.renewal_supervised", "shown": "passed"}]
    assert await shop.instance().token() == "renewed 1"
    await shop.instance().instead_of("renewed 1")
    assert await shop.instance().instead_of("first") == "renewed 1"
    instance = shop.instance()
    await instance.instead_of("renewed 1")
    assert await instance.instead_of("first") == "renewed 2"


async def test_it_passes_on_to_the_tokens_that_follow(shop):
    await shop.instance().supervise(CITY)
    await shop.deliver("delivered")
    assert (await shop.row()).supervised is TokenStrategy.CLIENT_CREDENTIALS


@pytest.mark.parametrize(
    ("refused", "shown"), [({"first"}, Supervised.OLD_ENDED), ({"renewed 1"}, Supervised.NEW_REFUSED)]
)
async def test_a_token_that_ends_lets_nothing_be_renewed_alone(shop, caplog, refused, shown):
    async def granted(token):
        shop.proof.refused = refused
        return token

    shop.endpoint.script.append(granted)
    assert await shop.instance().supervise(CITY) is shown
    assert (await shop.row()).supervised is None
    assert [line["shown"] for line in told(caplog, "token.renewal_supervised")] == [shown]


async def test_where_the_city_stops_answering_it_is_to_be_repeated(shop):
    async def granted(token):
        shop.proof.down = True
        return token

    shop.endpoint.script.append(granted)
    assert await shop.instance().supervise(CITY) is Supervised.UNDECIDED
    assert (await shop.row()).supervised is None


@pytest.mark.parametrize("state", ["down", "refused"])
async def test_without_a_token_that_is_accepted_now_it_does_not_begin(shop, state):
    shop.proof.down, shop.proof.refused = state == "down", {"first"}
    assert await shop.instance().supervise(CITY) is Supervised.NOT_BEGUN
    assert shop.endpoint.requests == 0


async def test_a_city_without_a_token_is_none_to_begin_with():
    assert await Shop().instance().supervise(CITY) is Supervised.NOT_BEGUN


@pytest.mark.parametrize(
    ("biller", "reason"),
    [
        (WAITING, NoRenewal.NOT_SET_UP),
        (CITY.model_copy(update={"applications": {"AR": CODES, "UM": CODES}}), NoRenewal.NO_CONSENT),
    ],
)
async def test_nobody_s_watching_makes_up_for_what_is_missing(shop, biller, reason):
    assert await shop.instance().supervise(biller) is reason
    assert shop.endpoint.requests == 0


async def test_a_renewal_that_fails_shows_nothing(shop):
    shop.endpoint.fail(RenewalRefused("invalid_client"))
    assert await shop.instance().supervise(CITY) is NoRenewal.FAILED
    assert (await shop.row()).supervised is None
