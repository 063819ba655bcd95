"""Whose time a sample is."""

import sys

import pytest

from bench.own_time import _LIBRARY, owner
from local.processes import ROOT

OURS = str(ROOT / "shared/ledger/book.py")
SDK = str(ROOT / ".venv/lib/python3.13/site-packages/azure/data/tables/_serialize.py")


def innermost(*files):
    """The last frame of calls that lead through these files, the outermost first."""
    inner = sys._getframe
    for file in reversed(files):
        names = {"inner": inner}
        exec(compile("def call():\n    return inner()", file, "exec"), names)  # noqa: S102 - the only way to a frame of another file
        inner = names["call"]
    return inner()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((OURS,), OURS),
        ((SDK, OURS), OURS),
        ((OURS, f"{_LIBRARY}/dataclasses.py", "<string>"), OURS),
        ((OURS, f"{_LIBRARY}/json/encoder.py"), f"{_LIBRARY}/json/encoder.py"),
        ((OURS, SDK), SDK),
        ((OURS, SDK, f"{_LIBRARY}/uuid.py"), SDK),
        ((OURS, f"{_LIBRARY}/asyncio/tasks.py"), f"{_LIBRARY}/asyncio/tasks.py"),
    ],
)
def test_the_standard_library_is_whose_calls_it_but_json_and_asyncio_are_nobodys(files, expected):
    assert owner(innermost(*files)) == f"{expected}:call"
