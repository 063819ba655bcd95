"""Small files that only their owner may read, each replaced as a whole: a crash leaves the old or the new one."""

import json
import os
from pathlib import Path
from typing import Any

_OWNER_ONLY = 0o600


def write_private(path: Path, data: bytes) -> None:
    """Replace the file's content; mode 0600 from its first byte."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_private_json(path: Path, content: object) -> None:
    write_private(path, json.dumps(content, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """The file's JSON object; empty when there is no file yet."""
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content
