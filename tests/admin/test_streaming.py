"""Lists of any length are written as they are read."""

import io
import itertools
import json
import sys
import tracemalloc

import pytest

from admin.options import Options, use
from admin.streaming import Form, stream

COLUMNS = {"id": 8, "amount": 9, "note": 0}


async def rows(count, seen=None):
    for number in range(count):
        if seen is not None:
            seen.append(sys.stdout.getvalue().count("\n"))
        yield {"id": f"pay-{number}", "amount": "1.00", "note": "x\ny" if number == 0 else "=1", "extra": None}


class Sink(io.StringIO):
    """A file that remembers only how much was written."""

    written = 0

    def write(self, text):
        self.written += len(text)
        return len(text)


@pytest.fixture(autouse=True)
def usual_options():
    yield
    use(Options())


@pytest.mark.parametrize("form", Form)
async def test_each_row_is_written_before_the_next_is_read(monkeypatch, form):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    seen = []
    assert await stream(rows(5, seen), COLUMNS, form) == 5
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


async def test_columns_are_aligned_and_control_characters_kept_away(capsys):
    await stream(rows(2), COLUMNS)
    assert capsys.readouterr().out.splitlines() == [
        "id        amount     note",
        "pay-0     1.00       x y",
        "pay-1     1.00       =1",
    ]


async def test_csv_has_no_formulas(capsys):
    await stream(rows(2), COLUMNS, Form.CSV)
    assert capsys.readouterr().out == 'id,amount,note\npay-0,1.00,"x\ny"\npay-1,1.00,\'=1\n'


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_json_is_one_list_whatever_its_length(capsys, count):
    use(Options(as_json=True))
    await stream(rows(count), COLUMNS)
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [f"pay-{number}" for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("form", Form)
async def test_a_hundred_thousand_rows_take_bounded_memory(monkeypatch, form):
    sink = Sink()
    monkeypatch.setattr(sys, "stdout", sink)
    tracemalloc.start()
    try:
        assert await stream(rows(100_000), COLUMNS, form) == 100_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sink.written > 1_000_000
    assert peak < 5_000_000
