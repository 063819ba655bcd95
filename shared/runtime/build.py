"""Which package this code came in: what its builder wrote beside ``function_app.py``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

FILE: Final = "build.json"
"""In the package's root; a checkout has none."""
_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Build:
    """One package."""

    version: str
    """Of the project: ``0.1.0``."""
    digest: str
    """SHA-256, as hex, over the names and the bytes of all other files of the package."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From the file's text, or from an answer that repeats it; None where it names no package."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        version, digest = (found.get(name) if isinstance(found, dict) else None for name in ("version", "digest"))
        return cls(version, digest) if isinstance(version, str) and isinstance(digest, str) else None

    @property
    def text(self) -> str:
        """As the file holds it."""
        return json.dumps({"version": self.version, "digest": self.digest}, indent=2) + "\n"

    def __str__(self) -> str:
        """As a person reads it."""
        return f"version {self.version}, {self.digest[:12]}"


def running(folder: Path = _ROOT) -> Build | None:
    """The package that this process runs; None in a checkout."""
    try:
        return Build.parse((folder / FILE).read_text(encoding="utf-8"))
    except OSError:
        return None
