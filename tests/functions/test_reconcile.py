"""Entry points of reconciling and of retention."""

import json
from datetime import UTC, date, datetime, timedelta

import azure.functions as func
import pytest

from functions import poison, reconcile, retain
from functions.entry import Failed
from shared.vocabulary.errors import Unavailable
from tests.fakes.app import given
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.reconciliation import MemoryControlTotals
from tests.reconciliation.test_control_totals import TOTAL

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Queued(func.QueueMessage):
    def __init__(self, raw, at):
        super().__init__(id="m-a", body=raw)
        self._at = at

    @property
    def insertion_time(self):
        return self._at


@pytest.fixture
def stores(app):
    totals, quarantine = MemoryControlTotals(), MemoryQuarantine()
    given(app.stores, control_totals=totals, quarantine=quarantine)
    return totals, quarantine


def total(count):
    return json.dumps(TOTAL | {"count": count, "paymentIds": None} | {"schemaVersion": 1}).encode()


async def test_the_later_enqueued_one_stands_whether_or_not_the_host_names_the_zone(stores):
    totals, _ = stores
    await reconcile.keep_control_totals(Queued(total(2), NOON))
    await reconcile.keep_control_totals(Queued(total(1), (NOON - timedelta(hours=1)).replace(tzinfo=None)))
    [kept] = await totals.of("2493", DAY, DAY)
    assert kept.count == 2


async def test_a_total_that_failed_again_and_again_is_kept_masked(stores):
    _, quarantine = stores
    await poison.poison_control_totals(Queued(b"{broken", NOON))
    assert quarantine.items["control-totals", "m-a"].text == "{xxxxxx"


async def test_a_store_that_is_down_brings_the_total_again(stores, monkeypatch):
    async def down(kept):
        raise Unavailable("table controltotals")

    monkeypatch.setattr(stores[0], "keep", down)
    with pytest.raises(Failed, match="Unavailable"):
        await reconcile.keep_control_totals(Queued(total(2), NOON))


@pytest.mark.parametrize(("entry_point", "name"), [(reconcile.reconcile, "reconcile"), (retain.retain, "retain")])
async def test_a_timer_gives_its_run_a_budget_below_the_functions_timeout(app, noted, entry_point, name):
    budgets = []

    class Run:
        async def run(self, budget):
            budgets.append(budget)

    given(app, **{name: Run()})
    await entry_point(None)
    assert len(budgets) == 1
    assert 0 < budgets[0] < 300
    assert set(noted.noted) == {name}
