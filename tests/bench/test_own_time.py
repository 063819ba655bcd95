"""Whose time a sample is."""

import sys

import pytest

from bench.own_time import _LIBRARY, owner, worked
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


def test_a_frame_that_only_begins_or_goes_on_has_not_worked():
    """A tick inside C code, here inside ``next``, is seen where the next Python function begins or goes on."""
    seen = []

    def numbers():
        yield 1
        yield 2

    def look(frame, event, _):
        if frame.f_code is numbers.__code__:
            seen.append((event, worked(frame).f_code.co_name))
        return look

    found, before = numbers(), sys.gettrace()
    sys.settrace(look)
    try:
        next(found)
        next(found)
    finally:
        sys.settrace(before)
    caller = test_a_frame_that_only_begins_or_goes_on_has_not_worked.__name__
    assert [each for each in seen if each[0] == "call"] == [("call", caller)] * 2
    assert [each for each in seen if each[0] == "line"] == [("line", "numbers")] * 2
