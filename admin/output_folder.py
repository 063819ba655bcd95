"""The folder that a command writes its files to: customers' data, for its owner alone, and nothing outside it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from admin.errors import WrongUse


class OutputFolder:
    """Files with plain names in one folder; what stood there under such a name is replaced."""

    def __init__(self, path: Path) -> None:
        """Make the folder, where there is none yet.

        Raises:
            WrongUse: it cannot be made.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WrongUse(f"The folder {path} cannot be made: {error.strerror}.") from None
        self.path = path

    def text(self, name: str) -> TextIO:
        """A new file of UTF-8 text; line ends stay as they are written."""
        return cast("TextIO", os.fdopen(self._create(name), "w", encoding="utf-8", newline=""))

    def binary(self, name: str) -> BinaryIO:
        """A new file of bytes."""
        return cast("BinaryIO", os.fdopen(self._create(name), "wb"))

    def write(self, name: str, text: str) -> Path:
        """A new file with this text; answers with its path."""
        with self.text(name) as file:
            file.write(text)
        return self.path / name

    def _create(self, name: str) -> int:
        if Path(name).name != name or name in {"", ".", ".."}:
            raise ValueError("a plain file name is needed")
        path = self.path / name
        try:
            # A link left there would lead the writing elsewhere, so whatever has the name goes first.
            with suppress(FileNotFoundError):
                path.unlink()
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise WrongUse(f"{path} cannot be written: {error.strerror}.") from None
