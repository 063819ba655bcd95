"""Bicep's own compiler over the templates, where one is found: ``bicep`` on the path, or the Azure command line's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.gate import TEMPLATES

BESIDE_AZ = Path(os.environ.get("HOME", ""), ".azure/bin/bicep")
BICEP = shutil.which("bicep") or (str(BESIDE_AZ) if BESIDE_AZ.is_file() else None)
REGIONS = sorted((TEMPLATES / "regions").glob("*.bicepparam"))

pytestmark = pytest.mark.skipif(BICEP is None, reason="no Bicep compiler here; the gate of test_gate.py is not one")


def _bicep(*arguments):
    return subprocess.run([BICEP, *map(str, arguments)], check=False, capture_output=True, text=True)  # noqa: S603


def test_the_templates_compile():
    done = _bicep("build", TEMPLATES / "main.bicep", "--stdout")
    assert done.returncode == 0, done.stderr


def test_the_linter_has_nothing_to_say():
    done = _bicep("lint", TEMPLATES / "main.bicep")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", REGIONS, ids=[path.stem for path in REGIONS])
def test_every_region_compiles(path):
    done = _bicep("build-params", path, "--stdout")
    assert done.returncode == 0, done.stderr
