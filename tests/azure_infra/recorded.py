"""Events as the product itself told them: recorded while its own tests run its code, none of them written by hand."""

import fcntl
import json
import os
import subprocess
import sys
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.azure_infra.recording import FILE

ROOT: Final = Path(__file__).parents[2]

SOURCES: Final = (
    "tests/beliefs/test_numbers.py",
    "tests/beliefs/test_proofs.py",
    "tests/billers/test_callback_keys.py",
    "tests/billers/test_homecoming.py",
    "tests/conformance/test_billers.py",
    "tests/customers/test_update.py",
    "tests/exchange/test_lenient.py",
    "tests/exchange/test_poison.py",
    "tests/exchange/test_put_off.py",
    "tests/exchange/test_seldom_told.py",
    "tests/functions/test_functions.py",
    "tests/functions/test_oauth_callback.py",
    "tests/functions/test_reconcile.py",
    "tests/functions/test_update_customers.py",
    "tests/ledger/test_gate.py",
    "tests/ledger/test_outage.py",
    "tests/ledger/test_reading.py",
    "tests/ledger/test_send_once.py",
    "tests/ledger/test_sweep.py",
    "tests/open_items/test_ask.py",
    "tests/payments/test_attacks.py",
    "tests/payments/test_move.py",
    "tests/payments/test_post.py",
    "tests/payments/test_reading.py",
    "tests/payments/test_telling.py",
    "tests/reconciliation/test_control_totals.py",
    "tests/reconciliation/test_reconcile.py",
    "tests/reversals/test_reverse.py",
    "tests/tokens/test_grants.py",
    "tests/tokens/test_keep.py",
    "tests/tokens/test_look.py",
    "tests/tokens/test_prove.py",
    "tests/tokens/test_receive.py",
    "tests/tokens/test_serve.py",
    "tests/tokens/test_supervise.py",
)
"""Tests that between them make the product tell everything that an alert or the workbook asks for."""


class Event(NamedTuple):
    """One log line and the test that it comes from."""

    line: str
    test: str

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.line)
        return found


class Recording:
    """Everything that was told."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    @cached_property
    def by_name(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = defaultdict(list)
        for each in self._events:
            found[each.fields["event"]].append(each)
        return dict(found)

    def shapes(self, name: str) -> list[Event]:
        """One event for each set of fields that it was told with."""
        return [*{tuple(sorted(each.fields)): each for each in self.by_name.get(name, [])}.values()]

    def where(self, name: str, **fields: object) -> list[Event]:
        """Events of a name with these fields; None for a field that is absent."""
        return [
            each
            for each in self.by_name.get(name, [])
            if all(each.fields.get(field) == value for field, value in fields.items())
        ]


def recording(folder: Path) -> Recording:
    """Made once for all processes of a test run that share the folder.

    Raises:
        RuntimeError: one of the tests failed; what it told is not to be trusted.
    """
    file = folder / "events.jsonl"
    with (folder / "events.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            _record(folder / "events.part")
            (folder / "events.part").rename(file)
    read = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return Recording([Event(each["line"], each["test"]) for each in read if each["line"].startswith("{")])


def _record(file: Path) -> None:
    file.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "tests.azure_infra.recording", "-p", "no:cacheprovider", *SOURCES]
    done = subprocess.run(  # noqa: S603 - our own tests
        command, cwd=ROOT, env=environment | {FILE: str(file)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the tests that tell the events failed:\n{done.stdout[-4000:]}")
