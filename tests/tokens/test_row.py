"""When a token is looked at again, which warnings are given, and what becomes of candidates."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.tokens.delivery import Delivery
from shared.tokens.row import (
    LATEST_LOOK,
    LOOKS_AFTER_REFUSAL,
    MOST_CANDIDATES,
    RENEW_BEFORE,
    SOONEST_LOOK,
    WARNINGS,
    candidate,
    looked_at,
    postponed,
    refused,
    serving,
    waiting,
    warned,
)
from shared.tokens.vault import secret_name
from tests.fakes.clock import StoppedClock

NOW = StoppedClock().now()
DAY = timedelta(days=1)


def _candidate(name, days=182, at=NOW):
    return candidate(Delivery(token=SecretStr(name), expires_at=at + days * DAY), name, at)


def _row(days=182, candidates=()):
    row = serving(None, "2493", _candidate("first", days), NOW)
    for name in candidates:
        row, _ = waiting(row, _candidate(name), NOW)
    return row


def _versions(row):
    return [each.version for each in row.candidates]


@settings(deadline=None)
@given(lifetime=st.timedeltas(timedelta(seconds=3), 365 * DAY), part=st.floats(0, 0.999))
def test_the_next_look_is_the_first_thing_to_come(lifetime, part):
    row = serving(None, "2493", _candidate("first", lifetime / DAY), NOW)
    now = NOW + lifetime * part
    moments = [row.renew_at, *(row.expires_at - before for before in WARNINGS), row.expires_at]
    due = looked_at(row, now).due_at
    assert due in moments
    assert now < due
    assert not any(now < moment < due for moment in moments)


def test_after_its_expiry_a_token_needs_no_look():
    row = _row(10)
    assert looked_at(row, row.expires_at).due_at is None
    assert looked_at(row, row.expires_at, again_at=row.expires_at + DAY).due_at == row.expires_at + DAY


def test_a_renewal_comes_before_the_first_warning_or_in_the_last_third():
    assert _row(182).renew_at == NOW + 182 * DAY - RENEW_BEFORE
    assert WARNINGS[0] < RENEW_BEFORE
    assert _row(30).renew_at == NOW + 20 * DAY


def test_each_warning_is_given_once():
    row, given_on = _row(182), {}
    for hours in range(183 * 24):
        if changed := warned(row, NOW + timedelta(hours=hours)):
            given_on[changed.warned_days] = hours / 24
            row = changed
    assert given_on == {30: 152, 14: 168, 7: 175, 1: 181, 0: 182}


def test_a_warning_that_has_passed_already_when_the_token_comes_is_not_given():
    row = _row(10)
    assert warned(row, NOW) is None
    assert warned(row, NOW + 3 * DAY).warned_days == 7
    assert warned(row, NOW + 20 * DAY).warned_days == 0


def test_a_candidate_in_force_takes_those_before_it_along():
    row = _row(candidates=["a", "b", "c"])
    following = serving(row, "2493", row.candidates[1], NOW)
    assert (following.version, following.previous_version, following.generation) == ("b", "first", 2)
    assert _versions(following) == ["c"]
    renewed = serving(row, "2493", _candidate("renewed"), NOW)
    assert _versions(renewed) == ["a", "b", "c"]


def test_a_candidate_is_dropped_at_its_third_refusal():
    row, at = _row(candidates=["a", "b"]), NOW
    for pause in LOOKS_AFTER_REFUSAL:
        row = refused(row, "a", at)
        assert row.candidates[0].look_at == at + pause
        at += pause
    row = refused(row, "a", at)
    assert _versions(row) == ["b"]
    assert refused(row, "a", at) is None


def test_junk_displaces_junk_first():
    row = _row(candidates=map(str, range(MOST_CANDIDATES)))
    row = refused(row, "5", NOW)
    row, gone = waiting(row, _candidate("new"), NOW)
    assert gone.version == "5"
    row, gone = waiting(row, _candidate("newer"), NOW)
    assert gone.version == "0"
    assert len(row.candidates) == MOST_CANDIDATES


def test_the_longer_a_candidate_waits_the_longer_until_the_next_look():
    row = _row(candidates=["a"])
    pauses = [
        postponed(row, NOW + age).candidates[0].look_at - NOW - age
        for age in (timedelta(0), timedelta(hours=10), 30 * DAY)
    ]
    assert pauses == [SOONEST_LOOK, timedelta(hours=1), LATEST_LOOK]


def test_a_refused_candidate_is_not_tried_sooner_because_nobody_answered():
    row = refused(refused(_row(candidates=["a"]), "a", NOW), "a", NOW)
    assert postponed(row, NOW).candidates[0].look_at == NOW + LOOKS_AFTER_REFUSAL[1]


def test_a_row_shows_no_token():
    assert "first" not in _row().model_dump_json().replace('"version":"first"', "")


def test_vault_names_are_legal_and_apart():
    names = {secret_name("oauth-token", str(number)) for number in range(200)}
    assert len({name.lower() for name in names}) == 200
    assert all(name.removeprefix("oauth-token-").isalnum() and len(name) == len("oauth-token-") + 40 for name in names)
