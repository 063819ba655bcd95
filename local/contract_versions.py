"""The contract's versions: what its documents demand and promise, without their words, one file each, never edited.

``python -m local.contracts keep 1.1`` adds one.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

REASON_CODES: Final = "reason-codes"
"""Under this name stands the list of reason codes, which no schema has."""

_VERSION: Final = re.compile(r"[1-9][0-9]*\.(0|[1-9][0-9]*)", re.ASCII)
_WORDS: Final = {"$schema", "title", "description", "examples", "summary", "info", "servers"}
_BY_NAME: Final = {"properties", "$defs", "schemas", "securitySchemes", "headers", "paths"}
"""Whose keys are names of fields and the like: a field may be called ``title``."""


def kept(folder: Path) -> dict[str, dict[str, Any]]:
    """Every kept version by its number, oldest first."""
    found = sorted((each for each in folder.glob("*.json") if _VERSION.fullmatch(each.stem)), key=_order)
    return {each.stem: json.loads(each.read_text(encoding="utf-8")) for each in found}


def as_kept(documents: Mapping[str, str], reasons: list[str]) -> dict[str, Any]:
    """What a version keeps of the generated documents: the JSON ones without words, and the reason codes."""
    schemas = {name: bare(json.loads(text)) for name, text in documents.items() if name.endswith(".json")}
    return {**schemas, REASON_CODES: reasons}


def keep(folder: Path, version: str, content: Mapping[str, Any]) -> None:
    """Write a version.

    Raises:
        ValueError: no version number, or one that is kept already: what was promised is not rewritten.
    """
    place = folder / f"{version}.json"
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version} is no version such as 1.1")
    if place.exists():
        raise ValueError(f"version {version} is kept already and is never rewritten: take the next number")
    place.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def bare(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A schema or OpenAPI document without what only explains."""
    if isinstance(node, list):
        return [bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _under(key, value) for key, value in node.items() if key not in _WORDS}


def _under(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if key in _BY_NAME and isinstance(value, dict):
        return {name: bare(each) for name, each in value.items()}
    return value if key in {"default", "enum", "const"} else bare(value)


def _order(file: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in file.stem.split("."))
