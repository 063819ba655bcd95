"""Memory does not grow with the file: the same command in processes of their own."""

import json

import pytest

from bench.invoice_file import measure, write

MEBIBYTES = 130
"""Resident, at most; nearly all of it is the interpreter and its libraries."""
GROWTH = 4.75


@pytest.mark.slow
async def test_eight_times_the_lines_take_hardly_more_memory(tmp_path):
    found = []
    for lines in (2_000, 16_000):
        path = tmp_path / f"{lines}.csv"
        write(path, lines)
        found.append(await measure(path, tmp_path / f"out-{lines}"))
    few, many = found
    assert many.code == 1
    assert json.loads(many.answer)["faults"] == {"duplicate_invoice": 32, "paid": 16}
    assert many.mebibytes < MEBIBYTES
    assert many.mebibytes - few.mebibytes < GROWTH
