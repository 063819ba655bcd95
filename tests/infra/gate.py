"""Everything that can be said about the templates without a compiler and without Azure."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra import agreement, contracts, design, grants, shapes, syntax
from tests.infra.source import Source

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "infra/bicep"
_SEEN: dict[tuple[str, str], tuple[str, ...]] = {}


def findings(folder: Path) -> list[str]:
    """What is wrong with the templates of a folder, one sentence each.

    In three steps, each only after a sound one before it: files that can be read, what stands in them, who may do what.
    """
    sources = {path.resolve(): Source(path) for path in (*folder.rglob("*.bicep"), *folder.rglob("*.bicepparam"))}
    unreadable = [f"{path.name}: {each}" for path, source in sources.items() for each in syntax.unreadable(source)]
    return unreadable or list(_problems(folder, sources)) or list(grants.problems(folder))


def _of_one(source: Source) -> tuple[str, ...]:
    """What its own text shows; worked out once for each text, as most copies of a file are alike."""
    known = source.path.name, source.text
    if known not in _SEEN:
        _SEEN[known] = (*syntax.problems(source), *shapes.wrong_names(source), *design.of_one(source))
    return _SEEN[known]


def _problems(folder: Path, sources: dict[Path, Source]) -> Iterator[str]:
    for path, source in sources.items():
        for each in (*_of_one(source), *contracts.problems(source, sources)):
            yield f"{path.name}: {each}"
    yield from design.of_all({str(path.relative_to(folder.resolve())): source for path, source in sources.items()})
    yield from agreement.problems(folder)
