"""Files that only the user can read."""

import os
from pathlib import Path
from typing import Final

from admin.errors import WrongUse

_ONLY_ME: Final = 0o600


def write_private(path: Path, text: str) -> None:
    """Write a new file, or replace one.

    Raises:
        WrongUse: it cannot be written.
    """
    try:
        path.unlink(missing_ok=True)  # an older one may be open to others
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_ME), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror}.") from None
