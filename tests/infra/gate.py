"""Everything that is demanded of the templates, of the compiler's word on them and of what it makes of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.infra import agreement, alerts, design, grants, names, openness, regions
from tests.infra.bicep import Bicep, Diagnostic, Refused
from tests.infra.committed import NEVER_DEPLOYED, ROOT, TEMPLATES
from tests.infra.stamp import Stamp

EVERY_OPTION: Final = NEVER_DEPLOYED / "every_option.bicepparam"


def of_stamp(stamp: Stamp, folder: Path) -> Iterator[str]:
    """What is wrong with one stamp, whatever its parameters."""
    for part in (design, agreement, names, openness):
        yield from part.problems(stamp)
    yield from alerts.of_stamp(stamp, folder)
    yield from regions.problems(stamp)
    if stamp.name == EVERY_OPTION.stem:
        yield from grants.problems(stamp, folder / "README.md")


def of_template(template: dict[str, Any], folder: Path) -> Iterator[str]:
    """What is wrong with the templates, whatever a stamp is given."""
    yield from design.secrets(template)
    yield from design.unread_versions(template, folder / "README.md")
    yield from agreement.vault_calls()
    yield from alerts.problems(folder)


def words(diagnostics: list[Diagnostic]) -> list[str]:
    """What compiler and linter object to: their warnings count, their hints do not."""
    return [str(each) for each in diagnostics if each.level in {"Error", "Warning"}]


class Copy:
    """A copy of the templates, to write faults into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "infra/bicep"
        left_out = shutil.ignore_patterns("*.snapshot.json", "compiled")
        shutil.copytree(TEMPLATES, self.folder, ignore=left_out)
        self._every_option = folder / EVERY_OPTION.relative_to(ROOT)
        self._every_option.parent.mkdir(parents=True)
        shutil.copy(EVERY_OPTION, self._every_option)

    def change(self, file: str, old: str, new: str) -> None:
        """Put other text into a file."""
        path = self.folder / file
        sound = path.read_text(encoding="utf-8")
        if old not in sound:
            raise ValueError(f"{file} does not say {old!r}")
        path.write_text(sound.replace(old, new), encoding="utf-8")

    def findings(self, compiler: Bicep, changed: str) -> list[str]:
        """What is wrong with it, seen from the stamp with every option on, or from the region that was changed."""
        parameters = self.folder / changed if changed.endswith(".bicepparam") else self._every_option
        built = compiler.build(parameters)
        said = words(built.diagnostics)
        try:
            stamp = Stamp(parameters.stem, compiler.snapshot(parameters), built.parameters)
        except Refused:
            return said
        return [*said, *of_template(built.template, self.folder), *of_stamp(stamp, self.folder)]
