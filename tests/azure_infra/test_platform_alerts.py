"""Alerts on what the platform itself writes: the storage account's queue log, the host's requests, the availability test."""

import pytest

from tests.azure_infra.lines import (
    NOON,
    PLACES,
    SECOND,
    UNTAKEN,
    ago,
    fires,
    fresh,
    put,
    reached,
    request,
    seen_from_outside,
    taken,
)
from tests.infra.queries import ALERTS

# What the storage account sees.


@pytest.mark.parametrize(("name", "queue"), UNTAKEN, ids=[queue for _, queue in UNTAKEN])
def test_a_queue_that_nobody_empties_is_named(name, queue):
    grace = ALERTS[name]["graceMinutes"]
    waits = [put(queue, ago(grace) - SECOND)]
    assert fires(fresh(waits), name).dimensions == (queue,)
    assert not fires(fresh([put(queue, ago(grace))]), name).fires
    assert not fires(fresh([*waits, taken(queue, ago(1))]), name).fires


def test_a_consumer_that_dies_after_it_took_many_is_noticed_within_minutes():
    """Two hours of work lie in the window: that something was taken once says nothing."""
    work = [
        each(f"{queue}", ago(minute))
        for minute in range(16, 119)
        for queue in ("payments", "reversals")
        for each in (put, taken)
    ]
    dead = [put("payments", ago(15.5)), put("payments", ago(3))]
    found = fires(fresh(work, dead, [taken("reversals", ago(1))]), "inbound-not-taken")
    assert found.dimensions == ("payments",)
    [row] = found.rows
    assert (row["depth"], row["oldest"]) == (2, ago(15.5).replace(tzinfo=None))


def test_a_consumer_that_is_slower_than_what_comes_is_noticed():
    come = [put("payments", ago(100 - turn / 2)) for turn in range(120)]
    slow = [taken("payments", ago(100 - 2 * turn)) for turn in range(50)]
    found = fires(fresh(come, slow), "inbound-not-taken")
    assert found.dimensions == ("payments",)
    assert found.rows[0]["depth"] == 70


def test_one_queue_that_is_emptied_hides_no_other():
    busy = [each("registrations", ago(minute)) for minute in range(1, 100) for each in (put, taken)]
    found = fires(fresh(busy, [put("reversals", ago(20))]), "inbound-not-taken")
    assert found.dimensions == ("reversals",)


def test_what_was_refused_waits_nowhere():
    refused = [
        put("payments", ago(20))._replace(
            values=put("payments", ago(20)).values | {"StatusText": "AuthorizationFailure"}
        )
    ]
    assert not fires(fresh(refused), "inbound-not-taken").fires


# What the functions host and the availability test see.


def answers(count, **given):
    return [request(ago(3), **given) for _ in range(count)]


def test_answers_5xx_beyond_five_in_half_an_hour():
    failed = {"name": "open_items", "code": "503", "url": "https://x/api/y"}
    assert not fires(fresh(answers(5, **failed)), "server-errors").fires
    assert fires(fresh(answers(6, **failed)), "server-errors").fires
    assert not fires(fresh(answers(100, name="open_items", code="404", url="https://x/api/y")), "server-errors").fires


def test_functions_that_fail_beyond_twenty_each():
    failed = {"code": "-0"}
    assert not fires(
        fresh(answers(20, name="post_payments", **failed), answers(20, name="sweep", **failed)), "functions-fail"
    ).fires
    found = fires(fresh(answers(21, name="post_payments", **failed)), "functions-fail")
    assert found.fires
    assert [row["OperationName"] for row in found.rows] == ["post_payments"]


def test_a_poison_queue_s_own_function_that_fails_once():
    """Its message is hidden after that, so there is no second failure to wait for."""
    failed = request(ago(3), name="poison_payments", code="-0")
    found = fires(fresh([failed]), "poison-fails")
    assert [row["OperationName"] for row in found.rows] == ["poison_payments"]
    assert not fires(fresh([request(ago(3), name="poison_payments", code="0")]), "poison-fails").fires
    assert not fires(fresh([request(ago(3), name="post_payments", code="-0")]), "poison-fails").fires


def test_a_callback_that_nobody_reaches():
    """Also where nothing is told at all: with the name gone, no result need come."""
    assert not fires(fresh(reached(ago(40), NOON)), "not-reachable").fires
    assert fires(fresh(reached(ago(120), ago(31))), "not-reachable").fires
    certificate = [seen_from_outside(ago(minute), place, success=False) for minute in (2, 12, 22) for place in PLACES]
    assert fires(fresh(certificate), "not-reachable").fires
    one_place = [each for each in reached(ago(29), NOON) if each.values["Location"] != "West US"]
    assert not fires(fresh(one_place), "not-reachable").fires
