"""What several end-to-end tests look at: the local stack after the samples have gone through it."""

import json
from types import SimpleNamespace

import pytest

from local.billers_file import read_billers
from local.demo import run_demo
from local.processes import ROOT
from local.stack import Stack
from shared.billers.model import Biller

SAMPLES = ROOT / "local/samples"
MARKUP = "<script>document.title='taken'</script><b onclick=\"x\">Bold City</b> & 'Sons'"
NASTY = Biller(biller_id="777000", name=MARKUP, time_zone="America/Denver")


@pytest.fixture(scope="session")
def after_demo(tmp_path_factory):
    """The running stack's URL, what its demo reported, and what was expected of each line."""
    folder = tmp_path_factory.mktemp("console")
    lines = (SAMPLES / "payments.jsonl").read_text().rstrip("\n").split("\n")
    billers = [*read_billers(SAMPLES / "billers.json"), NASTY]
    with Stack(folder / "state", billers, lines) as stack:
        run_demo(stack, lines, folder / "report.json")
        report = json.loads((folder / "report.json").read_text())
        yield SimpleNamespace(url=stack.functions_url, report=report, billers=billers, lines=lines)
