"""``make test-fast`` starts no service and leaves out only what is marked; ``make test`` leaves out nothing."""

import re
import subprocess
import sys

import pytest

from tests.agreement.names import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
STARTS = """
from pathlib import Path
from local.processes import Child

def test_it(tmp_path):
    with Child("sleeper", ["sleep", "60"], log=tmp_path / "log"):
        pass
"""


def recipe(target):
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]


def test_every_test_is_every_test():
    assert " -m " not in recipe("test").replace("-m pytest", "")
    assert '-m "not slow"' in recipe("test-fast")
    assert recipe("check").splitlines()[-1].endswith(" test")


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "code"), [(["-m", "not slow"], 1), ([], 0)])
def test_a_quick_test_that_starts_a_service_fails(tmp_path, chosen, code):
    (tmp_path / "test_one.py").write_text(STARTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", tmp_path / "pytest.ini", *chosen, tmp_path]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - fixed words
    assert done.returncode == code, done.stdout
    assert ("a test that starts a service is marked slow" in done.stdout) is (code == 1)
