"""Exports of every layout with faults of every kind: all are found, and none is found that is not there."""

import pytest

from admin.invoices.faults import ADVICE, NOT_OPEN, Fault
from admin.invoices.layout import Name
from tests.invoices.exports import KINDS

BY_NAME = {kind.name: kind for kind in KINDS}
FILE_FAULTS = {Fault.CONTROL_AMOUNT, Fault.CONTROL_COUNT, Fault.NOTHING_OPEN}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_every_fault_is_found_and_none_invented(kind, seed, tmp_path, checked):
    export = kind.export(tmp_path, seed, faulty=True)
    result = await checked(export.path, export.layout)
    assert result.by_line == export.expected
    assert not FILE_FAULTS & result.checked.faults.keys()
    kept = [line for line in export.bills if not line.faults]
    assert result.checked.open_items == len(kept) == len(result.cleaned()) - 1
    assert result.checked.open_cents == sum(line.cents for line in kept)
    assert not result.checked.open_items_only


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_file_in_order_stays_in_order(kind, seed, tmp_path, checked):
    export = kind.export(tmp_path, seed, faulty=False)
    result = await checked(export.path, export.layout)
    assert result.by_line == {}
    assert result.checked.in_order
    assert result.checked.open_items_only
    numbers = [line.cells[Name.INVOICE_NUMBER] for line in export.bills]
    at = result.cleaned()[0].index(kind.headers[Name.INVOICE_NUMBER]) if kind.name in {"plain", "workbook"} else None
    if at is not None:
        assert [row[at] for row in result.cleaned()[1:]] == numbers


def test_the_layouts_between_them_can_have_every_fault_of_a_line(tmp_path):
    seeded = {
        fault
        for kind in KINDS
        for faults in kind.export(tmp_path, 1, faulty=True).expected.values()
        for fault in faults
    }
    by_caselle = {Fault.CUSTOMER_UNKNOWN, Fault.INVOICE_UNKNOWN, Fault.OTHER_BALANCE}
    assert seeded | by_caselle | FILE_FAULTS == set(Fault)
    assert len(KINDS) >= 8


def test_every_fault_says_how_to_mend_it():
    assert ADVICE.keys() == set(Fault)
    assert set(Fault) > NOT_OPEN
