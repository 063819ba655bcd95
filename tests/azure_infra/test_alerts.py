"""Each alert, run on what the product told: for its event, for no other, at the boundary of its window, on a good day."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.azure_infra.lines import (
    NOON,
    RULES,
    SECOND,
    UNTAKEN,
    ago,
    asks_for,
    fires,
    fresh,
    put,
    reached,
    request,
    taken,
    traces,
)
from tests.azure_infra.recorded import Event
from tests.azure_infra.workspace import Workspace
from tests.infra.alerts import AWAITED
from tests.infra.queries import ALERTS

SEEN = {name: each for name, each in ALERTS.items() if each["kind"] == "seen"}
SUBJECTS = sorted((name, subject) for name, each in SEEN.items() for subject in each["subjects"])
IDS = [f"{name}: {subject}" for name, subject in SUBJECTS]


def test_everything_that_is_asked_for_was_told(told):
    """By the product, in its own tests: none is written by hand."""
    asked = {subject for each in ALERTS.values() if each["kind"] != "untaken" for subject in each["subjects"]}
    assert asked - told.by_name.keys() == AWAITED.keys()


# Alerts on single events.


@pytest.mark.parametrize(("name", "subject"), SUBJECTS, ids=IDS)
def test_the_alert_fires_for_its_event_and_names_city_and_entry(told, name, subject):
    asked_for = [each for each in told.by_name[subject] if asks_for(name, each)]
    assert asked_for, "none was told"
    for event in {tuple(sorted(each.fields)): each for each in asked_for}.values():
        found = fires(fresh(traces([event], ago(2))), name)
        assert found.fires, event
        [row] = found.rows
        assert row["event"] == subject
        assert row["Message"] == event.line
        assert row["biller"] == event.fields.get("biller", "")
        assert row["entry"] == event.fields.get("id", event.fields.get("message", ""))
        if SEEN[name]["scope"] == "city":
            assert found.dimensions == (event.fields.get("biller", ""),)


@pytest.mark.parametrize(("name", "subject"), SUBJECTS, ids=IDS)
def test_no_alert_fires_for_the_event_of_another(told, name, subject):
    [event] = [each for each in told.by_name[subject] if asks_for(name, each)][:1]
    workspace = fresh(traces([event], ago(2)))
    others = {other for other in SEEN if fires(workspace, other).fires}
    assert (
        others
        == {other for other, each in SEEN.items() if subject in each["subjects"] and asks_for(other, event)}
        >= {name}
    )


@pytest.mark.parametrize(("name", "subject"), SUBJECTS, ids=IDS)
def test_a_city_s_event_names_the_city(told, name, subject):
    """An alert that is split by city would otherwise fire for none."""
    if SEEN[name]["scope"] == "city":
        without = [each for each in told.shapes(subject) if "biller" not in each.fields]
        # A message that cannot be read at all has no city that anybody could name.
        assert [each for each in without if each.fields.get("code") not in {"not_json", "too_large"}] == []


@pytest.mark.parametrize("second", range(0, 301, 20))
def test_whenever_an_event_comes_a_run_sees_it(told, second):
    """The runs are five minutes apart."""
    [event] = told.shapes("relay.down")[:1]
    workspace = fresh(traces([event], NOON + second * SECOND))
    runs = [fires(workspace, "relay-down", NOON + timedelta(minutes=5 * run)).fires for run in range(4)]
    assert 1 <= runs.count(True) <= 2, runs


def test_an_event_that_is_under_way_for_long_is_still_seen(told):
    [event] = told.shapes("relay.down")[:1]
    workspace = fresh(traces([event], ago(28), late=timedelta(minutes=27)))
    assert fires(workspace, "relay-down").fires
    assert not fires(workspace, "relay-down", NOON - timedelta(minutes=5)).fires


def test_at_the_edge_of_what_a_run_sees(told):
    [event] = told.shapes("relay.down")[:1]
    assert fires(fresh(traces([event], ago(6) + SECOND)), "relay-down").fires
    assert not fires(fresh(traces([event], ago(6))), "relay-down").fires
    # Written earlier than the window reaches back, it is lost however late it comes.
    assert not fires(fresh(traces([event], ago(30), late=timedelta(minutes=29))), "relay-down").fires


def test_two_cities_are_two_alerts(told):
    listed = [each for each in told.by_name["biller.blocked"] if asks_for("blocked", each)]
    workspace = fresh(traces([*listed, *told.shapes("biller.missing")], ago(2)))
    found = fires(workspace, "blocked")
    assert set(found.dimensions) == {each.fields["biller"] for each in listed} | {"2493"}
    assert len(found.dimensions) > 1


def blocks(told, *cities):
    """Of cities for a cause that no list knows, as the product tells it of one."""
    [event] = [each for each in told.by_name["biller.blocked"] if asks_for("blocked-unlisted", each)][:1]
    return [Event(json.dumps(each), event.test) for each in (event.fields | {"biller": city} for city in cities)]


def test_cities_that_are_blocked_for_no_known_cause_within_ten_minutes_are_one_alert(told):
    """And no other: neither one for each city, nor that many are held."""
    four = [
        line
        for minute, each in enumerate(blocks(told, "1", "2", "3", "4"))
        for line in traces([each], ago(9 - 2 * minute))
    ]
    workspace = fresh(four)
    found = fires(workspace, "blocked-unlisted")
    assert (found.fires, found.dimensions) == (True, ()), "not split: one for all"
    assert sorted(row["biller"] for row in found.rows) == ["1", "2", "3", "4"]
    assert {other for other in RULES if fires(workspace, other).fires and ALERTS[other]["kind"] != "missing"} == {
        "blocked-unlisted"
    }


def test_each_of_them_is_in_exactly_one_run_or_two_at_the_edge(told):
    """The runs are a quarter of an hour apart, and one city alone is told as well."""
    for second in range(0, 901, 60):
        workspace = fresh(traces(blocks(told, "1"), NOON + second * SECOND))
        runs = [fires(workspace, "blocked-unlisted", NOON + timedelta(minutes=15 * run)).fires for run in range(4)]
        assert 1 <= runs.count(True) <= 2, (second, runs)


def test_a_listed_cause_is_the_city_s_own_alert(told):
    [listed] = [each for each in told.by_name["biller.blocked"] if asks_for("blocked", each)][:1]
    workspace = fresh(traces([listed], ago(2)))
    assert fires(workspace, "blocked").fires
    assert not fires(workspace, "blocked-unlisted").fires


# Alerts on absence.

MISSING = {name: each for name, each in ALERTS.items() if each["kind"] == "missing" and each["subjects"]}


@pytest.mark.parametrize("name", MISSING)
def test_absence_is_an_alert_and_one_line_within_the_window_is_none(told, name):
    [subject] = MISSING[name]["subjects"]
    lines = told.shapes(subject) or told_elsewhere(subject)
    window = MISSING[name]["windowMinutes"]
    assert fires(fresh(), name).fires
    assert not fires(fresh(traces(lines[:1], ago(window) + SECOND)), name).fires
    assert fires(fresh(traces(lines[:1], ago(window))), name).fires
    others = [each for event, found in told.by_name.items() if event != subject for each in found[:1]]
    assert fires(fresh(traces(others, ago(1))), name).fires


def told_elsewhere(subject):
    """What is told by something that is not recorded here."""
    return [Event(json.dumps({"event": subject}), AWAITED[subject])]


# Alerts on numbers.


def guesses(told, count, minutes):
    """Spread evenly over so many minutes before noon."""
    [event] = told.shapes("callback.unknown_key")
    return [line for turn in range(count) for line in traces([event], ago(minutes * (turn + 0.5) / count))]


@pytest.mark.parametrize(
    ("count", "minutes", "expected"), [(20, 30, False), (21, 30, True), (21, 6, True), (60, 90, False)]
)
def test_unknown_keys_are_counted_over_half_an_hour(told, count, minutes, expected):
    assert fires(fresh(guesses(told, count, minutes)), "callback-missed").fires is expected


def waits(told, *minutes):
    """One poison queue that is not empty, seen so many minutes before noon."""
    [waiting] = told.where("poison.waiting", queue="due-poison")[:1]
    return fresh(*(traces([waiting], ago(minute)) for minute in minutes))


def test_what_four_looks_in_a_row_find_in_a_poison_queue_does_not_leave_it(told):
    found = fires(waits(told, 1, 6, 11, 16), "poison-waiting")
    assert [row["queue"] for row in found.rows] == ["due-poison"]
    assert not fires(waits(told, 1, 6, 11), "poison-waiting").fires
    assert not fires(waits(told, 1, 2, 3, 4), "poison-waiting").fires
    assert not fires(waits(told, 31, 36, 41, 46), "poison-waiting").fires


def cities(told, event):
    return {each.fields["biller"]: each for each in told.by_name[event]}


def test_three_cities_make_many_and_a_lane_is_no_city(told):
    held, blocked = cities(told, "payment.held"), cities(told, "biller.blocked")
    lane = blocked["2493.updates"]
    others = [each for biller, each in held.items() if biller != "2493"]
    two = [held["2493"], lane, others[0]]
    assert not fires(fresh(traces(two, ago(5))), "many-held").fires
    assert fires(fresh(traces([*two, others[1]], ago(5))), "many-held").fires
    spread = [*traces(two, ago(31)), *traces([others[1]], ago(1))]
    assert not fires(fresh(spread), "many-held").fires


@pytest.mark.parametrize("reason", ["no_token", "token_refused"])
def test_payments_that_wait_for_a_token_are_an_alert_of_their_own(told, reason):
    """The line that says why may be lost; each payment's own line is written by a call that is still there."""
    waiting = [each for name in ALERTS["no-token"]["subjects"] for each in told.where(name, reason=reason)]
    assert waiting, "nothing waited for a token"
    found = fires(fresh(traces(waiting, ago(20))), "no-token")
    assert found.dimensions == tuple(sorted({each.fields["biller"] for each in waiting}))
    others = [
        each
        for each in told.by_name["payment.received"]
        if each.fields.get("reason") not in {"no_token", "token_refused"}
    ]
    assert not fires(fresh(traces(others[:50], ago(20))), "no-token").fires


# The figure of the service.


def payments(told, *, waited=None, reason=None):
    """A payment's lines: posted after so many seconds, with what it waited for before."""
    before = [told.where("payment.received", reason=reason)[0]] if reason else []
    posted = [each for each in told.by_name["payment.posted"] if late(each) is (waited == "long")]
    return [*before, posted[0]]


def late(event):
    return event.fields.get("waited", 0) > 300


def numbered(events, number):
    """The same lines as another payment's."""
    return [Event(json.dumps(each.fields | {"id": f"pay-{number}"}), each.test) for each in events]


def month(told, *, late_ones, in_time, reason=None):
    lines = []
    for number in range(late_ones + in_time):
        waited = "long" if number < late_ones else None
        events = numbered(payments(told, waited=waited, reason=reason if waited else None), number)
        lines += traces(events, ago(60 + number))
    return lines


def test_the_goal_of_the_month_is_at_risk_when_more_than_two_in_a_hundred_are_late(told):
    assert not fires(fresh(month(told, late_ones=4, in_time=20)), "goal-at-risk").fires, "four are too few to say"
    assert not fires(fresh(month(told, late_ones=5, in_time=245)), "goal-at-risk").fires
    assert fires(fresh(month(told, late_ones=6, in_time=244)), "goal-at-risk").fires


def test_what_waited_for_its_city_does_not_count(told):
    for reason in ("paused", "blocked", "ConnectError"):
        if told.where("payment.received", reason=reason):
            assert not fires(fresh(month(told, late_ones=50, in_time=0, reason=reason)), "goal-at-risk").fires, reason
    assert fires(fresh(month(told, late_ones=50, in_time=0)), "goal-at-risk").fires


def test_what_lay_in_its_queue_counts(told):
    """The app was down: the ledger began to count only when it was up again."""
    [taken_late] = told.shapes("payment.taken_late")
    assert taken_late.fields["queued"] > 300
    lines = [
        line
        for number in range(10)
        for line in traces(numbered([taken_late, *payments(told)], number), ago(60 + number))
    ]
    assert fires(fresh(lines), "goal-at-risk").fires


# A good day.


def test_on_a_good_day_no_alert_fires(told):
    """A day and a half of what a stamp tells where nothing is wrong, looked at every hour of the last day."""
    workspace = Workspace()
    [swept], [looked] = told.shapes("ledger.swept")[:1], told.shapes("token.sweep_completed")[:1]
    watched = told.where("poison.watched", waiting=0)[:1]
    quiet = [
        *payments(told),
        *told.shapes("control_total.kept"),
        *told.shapes("token.stands"),
        *told.shapes("reconcile.ran"),
    ]
    for hour in range(36):
        since = ago(60 * hour)
        workspace.write(line for minute in range(60) for line in traces([swept], since - timedelta(minutes=minute)))
        workspace.write(
            line for minute in range(0, 60, 5) for line in traces([looked, *watched], since - timedelta(minutes=minute))
        )
        workspace.write(line for number in range(30) for line in traces(numbered(quiet, 100 * hour + number), since))
        queues = [queue for _, queue in UNTAKEN]
        workspace.write(each(queue, since) for queue in queues for each in (put, taken))
        workspace.write([request(since, name="open_items", code="200", url="https://x/api/y")])
    for night in (ago(600), ago(600 + 24 * 60)):
        workspace.write(traces(told_elsewhere("export.completed"), night))
    workspace.write(reached(ago(36 * 60), NOON))
    fired = {(name, hour) for hour in range(24) for name in RULES if fires(workspace, name, ago(60 * hour)).fires}
    assert fired == set()


def test_every_rule_is_run_by_one_of_these_tests():
    named = {*SEEN, *MISSING, *(name for name, _ in UNTAKEN)}
    source = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*alerts.py"))
    assert {name for name in RULES if name not in named and f'"{name}"' not in source} == set()
