"""Everything that can be said about the templates without a compiler and without Azure."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra import agreement, contracts, design, grants, shapes, syntax
from tests.infra.source import Source

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "infra/bicep"


def findings(folder: Path) -> list[str]:
    """What is wrong with the templates of a folder, one sentence each.

    In three steps, each only after a sound one before it: files that can be read, what stands in them, who may do what.
    """
    sources = {path.resolve(): Source(path) for path in (*folder.rglob("*.bicep"), *folder.rglob("*.bicepparam"))}
    unreadable = [f"{path.name}: {each}" for path, source in sources.items() for each in syntax.unreadable(source)]
    return unreadable or list(_problems(folder, sources)) or list(grants.problems(folder))


def _problems(folder: Path, sources: dict[Path, Source]) -> Iterator[str]:
    for path, source in sources.items():
        for each in (
            *syntax.problems(source),
            *contracts.problems(source, sources),
            *shapes.wrong_names(source),
            *design.of_one(source),
        ):
            yield f"{path.name}: {each}"
    yield from design.of_all({str(path.relative_to(folder.resolve())): source for path, source in sources.items()})
    yield from agreement.problems(folder)
