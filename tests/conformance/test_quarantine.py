"""What every quarantine must do, in memory and on Azurite."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.azure_stores.table_quarantine import TableQuarantine
from shared.exchange.quarantine import quarantined
from tests.fakes.quarantine import MemoryQuarantine, row_of_an_earlier_release

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "table"])
def quarantine(request):
    return MemoryQuarantine() if request.param == "memory" else TableQuarantine(request.getfixturevalue("table"))


def item(message_id="m-1", *, queue="payments", at=NOON, body=b'{"billerId": "2493"}'):
    return quarantined(queue, message_id, body, reason="rule_broken", detail="amount", at=at)


async def unresolved(quarantine):
    return {each.message_id async for each in quarantine.unresolved()}


async def test_what_is_kept_is_found_as_it_was(quarantine):
    await quarantine.keep(item())
    assert await quarantine.find("payments", "m-1") == item()
    assert await quarantine.find("reversals", "m-1") is None
    assert await quarantine.find("payments", "m-2") is None


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\0", "\ufffe"])
async def test_what_is_no_text_is_kept_too(quarantine, text):
    """Kept, not refused: a message that cannot be set aside would come again for ever."""
    body = json.dumps({"payerName": text, "extra": [text], text: 1}).encode()
    odd = quarantined("payments", "m-1", body, reason="rule_broken", detail="payerName", at=NOON)
    await quarantine.keep(odd)
    assert await quarantine.find("payments", "m-1") == odd
    odd.text.encode()


async def test_what_is_resolved_waits_for_nobody(quarantine):
    await quarantine.keep(item("m-1"))
    await quarantine.keep(item("m-2", queue="reversals"))
    assert await unresolved(quarantine) == {"m-1", "m-2"}
    await quarantine.keep(replace(item("m-1"), resolved="discarded by a person"))
    assert await unresolved(quarantine) == {"m-2"}
    assert (await quarantine.find("payments", "m-1")).resolved == "discarded by a person"


@pytest.mark.parametrize("resolved", ["", "discarded by a person"])
async def test_the_same_message_again_changes_nothing(quarantine, resolved):
    await quarantine.keep(replace(item(), resolved=resolved))
    await quarantine.keep(item(at=NOON + timedelta(hours=1)))
    assert await quarantine.find("payments", "m-1") == replace(item(), resolved=resolved)


ODD_IDS = ["", "/", "a\\b", "#", "?", "a b'c\"", "%2F", "\t\n\x7f", "é" * 512, "x" * 1024, ".", "'' or 1 eq 1"]


async def test_any_id_is_kept_and_found(quarantine):
    """None of them may keep a message from being set aside, nor stand for another one."""
    for number, message_id in enumerate(ODD_IDS):
        await quarantine.keep(item(message_id, at=NOON + timedelta(hours=number)))
    for number, message_id in enumerate(ODD_IDS):
        assert await quarantine.find("payments", message_id) == item(message_id, at=NOON + timedelta(hours=number))
    assert await unresolved(quarantine) == set(ODD_IDS)


async def test_other_contents_under_the_same_id_are_another_message(quarantine):
    """Both are there; who works them off is given the one that still waits."""
    first, second = item(), item(body=b"{}", at=NOON + timedelta(hours=1))
    await quarantine.keep(first)
    await quarantine.keep(second)
    assert sorted([each async for each in quarantine.unresolved()], key=lambda each: each.at) == [first, second]
    assert await quarantine.find("payments", "m-1") == first
    await quarantine.keep(replace(first, resolved="discarded by a person"))
    assert await quarantine.find("payments", "m-1") == second
    await quarantine.keep(replace(second, resolved="discarded by a person"))
    assert await unresolved(quarantine) == set()


async def test_a_row_of_an_earlier_release_is_read_kept_and_resolved_where_it_is(table):
    quarantine, old = TableQuarantine(table), item()
    await table.create_entity(row_of_an_earlier_release(old))
    assert await quarantine.find("payments", "m-1") == old
    await quarantine.keep(item(at=NOON + timedelta(hours=1)))
    assert [each async for each in quarantine.unresolved()] == [old]
    await quarantine.keep(replace(old, resolved="discarded by a person"))
    assert (await quarantine.find("payments", "m-1")).resolved == "discarded by a person"
    assert [row["RowKey"] async for row in table.list_entities()] == ["m-1"]


async def test_old_ones_are_removed_so_many_at_a_time(quarantine):
    for number in range(5):
        await quarantine.keep(item(f"m-{number}", at=NOON + timedelta(days=number)))
    before = NOON + timedelta(days=3)
    assert [await quarantine.remove_before(before, 2) for _ in range(3)] == [2, 1, 0]
    assert await unresolved(quarantine) == {"m-3", "m-4"}
