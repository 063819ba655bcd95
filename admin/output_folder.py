"""The folder that a command writes its files to: customers' data, for its owner alone, and nothing outside it."""

import os
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from admin.private_files import create_private, private_folder


class OutputFolder:
    """Files with plain names in one folder; what stood there under such a name is replaced."""

    def __init__(self, path: Path) -> None:
        """Make the folder, where there is none yet.

        Raises:
            WrongUse: it cannot be made.
        """
        self.path = private_folder(path)

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
        return create_private(self.path / name)
