"""The zip that is published: the app's own files, and its dependencies from the hash-pinned lock."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from admin.deploy.region import ROOT
from admin.errors import WrongUse
from shared.runtime import build as runtime_build
from shared.runtime.build import Build

PYTHON: Final = "3.13"
"""Of the app; the templates say the same."""
VENDORED: Final = ".python_packages/lib/site-packages"
"""Where the platform looks for dependencies that were not built there."""
_PLATFORM: Final = "x86_64-manylinux_2_28"
_FILES: Final = ("function_app.py", "host.json", "requirements.txt")
_FOLDERS: Final = ("functions", "shared")
_SHIPPED: Final = frozenset({".py", ".graphql", ".typed"})
# The host cannot read files without permissions: it then finds no functions, and no error either.
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

_INDEX: Final = """
import json, sys
sys.path[:0] = sys.argv[1:]
from function_app import app
print(json.dumps(sorted(each.get_function_name() for each in app.get_functions())))
"""


def install_command(target: Path) -> list[str]:
    """For the Python and the Linux of the app, whatever this machine runs; only wheels, only with their hash."""
    return [
        *(_uv(), "pip", "install", "--quiet", "--target", str(target)),
        *("--python-version", PYTHON, "--python-platform", _PLATFORM),
        *("--only-binary", ":all:", "--require-hashes", "-r", "requirements.txt"),
    ]


def _uv() -> str:
    """The installer that ``make setup`` brings, or the machine's own."""
    return shutil.which("uv", path=ROOT / ".tools/bin") or shutil.which("uv") or "uv"


def build(work: Path) -> Path:
    """Make ``package.zip`` in the folder ``work``; the same inputs give the same bytes.

    Raises:
        WrongUse: a dependency could not be installed.
    """
    vendored = work / "vendored"
    _run(install_command(vendored), "The dependencies could not be installed")
    files = {name: source.read_bytes() for source, name in (*_own(), *_dependencies(vendored))}
    built = Build(_version(), _content_digest(files.items()))
    files[runtime_build.FILE] = built.text.encode()
    path = work / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _READABLE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def _version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def _content_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """Of names and contents, whatever order or compression the archive has."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def identity(package: Path) -> Build:
    """Which package a zip says that it is.

    Raises:
        WrongUse: it is no zip, says nothing, or its content is another than it says.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        raise WrongUse(f"{package} is not a zip file that can be read.") from None
    said = Build.parse(files.pop(runtime_build.FILE, b"").decode(errors="replace"))
    if said is None:
        raise WrongUse(f"{package} does not say which package it is: `icadmin package` builds one that does.")
    if said.digest != _content_digest(files.items()):
        raise WrongUse(f"{package} was changed after it was built: its content is not what it says.")
    return said


def _own() -> Iterator[tuple[Path, str]]:
    paths = [ROOT / name for name in _FILES]
    paths += [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in _SHIPPED]
    yield from ((path, path.relative_to(ROOT).as_posix()) for path in paths)


def _dependencies(vendored: Path) -> Iterator[tuple[Path, str]]:
    for path in vendored.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and vendored / "bin" not in path.parents:
            yield path, f"{VENDORED}/{path.relative_to(vendored).as_posix()}"


def index(package: Path, work: Path) -> list[str]:
    """Names of the functions that a package holds, found with nothing but what is in it.

    Raises:
        WrongUse: it cannot be loaded: on Azure it would have no functions at all.
    """
    unpacked = work / "unpacked"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(unpacked)
    # Without site packages (-S) and without this folder (-I): nothing of this machine helps out.
    alone = [sys.executable, "-I", "-S", "-c", _INDEX, str(unpacked), str(unpacked / VENDORED)]
    printed = _run(alone, f"The package cannot be loaded (build it on Linux with Python {PYTHON})")
    names: list[str] = json.loads(printed)
    return names


def _run(command: list[str], trouble: str) -> str:
    # Networks with a proxy of their own need the machine's certificates, and the installer does not look by itself.
    environment = {"UV_SYSTEM_CERTS": "true"} | os.environ
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment
        )
    except OSError:
        raise WrongUse(f"{trouble}: {command[0]} is missing; `make setup` installs it.") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise WrongUse(f"{trouble}: {lines[-1][:300] if lines else 'no reason was given'}.")
    return done.stdout
