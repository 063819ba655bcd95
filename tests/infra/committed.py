"""What the compiler makes of the templates, as it is committed: ARM's JSON, and the resources of each stamp.

``make templates`` writes it. The digests of the sources stand beside it, so that a stale file fails where no compiler is.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.infra.bicep import NONE_FOUND, ROOT, Bicep, Refused, found

TEMPLATES: Final = ROOT / "infra/bicep"
COMPILED: Final = TEMPLATES / "compiled/main.json"
DIGESTS: Final = TEMPLATES / "compiled/digests.json"
NEVER_DEPLOYED: Final = ROOT / "tests/infra"
"""Where the stamps are whose parameters are for tests alone: every option on, and closed to everybody."""


def stamps() -> list[Path]:
    """The parameter files of all stamps."""
    return [*regions(), *sorted(NEVER_DEPLOYED.glob("*.bicepparam"))]


def regions() -> list[Path]:
    """Of those that are deployed."""
    return sorted((TEMPLATES / "regions").glob("*.bicepparam"))


def snapshot_of(parameters: Path) -> Path:
    """Where the resources of a stamp are committed."""
    return parameters.with_suffix(".snapshot.json")


def parameters_of(parameters: Path) -> Path:
    """Where what a stamp is given is committed, as ARM's JSON."""
    return COMPILED.with_name(f"{parameters.stem}.parameters.json")


def sources() -> list[Path]:
    """Everything that the compiler reads."""
    loaded = [TEMPLATES / name for name in ("alerts.json", "workbook.json", "bicepconfig.json")]
    return [*sorted(TEMPLATES.rglob("*.bicep")), *loaded, *stamps()]


def made() -> list[Path]:
    return [COMPILED, *map(parameters_of, stamps()), *map(snapshot_of, stamps())]


def digests() -> dict[str, dict[str, str]]:
    """Of the files as they are, by their paths from the project's root."""
    return {"sources": _digests(sources()), "made": _digests(made())}


def stale() -> Iterator[str]:
    """What was not written again after a change."""
    known = json.loads(DIGESTS.read_text(encoding="utf-8"))
    for what, files in digests().items():
        for name in sorted(known[what].keys() | files.keys()):
            if known[what].get(name) != files.get(name):
                yield f"{name} is not what it was when the templates were compiled: run `make templates`"


def compiled(compiler: Bicep) -> dict[str, Any]:
    """ARM's JSON, without the compiler's signatures: another version of it signs otherwise."""
    return _unsigned(compiler.compile(TEMPLATES / "main.bicep"))


def write(compiler: Bicep) -> None:
    """Write everything.

    Raises:
        Refused: there are errors.
    """
    COMPILED.parent.mkdir(exist_ok=True)
    _write(COMPILED, compiled(compiler))
    for parameters in stamps():
        _write(parameters_of(parameters), compiler.build(parameters).parameters)
        _write(snapshot_of(parameters), compiler.snapshot(parameters))
    _write(DIGESTS, {"compiler": compiler.version(), **digests()})


def _unsigned(part: Any) -> Any:
    match part:
        case dict():
            return {name: _unsigned(inner) for name, inner in part.items() if name != "_generator"}
        case list():
            return [_unsigned(each) for each in part]
        case _:
            return part


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _digests(files: list[Path]) -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def main() -> None:
    program = found()
    if program is None:
        sys.exit(f"The templates were not compiled: {NONE_FOUND}.")
    with Bicep(program) as compiler:
        try:
            write(compiler)
        except Refused as refused:
            sys.exit(str(refused))
        print(f"Compiled with Bicep {compiler.version()}.")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
