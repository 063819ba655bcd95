"""Two cases from end to end with a few payments: what they find is not looked at, only that they find something."""

import pytest

from bench import burst, growth
from bench.floors import growth as floor
from shared.ledger import rows
from tests.payments.world import NEWPORT

pytestmark = pytest.mark.timeout(300)


def _measured(figures, *names):
    assert figures.keys() == set(names)
    assert all(figure.value > 0 for figure in figures.values())
    return figures


def test_burst():
    _measured(burst.run(count=6, runs=1, latency_ms=1), "burst", "burst.instant")


def test_growth():
    found = growth.run(sizes=(60,), billers=(2,), runs=1, few=60, payments=200)
    sizes = ("60", "2-billers")
    each = [f"growth.{step}.{size}" for step in ("post", "sweep", "report") for size in sizes]
    grown = [f"growth.{step}{suffix}" for step in ("post", "sweep", "report") for suffix in ("", "-billers")]
    _measured(found, *each, *grown, "growth.memory")


async def test_ours_and_the_floor_read_the_same_rows(azurite):
    async with growth.staged(azurite.connection_string, 90, 2) as stage:
        due = await stage.world.app.sweep.run()
        places = [(rows.shard_of(each.biller_id), each.biller_id) for each in stage.billers]
        assert await floor.sweep(stage.table) == len(due) + len(stage.billers) == 4 + 2, "each biller has a gate"
        assert await floor.report(stage.table, places, "2026-11-20") == len(await stage.reported()) == 15 + 4
    assert stage.billers[0].biller_id == NEWPORT["billerId"]
