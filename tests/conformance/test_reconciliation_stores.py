"""What every store of control totals and of findings must do, in memory and on Azurite."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from azure.data.tables import UpdateMode

from shared.azure_stores.table_control_totals import TableControlTotals
from shared.azure_stores.table_findings import TableFindings
from shared.exchange.inbound import MOST_BYTES, read
from shared.reconciliation.control_totals import ControlTotal, Kept
from shared.reconciliation.finding import Finding, What
from tests.conformance.crossing import Crossing
from tests.fakes.reconciliation import MemoryControlTotals, MemoryFindings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "table"])
def totals(request):
    return MemoryControlTotals() if request.param == "memory" else TableControlTotals(request.getfixturevalue("table"))


@pytest.fixture(params=["memory", "table"])
def findings(request):
    return MemoryFindings() if request.param == "memory" else TableFindings(request.getfixturevalue("table"))


def total(**changes):
    fields = {
        "schemaVersion": 1,
        "billerId": "2493",
        "application": "AR",
        "tender": "ACH",
        "day": "2026-11-23",
        "depositId": "deposit/1 #?",
        "count": 2,
        "amount": "12500000.40",
    }
    return ControlTotal.model_validate(fields | changes)


async def test_a_total_comes_back_as_it_was_kept(totals):
    kept = total(paymentIds=["a", "b"])
    await totals.keep(Kept(kept, NOON))
    day = date(2026, 11, 23)
    assert await totals.of("2493", day, day) == [kept]
    assert await totals.of("2137", day, day) == []


@pytest.mark.parametrize(
    "ids", [[f"{number:021}" for number in range(2000)], [str(uuid.UUID(int=number)) for number in range(1250)]]
)
async def test_a_total_as_large_as_its_message_may_be_comes_back(totals, ids):
    """Read from a message of all but 48 KiB, as the queue brings it."""
    fields = json.loads(total(count=len(ids)).model_dump_json(by_alias=True)) | {"paymentIds": ids}
    body = json.dumps(fields, separators=(",", ":")).encode()
    assert MOST_BYTES - 1024 < len(body) <= MOST_BYTES
    kept = read(ControlTotal, body, "depositId")
    await totals.keep(Kept(kept, NOON))
    [found] = await totals.of("2493", kept.day, kept.day)
    assert found == kept
    assert found.payment_ids == tuple(ids)


@pytest.mark.parametrize("first", [True, False])
async def test_of_two_totals_at_once_the_later_stands(table, first):
    store = TableControlTotals(table)
    if not first:
        await store.keep(Kept(total(count=1), NOON))
    later = Kept(total(count=3), NOON + timedelta(minutes=2))
    crossing = TableControlTotals(Crossing(table, lambda: store.keep(later)))
    await crossing.keep(Kept(total(count=2), NOON + timedelta(minutes=1)))
    assert await store.of("2493", later.total.day, later.total.day) == [later.total]


async def test_a_total_that_an_earlier_release_kept_as_text_is_read(table):
    kept, store = total(paymentIds=["a", "b"]), TableControlTotals(table)
    await store.keep(Kept(kept, NOON))
    [row] = [row async for row in table.list_entities()]
    await table.update_entity(row | {"total": kept.model_dump_json(by_alias=True)}, UpdateMode.REPLACE)
    assert await store.of("2493", kept.day, kept.day) == [kept]


async def test_of_one_deposit_the_latest_stands_in_whatever_order_they_come(totals):
    day = date(2026, 11, 23)
    await totals.keep(Kept(total(count=1), NOON))
    await totals.keep(Kept(total(count=3), NOON + timedelta(minutes=1)))
    await totals.keep(Kept(total(count=2), NOON))
    assert [each.count for each in await totals.of("2493", day, day)] == [3]


async def test_deposits_tenders_and_applications_are_kept_apart(totals):
    different = [{}, {"tender": "CC"}, {"application": "UM"}, {"depositId": "other"}, {"day": "2026-11-24"}]
    for changes in different:
        await totals.keep(Kept(total(**changes), NOON))
    assert len(await totals.of("2493", date(2026, 11, 23), date(2026, 11, 24))) == len(different)


async def test_days_are_read_from_the_first_to_the_last(totals):
    for number in range(1, 10):
        await totals.keep(Kept(total(day=f"2026-11-0{number}"), NOON))
    found = await totals.of("2493", date(2026, 11, 3), date(2026, 11, 5))
    assert [each.day.day for each in found] == [3, 4, 5]


async def test_old_ones_are_removed_so_many_at_a_time(totals):
    for number in range(1, 6):
        await totals.keep(Kept(total(day=f"2026-11-0{number}"), NOON))
    before = date(2026, 11, 4)
    assert [await totals.remove_before(before, 2) for _ in range(3)] == [2, 1, 0]
    found = await totals.of("2493", date(2026, 1, 1), date(2026, 12, 1))
    assert [each.day.day for each in found] == [4, 5]


async def test_findings_are_those_of_the_latest_run(findings):
    first = Finding("2026-11-23", What.RECEIPT_VOID, "pay-1", "receipt 5.00010")
    second = Finding("2026-11-24", What.NOT_ENQUEUED, "pay-2", "never came, Cañon")
    assert (await findings.of("2493"), await findings.done_for("2493")) == ([], None)
    await findings.replace("2493", None, [first])
    assert (await findings.of("2493"), await findings.done_for("2493")) == ([first], None)
    await findings.replace("2493", date(2026, 11, 24), [first])
    await findings.replace("2493", date(2026, 11, 25), [first, second])
    await findings.replace("2137", date(2026, 11, 24), [])
    assert await findings.of("2493") == [first, second]
    assert await findings.done_for("2493") == date(2026, 11, 25)
    assert await findings.of("2137") == []


async def test_more_findings_than_a_row_holds_are_kept_from_the_first(findings):
    """A whole deposit that never came, of a city with long names for them; one that cannot be kept would fail nightly."""
    words = f"deposit {'Zo\xeb' * 60}, ACH: Invoice Cloud 500 of 62700.00, here 0 of 0.00; never came"
    many = [Finding("2026-11-23", What.NOT_ENQUEUED, f"{number:036}", words) for number in range(500)]
    await findings.replace("2493", date(2026, 11, 24), many)
    kept = await findings.of("2493")
    assert kept == many[: len(kept)]
    assert len(kept) >= 50
    assert await findings.done_for("2493") == date(2026, 11, 24)
