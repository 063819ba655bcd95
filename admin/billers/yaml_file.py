"""Billers as YAML: everything that is set up, nothing secret, and not how far they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from admin.billers.record import STATE, biller_of, shown
from admin.errors import WrongUse
from shared.billers.model import Biller

_MOST_BYTES: Final = 1_000_000
_NOTHING: Final = frozenset({"", "~", "null"})


def written(billers: Sequence[Biller]) -> str:
    """The file's text; how far each biller is stands in comments, for whoever must set it up anew."""
    records = [settings(biller) for biller in billers]
    told = "".join(f"# {', '.join(f'{name} {value}' for name, value in standing(each).items())}\n" for each in billers)
    return told + yaml.safe_dump(records, sort_keys=False, allow_unicode=True, width=120)


def standing(biller: Biller) -> dict[str, Any]:
    """How far a biller is: what no file brings back, and whoever sets it up anew must know."""
    told = shown(biller)
    return {name: told[name] for name in ("billerId", "mode", "goLiveAt", "paused") if name in told}


def settings(biller: Biller) -> dict[str, Any]:
    """A record without how far the biller is."""
    return {name: value for name, value in shown(biller).items() if name not in STATE}


def read(path: Path) -> list[Biller]:
    """Every biller of a file, as drafts.

    Raises:
        WrongUse: naming the file and what is wrong in it.
    """
    found = _parsed(path)
    records = found if isinstance(found, list) else [found]
    billers = [_biller(path, position, record) for position, record in enumerate(records, start=1)]
    ids = [biller.biller_id for biller in billers]
    for biller_id in ids:
        if ids.count(biller_id) > 1:
            raise WrongUse(f"{path}: biller {biller_id} is there twice.")
    return billers


def _parsed(path: Path) -> object:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise WrongUse(f"{path} is larger than a file of billers.")
        # All scalars stay text: as numbers, codes would lose their leading zeros.
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds plain text only
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise WrongUse(f"{path}{place}: this is not YAML.") from None


def _biller(path: Path, position: int, record: object) -> Biller:
    source = f"{path}, biller {position}"
    if not isinstance(record, dict):
        raise WrongUse(f"{source}: a biller is a list of `name: value` lines.")
    stateful = sorted(STATE & record.keys())
    if stateful:
        raise WrongUse(f"{source}: {stateful[0]} is not imported; commands of their own change it.")
    return biller_of(_without_nothing(record), source)


def _without_nothing(record: dict[str, Any]) -> dict[str, Any]:
    kept = {name: _without_nothing(value) if isinstance(value, dict) else value for name, value in record.items()}
    return {name: value for name, value in kept.items() if not isinstance(value, str) or value not in _NOTHING}
