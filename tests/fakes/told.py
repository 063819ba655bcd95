"""What the product told while a test ran."""

import json
from typing import Any

import pytest


def told(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """Fields of every event of that name, without the name."""
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "caselle"]
    return [
        {name: value for name, value in line.items() if name != "event"} for line in lines if line["event"] == event
    ]
