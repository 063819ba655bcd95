"""Two records side by side."""

from collections.abc import Mapping
from typing import Any

type Record = Mapping[str, Any]


def flat(record: Record, prefix: str = "") -> dict[str, Any]:
    """Every value by its dotted path, as ``biller set`` takes it: ``applications.AR.categoryCode``."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def difference(before: Record, after: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """The paths whose values differ: as they were, and as they are; None for what is not there."""
    was, is_now = flat(before), flat(after)
    paths = [path for path in {**was, **is_now} if was.get(path) != is_now.get(path)]
    return ({path: was.get(path) for path in paths}, {path: is_now.get(path) for path in paths})
