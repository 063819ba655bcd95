"""Every line that the command, the pages and the workflows give to ``az`` is one that the real ``az`` takes."""

import json
import re
import shlex
import subprocess

import pytest
import yaml

from admin.deploy import commands, destruction
from admin.deploy.deployment import Deployment, Wishes
from admin.deploy.region import ROOT, named

WESTUS2 = named("westus2.prod")
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.md")]
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(az [a-z][^`]*)`")
_WRONG_USE = 2
"""What ``az`` ends with where it does not know a command or an option."""
_GROUPS = {"az afd", "az login"}
"""Named in a sentence: an extension's, and one that would ask a browser."""


def _of_the_command(capsys, tmp_path):
    for stack in (False, True):
        Deployment(region=WESTUS2, wishes=Wishes(stack=stack), work=tmp_path, wait=lambda _: None).dry_run()
    yield from capsys.readouterr().out.splitlines()
    yield from destruction.lines(WESTUS2, ledger="stx", vault="kvx")
    yield commands.line(commands.what_if(WESTUS2, locked=["audit", "insights-logs-auditevent"]))
    yield commands.line(commands.create(WESTUS2, stack=True, locked=["audit"]))


def _of_the_pages():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in _FENCED.findall(text):
            yield from block.replace("\\\n", " ").splitlines()
        yield from (line.replace("\n", " ") for line in _INLINE.findall(_FENCED.sub("", text)))


def _of_the_workflows():
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
        for step in (step for job in jobs for step in job.get("steps", [])):
            yield from step.get("run", "").splitlines()


def _words(line):
    """Placeholders become names."""
    plain = re.sub(r"<[^<>]*>", "x", line.partition("  #")[0])
    return tuple(shlex.split(plain)[1:])


_DRIVER = """
import json, sys
from azure.cli.core import get_default_cli
for words in json.load(sys.stdin):
    try:
        code = get_default_cli().invoke(words, out_file=sys.stderr)
    except SystemExit as ended:
        code = ended.code
    print("\\nended", code, flush=True)
"""


def _ended(az_program, lines):
    """How ``az`` ends with each, in one process of its own."""
    given = json.dumps([list(words) for words in lines])
    command = [az_program.with_name("python"), "-c", _DRIVER]
    done = subprocess.run(command, check=False, input=given, capture_output=True, text=True)  # noqa: S603 - az itself
    return [int(code) for code in re.findall(r"^ended (\d+)$", done.stdout, re.MULTILINE)]


@pytest.fixture
def lines(capsys, tmp_path):
    found = [*_of_the_command(capsys, tmp_path), *_of_the_pages(), *_of_the_workflows()]
    return sorted(
        {_words(line.strip()) for line in found if line.strip().startswith("az ") and line.strip() not in _GROUPS}
    )


def test_each_is_taken(signed_out, az_program, lines):
    """None gets further than to the missing sign-in: what ``az`` refuses before that is a word it does not know."""
    assert len(lines) > 35
    assert [
        " ".join(words) for words, code in zip(lines, _ended(az_program, lines), strict=True) if code == _WRONG_USE
    ] == []


@pytest.mark.parametrize(
    "line",
    [
        "az resource list --resource-group g --expand properties",
        "az afd endpoint show --resource-group g",
        "az stack sub delete --name x --yes",
        "az storage container immutability-policy show --container x",
    ],
)
def test_a_wrong_line_is_not(signed_out, az_program, line):
    """So that the test above shows something."""
    assert _ended(az_program, [_words(line)]) == [_WRONG_USE]
