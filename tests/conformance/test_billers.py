"""Every registry of billers behaves alike."""

import pytest

from shared.azure_stores.table_billers import TableBillers
from shared.billers.model import Biller, Codes, Mode
from shared.billers.registry import Home, changed
from shared.vocabulary.errors import Misconfigured, Unavailable
from tests.conformance.crossing import Crossing
from tests.fakes.billers import FakeBillers, overwrite

CITY = Biller(
    biller_id="2493",
    name="Cañon City",
    time_zone="America/Los_Angeles",
    applications={"AR": Codes(category_code="07", distribution_code="0702", payment_codes={"ACH": "07"})},
)


@pytest.fixture(params=["fake", "table"])
def billers(request):
    return FakeBillers() if request.param == "fake" else TableBillers(request.getfixturevalue("table"))


async def test_what_is_put_is_got(billers):
    assert await billers.get("2493") is None
    assert await billers.all() == []
    await overwrite(billers, CITY)
    assert await billers.get("2493") == CITY
    live = CITY.model_copy(update={"mode": Mode.LIVE, "applications": {}})
    await overwrite(billers, live)
    assert await billers.get("2493") == live


async def test_of_two_changes_to_one_record_the_second_is_refused(billers):
    assert await billers.replace(CITY, None)
    assert not await billers.replace(CITY.model_copy(update={"name": "another"}), None)
    first, second = (CITY.model_copy(update={"name": name}) for name in ("first", "second"))
    assert await billers.replace(first, CITY)
    assert not await billers.replace(second, CITY)
    assert await billers.get("2493") == first


async def test_the_same_change_again_is_no_conflict(billers):
    renamed = CITY.model_copy(update={"name": "renamed"})
    await overwrite(billers, CITY)
    assert await billers.replace(renamed, CITY)
    assert await billers.replace(renamed, CITY)


async def test_of_two_changes_at_once_neither_takes_the_other_back(table):
    store = TableBillers(table)
    await store.replace(CITY, None)

    async def rename():
        assert await store.replace(CITY.model_copy(update={"name": "renamed"}), CITY)

    after = await changed(
        TableBillers(Crossing(table, rename)), "2493", lambda biller: biller.model_copy(update={"slots": 1})
    )
    assert (after.name, after.slots) == ("renamed", 1)
    assert await store.get("2493") == after


async def test_all_are_ordered_by_id_as_text(billers):
    for biller_id in ("31", "4", "1234"):
        await overwrite(billers, CITY.model_copy(update={"biller_id": biller_id}))
    assert [biller.biller_id for biller in await billers.all()] == ["1234", "31", "4"]


async def test_homes_tell_region_and_retirement(billers):
    assert await billers.homes() == {}
    await overwrite(billers, CITY.model_copy(update={"region": "eastus2"}))
    await overwrite(billers, CITY.model_copy(update={"biller_id": "11", "mode": Mode.RETIRED}))
    assert await billers.homes() == {
        "2493": Home("2493", "eastus2", retired=False),
        "11": Home("11", None, retired=True),
    }


async def test_a_record_that_cannot_be_read_takes_no_other_biller_s_home(table, caplog):
    billers = TableBillers(table)
    await overwrite(billers, CITY)
    strange = {"PartitionKey": "billers", "RowKey": "1", "biller": '{"mode": "of a newer release", "region": "east"}'}
    for entity in (strange, strange | {"RowKey": "2", "biller": "no JSON"}, strange | {"RowKey": "3", "biller": "{}"}):
        await table.create_entity(entity)
    assert await billers.homes() == {"2493": Home("2493", None, retired=False), "1": Home("1", "east", retired=False)}
    assert sum("biller.unreadable" in record.message for record in caplog.records) == 2


async def test_a_missing_table_is_no_unknown_biller(table):
    await table.delete_table()
    with pytest.raises(Unavailable):
        await TableBillers(table).get("2493")
    with pytest.raises(Unavailable):
        await TableBillers(table).all()
    with pytest.raises(Unavailable):
        await TableBillers(table).homes()


async def test_a_record_that_breaks_the_rules_is_a_person_s_work(table):
    await table.create_entity({"PartitionKey": "billers", "RowKey": "1", "biller": '{"billerId": "1"}'})
    with pytest.raises(Misconfigured, match="biller 1"):
        await TableBillers(table).get("1")
