"""Every timer notes its run; here in memory."""

import pytest

from shared.runtime import stores
from tests.fakes.clock import StoppedClock
from tests.fakes.runs import MemoryRuns


@pytest.fixture(autouse=True)
def noted(monkeypatch):
    runs, clock = MemoryRuns(), StoppedClock()
    monkeypatch.setattr(stores, "runs", lambda: runs)
    monkeypatch.setattr(stores, "server_time", lambda: clock)
    return runs
