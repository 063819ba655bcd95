"""Bicep's own compiler, linter and formatter over the templates, and what they make of them against what is committed."""

import json
import shutil

import pytest

from tests.infra import names
from tests.infra.committed import COMPILED, TEMPLATES, compiled, parameters_of, regions, snapshot_of, stamps
from tests.infra.gate import words
from tests.infra.stamp import Stamp

STAMPS = stamps()
FILES = [*sorted(TEMPLATES.rglob("*.bicep")), *STAMPS]


def test_compiler_and_linter_have_nothing_to_say(compiler):
    assert words(compiler.diagnostics(TEMPLATES / "main.bicep")) == []


@pytest.mark.parametrize("path", STAMPS, ids=[path.stem for path in STAMPS])
def test_nor_of_any_stamp(compiler, path):
    assert words(compiler.diagnostics(path)) == []


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_each_file_is_written_as_the_formatter_writes_it(compiler, path):
    assert compiler.formatted(path) == path.read_text(encoding="utf-8")


def test_what_is_compiled_is_committed(compiler):
    """``make templates`` writes it."""
    assert compiled(compiler) == json.loads(COMPILED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", STAMPS, ids=[path.stem for path in STAMPS])
def test_each_stamp_is_committed_as_it_would_be_deployed(compiler, path):
    assert compiler.build(path).parameters == json.loads(parameters_of(path).read_text(encoding="utf-8"))
    assert compiler.snapshot(path) == json.loads(snapshot_of(path).read_text(encoding="utf-8"))


def test_names_hold_in_the_region_with_the_longest_name(compiler, tmp_path):
    region = "germanywestcentral"
    shutil.copytree(TEMPLATES, tmp_path / "bicep")
    parameters = tmp_path / "bicep/regions" / f"{region}.test.bicepparam"
    given = regions()[0].read_text(encoding="utf-8")
    parameters.write_text(
        given.replace("'eastus2'", f"'{region}'").replace("'prod'", "'test'") + "\nparam vnetEnabled = true\n",
        encoding="utf-8",
    )
    stamp = Stamp(parameters.stem, compiler.snapshot(parameters), compiler.build(parameters).parameters)
    assert region in stamp.outputs["resourceGroupName"]
    assert list(names.problems(stamp)) == []
