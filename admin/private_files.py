"""Files that only the person who runs the command can read."""

import os
from pathlib import Path
from typing import Final

from admin.errors import WrongUse

_FILE: Final = 0o600
_FOLDER: Final = 0o700


def private_folder(path: Path) -> Path:
    """The folder, made if it is not there; one that is there keeps its mode.

    Raises:
        WrongUse: it cannot be made.
    """
    try:
        path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"{path} cannot be used as a folder: {error.strerror}.") from None
    return path


def create_private(path: Path) -> int:
    """A descriptor of a new file in the place of what has its name, a link included.

    Raises:
        WrongUse: it cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror}.") from None


def write_private(path: Path, data: bytes) -> None:
    """Replace the file; readable by its owner only, also where it was there before.

    Raises:
        WrongUse: it cannot be written.
    """
    try:
        with os.fdopen(create_private(path), "wb") as file:
            file.write(data)
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror}.") from None
