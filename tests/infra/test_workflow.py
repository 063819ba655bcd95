"""The workflow that deploys on a tag: pinned, without passwords, for every stamp."""

import re

import yaml

from tests.infra.committed import ROOT, TEMPLATES

TEXT = (ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
DEPLOY = WORKFLOW["jobs"]["deploy"]


def test_every_action_is_pinned_by_its_commit():
    used = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert len(used) > 4
    for action, comment in used:
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), "a person reads versions"


def test_it_signs_in_without_a_password():
    """Only the job that deploys may ask for the token, and nothing of the repository's secrets is read."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert DEPLOY["permissions"] == {"contents": "read", "id-token": "write"}
    assert "permissions" not in WORKFLOW["jobs"]["check"]
    assert "secrets." not in TEXT


def test_it_deploys_every_stamp_one_by_one_the_test_stamp_first():
    stamps = DEPLOY["strategy"]["matrix"]["stamp"]
    assert sorted(stamps) == sorted(each.stem for each in (TEMPLATES / "regions").glob("*.bicepparam"))
    assert stamps[0].endswith(".test")
    assert DEPLOY["strategy"]["max-parallel"] == 1
    assert DEPLOY["needs"] == "check"


def test_nothing_of_the_event_is_pasted_into_a_script():
    """A tag's or an input's text would run as a command."""
    scripts = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert not any("${{" in script for script in scripts)
    assert any('python -m admin deploy "$STAMP" --yes' in script for script in scripts)
