"""One running stack for every test of the command line: give each test a biller of its own."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from admin.__main__ import main
from admin.options import PROFILES, Options, use
from local.stack import Stack
from shared.billers.model import Biller
from tests.payments.world import NEWPORT

_numbers = count(700_001)


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("stack") / "state"


@pytest.fixture(scope="session")
def stack(state) -> Iterator[Stack]:
    # What a command changes is seen by the functions with the next message.
    at_once = {"BILLER_CACHE_SECONDS": "0", "KEY_CACHE_SECONDS": "0"}
    with Stack(state, [Biller.model_validate(NEWPORT)], settings=at_once) as running:
        yield running


@pytest.fixture
def run(capsys, monkeypatch, tmp_path) -> Iterator[Callable[..., Said]]:
    """Runs a command in this process, with ``typed`` as its standard input."""
    monkeypatch.setenv(PROFILES, str(tmp_path / "stamps.toml"))
    monkeypatch.delenv("ICADMIN_STAMP", raising=False)

    def command(*arguments, typed="") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield command
    use(Options())


@pytest.fixture
def icadmin(run, stack, state) -> Callable[..., Said]:
    """Runs a command at the stack."""
    assert stack.functions_url
    return lambda *arguments, typed="": run("--local", "--local-state", state, *arguments, typed=typed)


@pytest.fixture
def bid() -> str:
    """A biller id that no other test uses."""
    return str(next(_numbers))
