"""Bicep's compiler for ``az``: the real one where this machine has it, otherwise one that says what is committed."""

import sys
from pathlib import Path
from typing import Final

from admin.deploy.region import TEMPLATES

COMPILED: Final = TEMPLATES / "compiled"
"""``main.json``, and ``<stamp>.parameters.json`` of each stamp; held equal to their sources by ``tests/infra``."""

_COMMITTED: Final = """
import json, os, pathlib, sys
folder, words = pathlib.Path({folder!r}), sys.argv[1:]
template = (folder / "main.json").read_text(encoding="utf-8")
if words == ["--version"]:
    print("Bicep CLI version 0.49.2 (what is committed)")
elif words[0] == "build" and "--stdout" in words and pathlib.Path(words[-1]).name == "main.bicep":
    print(template)
elif words[0] == "build-params" and "--stdout" in words:
    stamp = pathlib.Path(words[1]).name.removesuffix(".bicepparam")
    found = json.loads((folder / (stamp + ".parameters.json")).read_text(encoding="utf-8"))
    given = json.loads(os.environ.get("BICEP_PARAMETERS_OVERRIDES", "{{}}"))
    found["parameters"] |= {{name: {{"value": value}} for name, value in given.items()}}
    print(json.dumps({{"templateJson": template, "parametersJson": json.dumps(found), "templateSpecId": None}}))
else:
    sys.exit("the committed templates cannot answer " + " ".join(words))
"""


def real_program(folder: Path, compiler: Path) -> Path:
    """A folder with the real compiler as ``bicep``; it needs no library for other languages than English."""
    return _program(folder, f'#!/bin/sh\nDOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 exec "{compiler}" "$@"\n')


def committed_program(folder: Path) -> Path:
    """A folder with a program ``bicep`` that gives ``az`` the committed templates, and compiles nothing."""
    return _program(folder, f"#!{sys.executable}\n{_COMMITTED.format(folder=str(COMPILED))}")


def _program(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "bicep"
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    return folder
