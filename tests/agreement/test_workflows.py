"""The workflows: pinned, without passwords; the sign-in is spent at once, and nothing ends green that was not done."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
STAMPS = sorted(path.name.removesuffix(".bicepparam") for path in (ROOT / "infra/bicep/regions").glob("*.bicepparam"))
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yml")}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
DEPLOY, STAMP, NIGHTLY = (WORKFLOWS[name]["jobs"] for name in ("deploy", "deploy-stamp", "nightly"))


def _steps(jobs):
    return [step for job in jobs.values() for step in job.get("steps", [])]


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_its_commit(name):
    used = re.findall(r"uses: (?!\./)(\S+)(.*)", TEXTS[name])
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.match(r" # v\d+\.\d+\.\d+", comment), "a person reads versions"


@pytest.mark.parametrize("name", TEXTS)
def test_it_signs_in_without_a_password(name):
    """Only the jobs that need it may ask for the token, and nothing of the repository's secrets is read."""
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    assert "secrets." not in TEXTS[name]
    signing = {"test", "prod", "deploy", "export"}
    for job, body in WORKFLOWS[name]["jobs"].items():
        expected = {"contents": "read", "id-token": "write"} if job in signing else None
        assert body.get("permissions") == expected, job


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_of_the_event_is_pasted_into_a_script(name):
    """A tag's or an input's text would run as a command."""
    scripts = [step["run"] for step in _steps(WORKFLOWS[name]["jobs"]) if "run" in step]
    assert scripts
    assert not any("${{" in script for script in scripts)


@pytest.mark.parametrize("jobs", [STAMP, NIGHTLY], ids=["deploy", "export"])
def test_nothing_comes_between_the_sign_in_and_its_use(jobs):
    """Its assertion lives five minutes; installing and packing come before it."""
    steps = _steps(jobs)
    [login] = [number for number, step in enumerate(steps) if "azure/login" in step.get("uses", "")]
    assert login == len(steps) - 2
    assert ".venv/bin/python -m admin" in steps[-1]["run"]


def test_what_is_deployed_is_what_was_packed():
    runs = [step["run"] for step in _steps(STAMP) if "run" in step]
    assert any("admin package --out app.zip" in run for run in runs)
    assert '.venv/bin/python -m admin deploy "$STAMP" --yes --package app.zip' in runs[-1]


def test_checks_come_first_with_a_compiler_and_the_real_command_line():
    runs = " ".join(step.get("run", "") for step in DEPLOY["check"]["steps"])
    assert runs.index("az bicep install") < runs.index("make check") < runs.index("make azure")
    assert {"check"} <= set(DEPLOY["test"]["needs"]) & set(DEPLOY["prod"]["needs"])


def test_one_stamp_that_fails_keeps_no_other_back():
    for job in (DEPLOY["test"], DEPLOY["prod"], NIGHTLY["export"]):
        assert job["strategy"]["fail-fast"] is False
    assert DEPLOY["prod"]["strategy"]["max-parallel"] == 1


def _told(**results):
    """How the last job ends, by what the others say."""
    [step] = DEPLOY["told"]["steps"]
    environment = {
        "WHICH": "success",
        "CHECK": "success",
        "PATH": os.environ["PATH"],
        "GITHUB_STEP_SUMMARY": os.devnull,
    } | results
    command = ["bash", "-e", "-c", step["run"]]
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode  # noqa: S603 - the workflow's own


@pytest.mark.parametrize(
    ("test", "prod", "red"),
    [
        ('["a.test"] success', '["a.prod"] success', False),
        ("[] skipped", '["a.prod"] success', False),
        ('["a.test"] success', "[] skipped", False),
        ('["a.test"] failure', '["a.prod"] skipped', True),
        ('["a.test"] success', '["a.prod"] failure', True),
        ('["a.test"] success', '["a.prod"] skipped', True),
        ('["a.test"] cancelled', '["a.prod"] cancelled', True),
        (" skipped", " skipped", True),
    ],
)
def test_a_run_that_left_a_stamp_out_is_red(test, prod, red):
    assert DEPLOY["told"]["if"] == "${{ always() }}"
    assert set(DEPLOY["told"]["needs"]) == set(DEPLOY) - {"told"}
    assert (_told(TEST=test, PROD=prod) != 0) is red


def test_a_run_without_checks_is_red():
    assert _told(CHECK="failure", TEST="[] skipped", PROD="[] skipped") != 0


def _which(tmp_path, stamp):
    output = tmp_path / "output"
    output.touch()
    environment = {"GITHUB_OUTPUT": str(output), "STAMP": stamp}
    script = ROOT / ".github/which_stamps.py"
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True, env=environment)  # noqa: S603 - the workflow's own
    lists = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    return done, {name: json.loads(text) for name, text in lists.items()}


def test_all_stamps_the_test_stamps_first(tmp_path):
    done, lists = _which(tmp_path, "")
    assert done.returncode == 0
    assert sorted([*lists["test"], *lists["prod"]]) == lists["all"] == STAMPS
    assert lists["test"]
    assert all(each.endswith(".test") for each in lists["test"])


def test_one_stamp(tmp_path):
    done, lists = _which(tmp_path, "westus2.prod")
    assert (done.returncode, lists) == (0, {"all": ["westus2.prod"], "test": [], "prod": ["westus2.prod"]})


@pytest.mark.parametrize("stamp", ["westus2.prd", "westus2", "prod", "../x", "westus2.prod; ls"])
def test_a_mistyped_stamp_is_red(tmp_path, stamp):
    done, lists = _which(tmp_path, stamp)
    assert (done.returncode, lists) == (1, {})
    assert "There is no stamp" in done.stderr
