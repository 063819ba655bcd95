"""What the demo shows beside the payments; its report keeps it under ``after``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rich.table import Table


class Part(Protocol):
    """One of these things, done and looked at."""

    @property
    def disagreements(self) -> list[str]:
        """A sentence for each thing that does not fit; empty when all is well."""
        ...

    def report(self) -> Any:  # noqa: ANN401 - any JSON value
        """Its part of the report."""
        ...

    def table(self) -> Table:
        """What a person sees of it."""
        ...


@dataclass(frozen=True)
class After:
    """All parts, by their keys in the report, in the order in which they were done."""

    parts: Mapping[str, Part]

    @property
    def disagreements(self) -> list[str]:
        """Those of all parts."""
        return [sentence for part in self.parts.values() for sentence in part.disagreements]

    def report(self) -> dict[str, Any]:
        """Every part as JSON."""
        return {key: part.report() for key, part in self.parts.items()}

    def tables(self) -> Iterator[Table]:
        """One of each part."""
        for part in self.parts.values():
            yield part.table()
