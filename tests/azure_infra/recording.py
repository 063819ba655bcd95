"""A pytest plugin that writes down every event that the product emits while its own tests run it.

``-p tests.azure_infra.recording`` with the variable ``RECORDED_EVENTS``: the file, one line of JSON for each event,
``{"test": id of the test, "line": the log line as the app would print it}``.
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from shared.runtime.telemetry import redacted

FILE: Final = "RECORDED_EVENTS"


class _Kept(logging.Handler):
    """Lines of one test, redacted as the app's own handlers do it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(redacted(record.getMessage()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Around each test, its fixtures included."""
    log, kept = logging.getLogger("caselle"), _Kept()
    log.addHandler(kept)
    log.setLevel(logging.INFO)
    try:
        return (yield)
    finally:
        log.removeHandler(kept)
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"test": item.nodeid, "line": line}) + "\n" for line in kept.lines)
