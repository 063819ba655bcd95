"""The functions of this process have an app of their own; every timer notes its run there, here in memory."""

import pytest

from shared.runtime import process
from tests.fakes.app import app_over, given
from tests.fakes.clock import StoppedClock
from tests.fakes.runs import MemoryRuns


@pytest.fixture(autouse=True)
def noted():
    return MemoryRuns()


@pytest.fixture(autouse=True)
def app(monkeypatch, noted):
    """Whatever a test needs, it puts in: ``given(app, post_payment=...)``."""
    return runs(monkeypatch, app_over(StoppedClock()), noted)


@pytest.fixture
def running(monkeypatch, noted):
    """Let the functions of this process run on another app."""
    return lambda app: runs(monkeypatch, app, noted)


def runs(monkeypatch, app, noted):
    given(app.stores, runs=noted, server_time=StoppedClock())
    monkeypatch.setattr(process, "app", lambda: app)
    return app
