"""What a token is asked for with; credentials that the callback brought are in force only once they were accepted."""

import pytest
from pydantic import SecretStr

from shared.billers.model import TokenStrategy
from shared.tokens.endpoint import RenewalRefused
from shared.tokens.renew import AFTER_NO_ANSWER
from shared.vocabulary.errors import Unavailable
from tests.tokens.instances import CITY, Shop, told

REFRESHING = CITY.model_copy(update={"token_strategy": TokenStrategy.REFRESH_TOKEN})


@pytest.fixture
async def shop():
    shop = Shop()
    await shop.set_up("first")
    return shop


@pytest.fixture
async def refreshing(shop):
    """A city with a refresh token in force."""
    await shop.instance().credentials.keep_refresh_token("2493", SecretStr("grant 1"))
    refreshing = {"supervised": TokenStrategy.REFRESH_TOKEN}
    await shop.instance().keeper.change("2493", lambda row: row.model_copy(update=refreshing))
    return shop


async def _bring(shop, biller=CITY, **credentials):
    """The callback brings these, beside a token that is known."""
    await shop.instance().take(biller, shop.delivery("first", **credentials))


def _asked_with(shop):
    return [each.client_secret.get_secret_value() for each in shop.endpoint.clients]


def _of_the_vault(shop, kind):
    return [value for value, _ in shop.vault.versions(kind)]


# ClientSecret.


async def test_what_is_in_force_already_is_no_news(shop, caplog):
    await _bring(shop, client_id="client", client_secret=SecretStr("secret"))
    assert _of_the_vault(shop, "pending-credentials-") == []
    assert told(caplog, "credentials.changed_by_callback") == []


async def test_delivered_credentials_are_pending_and_told_of_once_without_their_values(shop, caplog):
    for _ in range(3):
        await _bring(shop, client_id="other-client", client_secret=SecretStr("new-secret"))
    assert told(caplog, "credentials.changed_by_callback") == [
        {"event": "credentials.changed_by_callback", "changed": ["client_id", "client_secret"]}
    ]
    assert "new-secret" not in caplog.text
    assert "new-secret" not in repr(await shop.instance().credentials.pending("2493"))
    assert _of_the_vault(shop, "client-secret-") == ["secret"]


async def test_while_the_secret_in_force_is_good_a_pending_one_is_never_tried(shop):
    await _bring(shop, client_secret=SecretStr("new-secret"))
    assert await shop.instance().instead_of("first") == "renewed 1"
    assert _asked_with(shop) == ["secret"]


async def test_a_pending_secret_is_in_force_once_a_token_was_had_with_it(shop, caplog):
    await _bring(shop, client_secret=SecretStr("new-secret"))
    shop.endpoint.fail(RenewalRefused("invalid_client"))
    with caplog.at_level("INFO", "caselle"):
        assert await shop.instance().instead_of("first") == "renewed 2"
    assert _asked_with(shop) == ["secret", "new-secret"]
    assert _of_the_vault(shop, "client-secret-") == ["secret", "new-secret"]
    assert (await shop.instance().credentials.pending("2493")).client_secret is None
    assert [line["accepted"] for line in told(caplog, "credentials.accepted")] == ["client_secret"]


@pytest.mark.parametrize("error", [RenewalRefused("invalid_client"), Unavailable("token endpoint: ReadError")])
async def test_a_pending_secret_that_brings_no_token_stays_pending(shop, error):
    await _bring(shop, client_secret=SecretStr("junk"))
    shop.endpoint.fail(RenewalRefused("invalid_client"))
    shop.endpoint.fail(error)
    assert await shop.instance().instead_of("first") is None
    assert _of_the_vault(shop, "client-secret-") == ["secret"]
    assert (await shop.instance().credentials.pending("2493")).client_secret == SecretStr("junk")


async def test_the_credentials_of_another_third_party_are_for_a_person_alone(shop):
    await _bring(shop, client_id="theirs", client_secret=SecretStr("theirs"))
    shop.endpoint.fail(RenewalRefused("invalid_client"))
    assert await shop.instance().instead_of("first") is None
    assert _asked_with(shop) == ["secret"]


async def test_a_city_whose_secret_came_by_the_callback_alone_is_renewed_with_it():
    shop = Shop()
    await shop.instance().take(CITY, shop.delivery("first", client_secret=SecretStr("delivered")))
    await shop.instance().keeper.change("2493", lambda row: row.model_copy(update={"supervised": CITY.token_strategy}))
    assert await shop.instance().instead_of("first") == "renewed 1"
    assert _of_the_vault(shop, "client-secret-") == ["delivered"]


# Refresh token.


async def test_the_next_refresh_token_is_stored_before_the_token(refreshing):
    stored, set_ = [], refreshing.vault.set

    async def watched(name, value, expires_on=None):
        stored.append(value.get_secret_value())
        return await set_(name, value, expires_on)

    refreshing.vault.set = watched
    assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 1"
    assert stored == ["next to grant 1", "renewed 1"]
    assert refreshing.endpoint.refresh_tokens == ["grant 1"]


async def test_a_refresh_token_that_is_not_exchanged_stays_in_force(refreshing):
    refresh = refreshing.endpoint.refresh

    async def keeps(client, token):
        return (await refresh(client, token)).model_copy(update={"refresh_token": None})

    refreshing.endpoint.refresh = keeps
    assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 1"
    assert _of_the_vault(refreshing, "refresh-token-") == ["grant 1"]


@pytest.mark.parametrize("error", [RenewalRefused("invalid_grant"), Unavailable("token endpoint: ReadError")])
async def test_no_refusal_and_no_lost_answer_destroys_a_grant(refreshing, error):
    refreshing.endpoint.fail(error)
    assert await refreshing.instance().instead_of("first", REFRESHING) is None
    assert _of_the_vault(refreshing, "refresh-token-") == ["grant 1"]
    refreshing.clock.advance(3600)
    assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 2"
    assert refreshing.endpoint.refresh_tokens == ["grant 1", "grant 1"]


async def test_a_refresh_token_that_somebody_exchanged_meanwhile_is_read_again_once(refreshing):
    async def exchanged(granted):
        await refreshing.instance().credentials.keep_refresh_token("2493", SecretStr("grant 2"))
        raise RenewalRefused("invalid_grant")

    refreshing.endpoint.script.append(exchanged)
    assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 2"
    assert refreshing.endpoint.refresh_tokens == ["grant 1", "grant 2"]


async def test_a_pending_refresh_token_is_tried_after_the_one_in_force(refreshing, caplog):
    await _bring(refreshing, REFRESHING, refresh_token=SecretStr("delivered"))
    refreshing.endpoint.fail(RenewalRefused("invalid_grant"))
    with caplog.at_level("INFO", "caselle"):
        assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 2"
    assert refreshing.endpoint.refresh_tokens == ["grant 1", "delivered"]
    assert _of_the_vault(refreshing, "refresh-token-") == ["grant 1", "next to delivered"]
    assert [line["accepted"] for line in told(caplog, "credentials.accepted")] == ["refresh_token"]
    assert (await refreshing.instance().credentials.pending("2493")).refresh_token is None


async def test_a_rotated_grant_survives_though_the_token_beside_it_cannot_be_stored(refreshing):
    set_ = refreshing.vault.set

    async def failing(name, value, expires_on=None):
        if name.startswith("oauth-token-"):
            raise Unavailable("key vault: 503")
        return await set_(name, value, expires_on)

    refreshing.vault.set = failing
    assert await refreshing.instance().instead_of("first", REFRESHING) is None
    refreshing.vault.set = set_
    refreshing.clock.advance(AFTER_NO_ANSWER.total_seconds())
    assert await refreshing.instance().instead_of("first", REFRESHING) == "renewed 2"
    assert refreshing.endpoint.refresh_tokens == ["grant 1", "next to grant 1"]


async def test_without_a_refresh_token_nothing_is_asked(shop):
    refreshing = {"supervised": TokenStrategy.REFRESH_TOKEN}
    await shop.instance().keeper.change("2493", lambda row: row.model_copy(update=refreshing))
    assert await shop.instance().instead_of("first", REFRESHING) is None
    assert shop.endpoint.requests == 0


@pytest.mark.parametrize("seconds", [0, 6])
async def test_a_second_request_is_made_only_while_the_claim_outlives_it(shop, seconds):
    await _bring(shop, client_secret=SecretStr("new-secret"))

    async def slow(granted):
        shop.clock.advance(seconds)
        raise RenewalRefused("invalid_client")

    shop.endpoint.script.append(slow)
    await shop.instance().instead_of("first")
    assert shop.endpoint.requests == (1 if seconds else 2)
