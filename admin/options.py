"""What is said about every command alike: which stamp, and how to answer."""

import os
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCAL_STATE: Final = ROOT / "local/.state"
PROFILES: Final = "ICADMIN_PROFILES"
"""Environment variable that names the file of profiles."""

_FLAGS: Final = frozenset({"--local", "--json"})
_WITH_VALUE: Final = frozenset({"--local-state", "--stamp", "--profiles"})


@dataclass(frozen=True, slots=True)
class Options:
    """The options before the command. Without ``local`` and ``stamp`` there is no stamp to work at."""

    local: bool = False
    local_state: Path = LOCAL_STATE
    stamp: str | None = None
    profiles: Path | None = None
    as_json: bool = False

    @property
    def profiles_file(self) -> Path:
        """Where stamps are named: by option, by environment, or in the user's own configuration."""
        named = self.profiles or os.environ.get(PROFILES)
        return Path(named) if named else Path.home() / ".config/icadmin/stamps.toml"


_given: ContextVar[Options] = ContextVar("options", default=Options())  # noqa: B039 - Options are frozen


def options() -> Options:
    """The options of the command that runs."""
    return _given.get()


def use(given: Options) -> None:
    """Work with these options from here on."""
    _given.set(given)


def to_the_front(arguments: Sequence[str]) -> list[str]:
    """The arguments with these options first, wherever they were written; what follows ``--`` stays as it is."""
    front: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            rest += [argument, *left]
            break
        if argument in _FLAGS or (argument.partition("=")[0] in _WITH_VALUE and "=" in argument):
            front.append(argument)
        elif argument in _WITH_VALUE:
            front += [argument, *left[:1]]
            del left[:1]
        else:
            rest.append(argument)
    return [*front, *rest]
